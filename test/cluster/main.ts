/** Entry of `npm run faults`: the long run of the faults that clusters are put through, and its page. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { surroundings } from '../../bench/machine.js'
import { versionOf } from '../../bench/peers/program.js'
import { newSeeded } from '../faults/seeded.js'
import { type ChatFault, killNodes, killRedis, loseLink, restartInTurn, stopRedis } from './chat-faults.js'
import { type ChatWorld, type ChatWorldOptions, conclude, startChatWorld } from './chat-world.js'
import { startCluster } from './cluster.js'
import { raceConnections, type RaceVerdict } from './races.js'
import { killBareRedis } from './redis-loss.js'
import { type Course, renderReport, type Stretch } from './report.js'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    races: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '20' },
    page: { type: 'string', default: 'docs/reference/cluster-faults.md' },
  },
})
const messages = Number(values.messages)
const beginning = Date.now()

function tell(line: string): void {
  process.stdout.write(`${((Date.now() - beginning) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`)
}

const tellMs = 10_000
/** A stretch that goes on for longer has come to a standstill. */
const patienceMs = 900_000

async function runCourse(title: string, faults: readonly ChatFault[], options: Omit<ChatWorldOptions, 'citizens'>): Promise<Course> {
  tell(`${title}: starts`)
  const world = await startChatWorld({ citizens: 20, ...options })
  const stretches: Stretch[] = []
  try {
    for (const fault of faults) stretches.push(await runStretch(fault, world))
    tell('waits for what is still to come, and compares')
    const verdict = await conclude(world)
    for (const { kind, text } of verdict.findings.slice(0, 20)) tell(`${kind}: ${text}`)
    tell(`${title}: ${String(verdict.acknowledged)} acknowledged, ${String(verdict.findings.length)} findings`)
    const errors = world.cluster.nodes.reduce((sum, { faults: lines }) => sum + lines.length, 0)
    return { title, appendFsync: options.appendFsync ?? 'always', stretches, verdict, errors, ...world.fleet.counts }
  } finally {
    await world.close()
  }
}

async function runStretch(fault: ChatFault, world: ChatWorld): Promise<Stretch> {
  const [begun, before] = [Date.now(), world.ledger.counts.acknowledged]
  tell(fault.name)
  const progress = setInterval(() => {
    const { sent, acknowledged, delivered } = world.ledger.counts
    tell(`  sent ${String(sent)}, acknowledged ${String(acknowledged)}, delivered ${String(delivered)}`)
  }, tellMs)
  let watchdog: NodeJS.Timeout | undefined
  const standstill = new Promise<never>((_, reject) => {
    watchdog = setTimeout(() => {
      reject(new Error(`${fault.name}: not over after ${String(patienceMs / 60_000)} minutes`))
    }, patienceMs)
  })
  try {
    await Promise.race([fault.run(world), standstill])
  } finally {
    clearInterval(progress)
    clearTimeout(watchdog)
  }
  return { name: fault.name, acknowledged: world.ledger.counts.acknowledged - before, seconds: (Date.now() - begun) / 1_000 }
}

/** Acknowledgements between two strikes, so that a share of all messages is reached. */
function between(share: number, strikes: number): number {
  return Math.ceil((messages * share) / strikes)
}

async function runRaces(count: number): Promise<RaceVerdict> {
  tell(`${String(count)} races of one device to two nodes`)
  const cluster = await startCluster({ nodes: 2 })
  try {
    const [here, there] = cluster.doors
    if (here === undefined || there === undefined) throw new Error('a cluster of two has two doors')
    const racers = 10
    const verdict = await raceConnections([here, there], { racers, races: Math.ceil(count / racers) })
    for (const finding of verdict.findings) tell(finding)
    return verdict
  } finally {
    await cluster.close()
  }
}

const links = (['cut', 'silent'] as const).flatMap((kind) => [1, 5, 30].map((seconds) => loseLink(kind, seconds, between(0.05, 2))))
const courses = [
  await runCourse('faults', [killNodes(4, between(0.25, 9)), killRedis(4, between(0.2, 5)), ...links, stopRedis(5, between(0.05, 2))], {
    nodes: 2,
    hasLinks: true,
  }),
  await runCourse('rolling restart behind HAProxy', [restartInTurn(between(0.2, 5))], { nodes: 2, isBalanced: true }),
  await runCourse('faults with everysec', [killRedis(4, between(0.05, 5))], { nodes: 2, appendFsync: 'everysec' }),
]
const races = await runRaces(Number(values.races))
const random = newSeeded(1)
const kills = Number(values.kills)
tell(`Redis alone, killed ${String(2 * kills)} times`)
const losses = {
  always: await killBareRedis('always', kills, 10_000, random),
  everysec: await killBareRedis('everysec', kills, 200_000, random),
}

const programs = [
  `Node ${process.version}`,
  versionOf('redis-server', '--version')?.split(' sha')[0],
  versionOf('haproxy', '-v')?.split(' 20')[0],
]
const report = renderReport({
  about: surroundings(),
  programs: programs.join(', '),
  date: new Date().toISOString().slice(0, 10),
  command: ['npm run faults', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  courses,
  races,
  losses,
})
process.stdout.write(`\n${report}`)
const page = readFileSync(values.page, 'utf8')
writeFileSync(values.page, page.slice(0, page.indexOf('## A run')) + report)
// What everysec loses is told, and is no fault of the nodes.
const isClean = courses.every(
  ({ verdict, appendFsync }) => appendFsync !== 'always' || verdict.findings.length + verdict.sessionsLost === 0,
)
process.exit(isClean && races.findings.length === 0 ? 0 : 1)
