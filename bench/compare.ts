import { driveAtFullLoad, driveAtRate, type Load } from './load/drive.js'
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

const rounds = 3
const warmupMs = 1_000

/** The median of three rounds for each, taken in turns, so that a passing disturbance does not hit one server alone. */
export async function compareAtFullLoad(contest: Contest): Promise<Map<string, Load>> {
  return inTurns(contest, ({ peer, rig }, timing) => driveAtFullLoad(rig.lanes, contest.window, timing, peer.cpuMs))
}

export async function compareAtRate(contest: Contest, perSecond: number): Promise<Map<string, Load>> {
  return inTurns(contest, ({ peer, rig }, timing) => driveAtRate(rig.lanes, perSecond, timing, peer.cpuMs))
}

async function inTurns(
  { contestants, seconds, firstWarmupMs = 4_000, log }: Contest,
  drive: (contestant: Contestant, timing: { readonly warmupMs: number; readonly measureMs: number }) => Promise<Load>,
): Promise<Map<string, Load>> {
  const loads = new Map<string, Load[]>(contestants.map(({ peer }) => [peer.name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const load = await drive(contestant, { warmupMs: round === 0 ? firstWarmupMs : warmupMs, measureMs: (seconds * 1_000) / rounds })
      log(`  ${contestant.peer.name.padEnd(17)} ${describe(load)}`)
      loads.get(contestant.peer.name)?.push(load)
    }
  }
  return new Map([...loads].map(([name, of]) => [name, medianLoad(of)]))
}

/** Cores that other programs may take before the figures prove nothing; the kernel's own share, booked on nobody, stays below. */
const tolerableElsewhereCpu = 0.4

export function isDisturbed(...all: readonly Map<string, Load>[]): boolean {
  return all.some((loads) => [...loads.values()].some(({ elsewhereCpu }) => elsewhereCpu > tolerableElsewhereCpu))
}

/** Each figure's own median. */
function medianLoad(loads: readonly Load[]): Load {
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
