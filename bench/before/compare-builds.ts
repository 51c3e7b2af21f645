import { fullLoad, isLoadDisturbed, median } from '../compare.js'
import type { Drive, Load } from '../load/drive.js'
import { startNynja } from '../peers/nynja.js'
import { atLeast, type Row } from '../report.js'
import { opened } from '../scenarios/opened.js'
import type { Scenario, VersusRig } from '../scenarios/scenario.js'
import type { BuiltCommit } from './built-commit.js'

export interface Versus {
  readonly before: BuiltCommit
  readonly rounds: number
  /** Of each build, in all rounds together. */
  readonly seconds: number
  readonly log: (line: string) => void
}

/** A build is not worse if it reaches so much of what the one before did. */
const notWorse = atLeast(0.95)
const firstWarmupMs = 4_000
const warmupMs = 1_000

/** A round of both builds, one right after the other. */
interface Round {
  readonly before: Load
  readonly now: Load
}

/**
 * One scenario on both builds, both servers standing, in rounds that take turns in who begins: what passes over the machine meets both. Judged
 * is the median over the rounds of the ratio within a round, of operations for each second of the server's processor time, and of operations for each
 * second.
 */
export async function compareBuilds(scenario: Scenario, versus: Versus): Promise<readonly Row[]> {
  const { versusRig } = scenario
  if (versusRig === undefined) throw new Error('it cannot be run against another commit')
  return opened(async (onEnd) => {
    const ready = async (serverModule?: string): Promise<Drive> => {
      const peer = await startNynja(serverModule === undefined ? {} : { serverModule })
      onEnd(peer.stop)
      return versusDrive(await versusRig(peer), peer)
    }
    const drives = { before: await ready(versus.before.serverModule), now: await ready() }
    const rounds: Round[] = []
    for (let number = 0; number < versus.rounds; number++) rounds.push(await runRound(number, drives, versus))
    return rowsOf(scenario.name, versus.before.name, rounds)
  })
}

const versusDrive = (rig: VersusRig, peer: Awaited<ReturnType<typeof startNynja>>): Drive =>
  typeof rig === 'function' ? rig : fullLoad(peer, rig.rig, rig.window)

async function runRound(number: number, drives: Readonly<Record<keyof Round, Drive>>, { rounds, seconds, log }: Versus): Promise<Round> {
  const timing = { warmupMs: number === 0 ? firstWarmupMs : warmupMs, measureMs: (seconds * 1_000) / rounds }
  const loads: Partial<Record<keyof Round, Load>> = {}
  const order: readonly (keyof Round)[] = number % 2 === 0 ? ['before', 'now'] : ['now', 'before']
  for (const build of order) {
    const load = await drives[build](timing)
    loads[build] = load
    const others = `others ${String(Math.round(load.elsewhereCpu * 100))} % of a core`
    log(
      `  ${String(number + 1).padStart(2)} ${build.padEnd(6)} ${String(Math.round(load.perSecond))}/s, ${String(Math.round(perCoreSecond(load)))} a core-second, ${others}`,
    )
  }
  return loads as Round
}

const perCoreSecond = ({ perSecond, serverCpu }: Load): number => perSecond / serverCpu

function rowsOf(scenario: string, name: string, rounds: readonly Round[]): readonly Row[] {
  const isDisturbed = rounds.filter(({ before, now }) => [before, now].some(isLoadDisturbed)).length > rounds.length / 2
  const row = (measure: string, unit: string, of: (load: Load) => number): Row => ({
    ...{ scenario, measure, unit, bound: notWorse, isDisturbed },
    value: median(rounds.map(({ now }) => of(now))),
    against: { name, value: median(rounds.map((round) => of(round.before))) },
    ratio: median(rounds.map((round) => of(round.now) / of(round.before))),
  })
  return [row('for processor time', '1/core-s', perCoreSecond), row('throughput', '1/s', ({ perSecond }) => perSecond)]
}
