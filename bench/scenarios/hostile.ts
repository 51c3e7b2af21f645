import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { isLoadDisturbed, median } from '../compare.js'
import { befriend, logInAll, probe, registerAll } from '../load/community.js'
import { logIn, type Account, type Device } from '../load/device.js'
import { driveAtRate, type Load } from '../load/drive.js'
import { honestLanes } from '../load/honest-pairs.js'
import type { HostileWorld } from '../load/hostile/attack.js'
import { attacks } from '../load/hostile/attacks.js'
import { prepareHostility, uploadFile } from '../load/hostile/prepare.js'
import type { Lane } from '../load/lane.js'
import { inParallel } from '../load/parallel.js'
import { p2pFeed } from '../load/requests.js'
import { startHostileGenerator, type HostileGenerator } from '../peers/hostile-generator.js'
import { startNynja } from '../peers/nynja.js'
import type { NodePeer } from '../peers/node-peer.js'
import { atMost, type Row } from '../report.js'
import { opened } from './opened.js'
import type { Scenario, ScenarioContext } from './scenario.js'

const hostileClients = 1_000
/** Of one core. */
const generatorShare = 0.3
const pairs = 100
/** Of all pairs together: one a second each way. */
const messagesPerSecond = 2 * pairs
const usualRounds = 5
/** A round is long enough for its 99th percentile to stand on some fifteen messages. */
const leastRoundMs = 8_000
const firstWarmupMs = 6_000
const warmupMs = 2_000
/** Long chats are of 1 MiB, and two of 10. */
const texts = { usual: 64, longest: 640 }
const fileBytes = 8 * 1_048_576
/** Numbers that begin so are no test numbers. */
const strangeNumbers = '38050'

type Arm = 'silent' | 'hostile'

export const hostile: Scenario = {
  name: 'hostile',
  about: '100 pairs who chat beside 1,000 hostile clients, against the same beside the same 1,000 connected and silent',
  run: (context) =>
    opened(async (onEnd) => {
      if (!context.hasNynja) return []
      checkOpenFiles()
      const chosen = attacks.filter(({ name }) => context.attacks?.includes(name) ?? true)
      if (chosen.length === 0) throw new Error(`there are these attacks: ${attacks.map(({ name }) => name).join(', ')}`)
      const names = chosen.map(({ name }) => name)
      const towns: Record<Arm, Town> = { silent: await buildTown(onEnd, names), hostile: await buildTown(onEnd, names) }
      await inParallel('silent clients', towns.silent.world.accounts, 24, (account) => logIn(towns.silent.peer.port, account))
      const generator = await startHostileGenerator(towns.hostile.world, names, generatorShare)
      onEnd(generator.stop)
      const measured: Round[] = []
      const stepsSoFar = new Map<string, number>()
      const { rounds = usualRounds } = context
      for (let number = 0; number < rounds; number++) measured.push(await runRound(number, { towns, generator, stepsSoFar, context }))
      checkSteps(stepsSoFar)
      return rowsOf(measured)
    }),
}

/** The generators and the servers need a descriptor for each connection; children inherit the limit. */
function checkOpenFiles(): void {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  if (Number(limit) < 8_192) throw new Error(`hostile clients need more open files than ${limit}: raise ulimit -n`)
}

/** A server with its honest pairs, connected, and accounts for 1,000 more. Both arms have the same. */
interface Town {
  readonly peer: NodePeer
  readonly lanes: readonly Lane[]
  readonly world: HostileWorld
}

async function buildTown(onEnd: (close: () => Promise<void>) => void, names: readonly string[]): Promise<Town> {
  const peer = await startNynja({ hasLimits: true })
  onEnd(peer.stop)
  const { port } = peer
  const honest = await logInAll(port, await registerAll(port, 2 * pairs))
  const couples = Array.from({ length: pairs }, (_, index) => [honest[2 * index], honest[2 * index + 1]] as [Device, Device])
  await inParallel('friendships', couples, 8, async ([a, b]) => {
    await befriend(a, b)
    await probe(p2pFeed(a.account.phoneId, b.account.phoneId), b.account.phoneId, a, [a, b])
  })
  const accounts = await registerAll(port, hostileClients, 100_000)
  const chosen = attacks.filter(({ name }) => names.includes(name))
  await prepareHostility({ port, accounts, attacks: chosen, acquainted: honest, texts })
  const victims = honest.map(({ account }) => account)
  const world: HostileWorld = {
    mqttPort: port,
    httpPort: peer.portOf('http'),
    accounts,
    victims,
    acquainted: victims,
    filePath: await uploadBy(port, accounts[0]),
    strangeNumbers,
  }
  return { peer, lanes: honestLanes(couples), world }
}

async function uploadBy(port: number, account: Account | undefined): Promise<string> {
  if (account === undefined) throw new Error('nobody uploads')
  const device = await logIn(port, account)
  const path = await uploadFile(device, fileBytes)
  await device.connection.close()
  return path
}

interface Measuring {
  readonly towns: Readonly<Record<Arm, Town>>
  readonly generator: HostileGenerator
  readonly stepsSoFar: Map<string, number>
  readonly context: ScenarioContext
}

interface Round {
  readonly silent: Load
  readonly hostile: Load
  /** What the generator of hostility used meanwhile, of one core. */
  readonly generatorCpu: number
}

async function runRound(number: number, { towns, generator, stepsSoFar, context }: Measuring): Promise<Round> {
  const measureMs = Math.max(leastRoundMs, (context.seconds * 1_000) / (context.rounds ?? usualRounds))
  const timing = { warmupMs: number === 0 ? firstWarmupMs : warmupMs, measureMs }
  const loads: Partial<Record<Arm, Load>> = {}
  let generatorCpu = 0
  for (const arm of number % 2 === 0 ? (['silent', 'hostile'] as const) : (['hostile', 'silent'] as const)) {
    const { peer, lanes } = towns[arm]
    const drive = (): Promise<Load> => driveAtRate(lanes, messagesPerSecond, timing, peer.cpuMs)
    if (arm === 'silent') loads.silent = await drive()
    else {
      const [begun, used] = [performance.now(), generator.cpuMs()]
      await generator.attack()
      try {
        loads.hostile = await drive()
      } finally {
        const steps = await generator.rest()
        generatorCpu = (generator.cpuMs() - used) / (performance.now() - begun)
        context.log(`     steps   ${[...steps].map(([name, count]) => `${name} ${String(count)}`).join(', ')}`)
        for (const [name, count] of steps) stepsSoFar.set(name, (stepsSoFar.get(name) ?? 0) + count)
      }
      await atRest(peer, context)
    }
    logLoad(number, arm, loads[arm], arm === 'hostile' ? generatorCpu : 0, context)
  }
  return { ...(loads as Record<Arm, Load>), generatorCpu }
}

/** Hostility that does not happen proves nothing. Some do nothing but hold what they have got in the first round. */
function checkSteps(steps: ReadonlyMap<string, number>): void {
  const idle = [...steps].filter(([, count]) => count === 0)
  if (idle.length > 0) throw new Error(`nothing was done by ${idle.map(([name]) => name).join(', ')}`)
}

function logLoad(number: number, arm: Arm, load: Load | undefined, generatorCpu: number, { log }: ScenarioContext): void {
  if (load === undefined) return
  const percent = (share: number): string => `${String(Math.round(share * 100))} %`
  const times = `p50 ${load.p50Ms.toFixed(2)} ms, p99 ${load.p99Ms.toFixed(2)} ms`
  const use = `server ${percent(load.serverCpu)}, pairs ${percent(load.generatorCpu)}, hostile clients ${percent(generatorCpu)}, others ${percent(Math.max(0, load.elsewhereCpu - generatorCpu))} of a core`
  log(`  ${String(number + 1).padStart(2)} ${arm.padEnd(7)} ${Math.round(load.perSecond)}/s, ${times}; ${use}`)
}

const restMs = 250
const restingShare = 0.1
const restWithinMs = 30_000

/** What hostile clients have asked for is done, or let be, before the other arm is measured. */
async function atRest(peer: NodePeer, { log }: ScenarioContext): Promise<void> {
  const begun = performance.now()
  for (let before = peer.cpuMs(); performance.now() - begun < restWithinMs; before = peer.cpuMs()) {
    await pause(restMs)
    if (peer.cpuMs() - before < restingShare * restMs) return
  }
  log(`     the server was not at rest ${restWithinMs / 1_000} s after the attack`)
}

function rowsOf(measured: readonly Round[]): readonly Row[] {
  const isDisturbed = measured.filter((round) => isLoadDisturbed(round.silent) || isHostileDisturbed(round)).length > measured.length / 2
  const row = (measure: string, of: (load: Load) => number): Row => ({
    ...{ scenario: 'hostile', measure, unit: 'ms', isDisturbed },
    value: median(measured.map(({ hostile }) => of(hostile))),
    against: { name: 'beside silent ones', value: median(measured.map(({ silent }) => of(silent))) },
    ratio: median(measured.map((round) => of(round.hostile) / of(round.silent))),
  })
  return [
    row('message, p50', ({ p50Ms }) => p50Ms),
    { ...row('message, p99', ({ p99Ms }) => p99Ms), bound: atMost(2) },
    {
      ...{ scenario: 'hostile', measure: 'processor of the hostile', unit: 'cores', bound: atMost(generatorShare * 1.05) },
      value: median(measured.map(({ generatorCpu }) => generatorCpu)),
    },
  ]
}

function isHostileDisturbed({ hostile: load, generatorCpu }: Round): boolean {
  return isLoadDisturbed({ ...load, elsewhereCpu: load.elsewhereCpu - generatorCpu })
}
