/**
 * The rings: imports point only towards the data. Each entry is a folder and the folders it may import, always through their
 * index.ts. `store-contract` is store/contract.ts alone: what decisions may know of the store.
 */
const data = ['clock', 'failures', 'topics', 'protocol']
const decisions = [...data, 'acl', 'store-contract']
const effects = [...decisions, 'rpc']
const rings = {
  clock: [],
  failures: [],
  topics: [],
  tinode: [],
  protocol: ['topics'],
  cadmium: ['topics', 'protocol'],
  acl: data,
  'store-contract': [...data, 'acl'],
  rpc: decisions,
  store: effects,
  delivery: effects,
  broker: [...effects, 'delivery'],
  gateway: [...effects, 'cadmium', 'delivery', 'broker'],
  cluster: effects,
  providers: effects,
  files: effects,
  server: [...effects, 'cadmium', 'store', 'delivery', 'broker', 'gateway', 'cluster', 'providers', 'files'],
  cli: [...effects, 'cadmium', 'store', 'delivery', 'broker', 'gateway', 'cluster', 'providers', 'files', 'server'],
}

const ours = `^(${Object.keys(rings)
  .filter((folder) => folder !== 'store-contract')
  .join('|')})/`
/** What stands beside the product, and is not shipped. */
const beside = '^(test|bench|scripts|docs|deploy)/'
const contract = '^store/contract\\.ts$'
const inside = (folder) => (folder === 'store-contract' ? contract : `^${folder}/`)

function ring([folder, may]) {
  const own = folder === 'store-contract' ? contract : inside(folder)
  return {
    name: `ring-${folder}`,
    comment: `${folder} may import only: ${may.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: inside(folder), ...(folder === 'store' ? { pathNot: contract } : {}) },
    to: { path: ours, pathNot: [own, ...may.map(inside)] },
  }
}

function library(name, folder) {
  return {
    name: `only-${folder.replace('/', '-')}-knows-${name}`,
    severity: 'error',
    from: { path: ours, pathNot: `^${folder}/` },
    to: { path: `node_modules/${name}/` },
  }
}

module.exports = {
  forbidden: [
    ...Object.entries(rings).map(ring),
    { name: 'no-cycle', severity: 'error', from: { path: ours }, to: { circular: true } },
    {
      name: 'one-door',
      comment: "a folder is imported through its index.ts; the store's contract is the one exception",
      severity: 'error',
      from: { path: ours },
      to: { path: ours, pathNot: ['^$1/', '^[^/]+/index\\.ts$', contract] },
    },
    {
      name: 'known-folder',
      comment: 'a new folder takes its place among the rings',
      severity: 'error',
      from: { path: ours },
      to: { pathNot: [ours, beside], dependencyTypes: ['local'] },
    },
    { name: 'product-is-alone', severity: 'error', from: { path: ours }, to: { path: beside } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'shipped-dependencies',
      comment: 'what the product runs on is in dependencies',
      severity: 'error',
      from: { path: ours },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'command-loads-late',
      comment: '`nynja --help` is answered at once: what a command needs is imported when the command is given',
      severity: 'error',
      from: { path: '^cli/main\\.ts$' },
      to: {
        path: [ours, '^node_modules/'],
        pathNot: '^(cli/(closed-pipe|complaint|stickers|test-code)\\.ts|node_modules/commander/)',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    library('aedes', 'broker'),
    library('lmdb', 'store/lmdb'),
    library('@aws-sdk/client-s3', 'files'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}
