import { type Drive, driveAtFullLoad, driveAtRate, type Load, type Timing } from './load/drive.js'
import type { Rig } from './load/plain-lanes.js'
import type { Peer } from './peers/peer.js'

/** A server, connected and ready to be loaded. */
export interface Contestant {
  readonly peer: Peer
  readonly rig: Rig
}

export interface Contest {
  readonly contestants: readonly Contestant[]
  /** In flight on each lane at full load. */
  readonly window: number
  readonly seconds: number
  /** Before the first round, for the compiler of each server to see the load; nothing of it counts. 4,000 by default. */
  readonly firstWarmupMs?: number
  readonly log: (line: string) => void
}

/** Drives a server as fast as it goes. */
export function fullLoad(peer: Peer, rig: Rig, window: number): Drive {
  return (timing) => driveAtFullLoad(rig.lanes, window, timing, peer.cpuMs)
}

const rounds = 3
const warmupMs = 1_000

/**
 * The median of three rounds for each, taken in turns, so that a passing disturbance does not hit one server alone. One that dies is driven no
 * more and has no figures; the others go on.
 */
export async function compareAtFullLoad(contest: Contest): Promise<Map<string, Load>> {
  return inTurns(contest, ({ peer, rig }) => fullLoad(peer, rig, contest.window))
}

/** At half of what the slowest one that lives has reached at full load. */
export async function compareAtHalf(contest: Contest, full: ReadonlyMap<string, Load>): Promise<Map<string, Load>> {
  const living = contest.contestants.filter(({ peer }) => !hasDied(full.get(peer.name)))
  const rate = Math.min(...living.map(({ peer }) => full.get(peer.name)?.perSecond ?? NaN)) / 2
  contest.log(`  at ${Math.round(rate)}/s, half of what the slowest one reached:`)
  const loads = await inTurns({ ...contest, contestants: living }, ({ peer, rig }) => {
    return (timing) => driveAtRate(rig.lanes, rate, timing, peer.cpuMs)
  })
  return new Map([...full.keys()].map((name) => [name, loads.get(name) ?? died]))
}

/** What a server reached that did not live to the end. */
const died: Load = { perSecond: NaN, p50Ms: NaN, p99Ms: NaN, generatorCpu: NaN, serverCpu: NaN, elsewhereCpu: NaN }

function hasDied(load: Load | undefined): boolean {
  return load === undefined || Number.isNaN(load.perSecond)
}

async function inTurns(
  { contestants, seconds, firstWarmupMs = 4_000, log }: Contest,
  driveOf: (contestant: Contestant) => Drive,
): Promise<Map<string, Load>> {
  const loads = new Map<string, Load[]>(contestants.map(({ peer }) => [peer.name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const { name } = contestant.peer
      if (loads.get(name)?.some(hasDied) === true) continue
      const timing = { warmupMs: round === 0 ? firstWarmupMs : warmupMs, measureMs: (seconds * 1_000) / rounds }
      const load = await driveWhileItLives(driveOf(contestant), timing, (because) => {
        log(`  ${name.padEnd(17)} died: ${because}`)
      })
      if (!hasDied(load)) log(`  ${name.padEnd(17)} ${describe(load)}`)
      loads.get(name)?.push(load)
    }
  }
  return new Map([...loads].map(([name, of]) => [name, medianLoad(of)]))
}

async function driveWhileItLives(drive: Drive, timing: Timing, onDeath: (because: string) => void): Promise<Load> {
  try {
    return await drive(timing)
  } catch (error) {
    onDeath(error instanceof Error ? error.message : String(error))
    return died
  }
}

/** Cores that other programs may take before the figures prove nothing; the kernel's own share, booked on nobody, stays below. */
const tolerableElsewhereCpu = 0.4

export function isDisturbed(...all: readonly Map<string, Load>[]): boolean {
  return all.some((loads) => [...loads.values()].some(isLoadDisturbed))
}

export function isLoadDisturbed({ elsewhereCpu }: Load): boolean {
  return elsewhereCpu > tolerableElsewhereCpu
}

/** Each figure's own median. */
function medianLoad(loads: readonly Load[]): Load {
  if (loads.some(hasDied)) return died
  const of = (read: (load: Load) => number): number => median(loads.map(read))
  return {
    perSecond: of((load) => load.perSecond),
    p50Ms: of((load) => load.p50Ms),
    p99Ms: of((load) => load.p99Ms),
    generatorCpu: of((load) => load.generatorCpu),
    serverCpu: of((load) => load.serverCpu),
    elsewhereCpu: of((load) => load.elsewhereCpu),
  }
}

/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN
}

function describe({ perSecond, p50Ms, p99Ms, generatorCpu, serverCpu, elsewhereCpu }: Load): string {
  const latency = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`
  const use = `server ${percent(serverCpu)}, load generator ${percent(generatorCpu)}, others ${percent(elsewhereCpu)} of a core`
  const perCoreSecond = serverCpu > 0 ? `, ${Math.round(perSecond / serverCpu)} a core-second of the server` : ''
  return `${Math.round(perSecond)}/s, ${latency}, ${use}${perCoreSecond}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
