// Writes docs/reference/ and the README's table of requests again from the tables in the source. Tests compare the pages with those tables.
// Two tables are made from the source itself and compiled first: the codes of each request, and its examples.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import './closed-pipe.mjs'

/** @returns whether the file has changed */
async function rewrite(path, source) {
  const formatted = await format(source, { ...(await resolveConfig(path)), filepath: path })
  if (formatted === readFileSync(path, 'utf8')) return false
  writeFileSync(path, formatted)
  console.log(path)
  return true
}

function build() {
  const { status } = spawnSync(process.execPath, [join('scripts', 'build.mjs')], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

const refusals = join('rpc', 'refusals.ts')
const { renderRefusals, scanRefusals } = await import(new URL('../dist/test/rpc/refusal-scan.js', import.meta.url))
if (await rewrite(refusals, renderRefusals(scanRefusals()))) build()

const examples = join('rpc', 'request-examples.ts')
const { renderExamples, scanExamples } = await import(new URL('../dist/test/rpc/example-scan.js', import.meta.url))
if (await rewrite(examples, renderExamples(await scanExamples()))) build()

const pages = [
  { page: 'options.md', from: 'server/options-pages', render: 'renderOptionsReference' },
  { page: 'topics.md', from: 'topics/index', render: 'renderTopicsReference' },
  { page: 'records.md', from: 'protocol/index', render: 'renderRecordsReference' },
  { page: 'errors.md', from: 'protocol/index', render: 'renderErrorsReference' },
  { page: 'requests.md', from: 'rpc/requests-reference', render: 'renderRequestsReference' },
]

const folder = join('docs', 'reference')
mkdirSync(folder, { recursive: true })
for (const { page, from, render } of pages) {
  const source = await import(new URL(`../dist/${from}.js`, import.meta.url))
  writeFileSync(join(folder, page), source[render]())
  console.log(join(folder, page))
}

const { withRequestsTable } = await import(new URL('../dist/rpc/requests-reference.js', import.meta.url))
writeFileSync('README.md', withRequestsTable(readFileSync('README.md', 'utf8')))
console.log('README.md')
