import { cpus } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Lane } from './lane.js'
import { Latencies } from './latencies.js'

export interface Timing {
  readonly warmupMs: number
  readonly measureMs: number
}

export interface Load {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of one core, 0 to 1: how busy the load generator itself was. At 1 it measures itself. */
  readonly generatorCpu: number
  /** Of one core: how busy the server was; more than 1 if it uses several. */
  readonly serverCpu: number
  /** Cores that were busy with neither: other programs, and what the kernel books on nobody. Above a tenth or two the figures are too low. */
  readonly elsewhereCpu: number
}

/** Loads one server, for so long. */
export type Drive = (timing: Timing) => Promise<Load>

/** Milliseconds of processor time the server has used so far. */
export type CpuMeter = () => number

const stallMs = 10_000

/** As fast as it goes: every lane keeps `window` messages in flight. */
export async function driveAtFullLoad(lanes: readonly Lane[], window: number, timing: Timing, serverCpuMs: CpuMeter): Promise<Load> {
  const start = (): (() => void) => {
    const now = performance.now()
    for (const lane of lanes) for (let index = 0; index < window; index++) lane.send(now)
    return () => undefined
  }
  return drive(lanes, timing, serverCpuMs, start, true)
}

/**
 * At a fixed rate, spread over the lanes, whatever the answers do: a server that stalls finds the load waiting for it, and each message
 * counts from the moment it was due (to a millisecond, the grain of the timer).
 */
export async function driveAtRate(lanes: readonly Lane[], perSecond: number, timing: Timing, serverCpuMs: CpuMeter): Promise<Load> {
  const start = (): (() => void) => {
    const begin = performance.now()
    let sent = 0
    const timer = setInterval(() => {
      const now = performance.now()
      const due = Math.floor(((now - begin) / 1_000) * perSecond)
      for (; sent < due; sent++) lanes[sent % lanes.length]?.send(now)
    }, 1)
    return () => {
      clearInterval(timer)
    }
  }
  return drive(lanes, timing, serverCpuMs, start, false)
}

async function drive(
  lanes: readonly Lane[],
  { warmupMs, measureMs }: Timing,
  serverCpuMs: CpuMeter,
  start: () => () => void,
  sendsOnDone: boolean,
): Promise<Load> {
  const latencies = new Latencies()
  const state = { done: 0, sending: true, measuring: false }
  for (const lane of lanes) {
    lane.onDone = (ms) => {
      state.done++
      if (state.measuring) latencies.record(ms)
      if (sendsOnDone && state.sending) lane.send(performance.now())
    }
  }
  const stop = start()
  try {
    await advance(warmupMs, lanes, state)
    const before = reading(serverCpuMs)
    state.measuring = true
    await advance(measureMs, lanes, state)
    state.measuring = false
    const after = reading(serverCpuMs)
    return summary(latencies, before, after)
  } finally {
    state.sending = false
    stop()
    await drain(lanes)
  }
}

async function advance(ms: number, lanes: readonly Lane[], state: { readonly done: number }): Promise<void> {
  const end = performance.now() + ms
  let done = state.done
  let movedAt = performance.now()
  while (performance.now() < end) {
    await pause(Math.min(250, Math.max(1, end - performance.now())))
    throwFailure(lanes)
    if (state.done !== done) movedAt = performance.now()
    done = state.done
    if (performance.now() - movedAt > stallMs) throw new Error(`no message was completed for ${stallMs} ms, after ${done}`)
  }
}

/** Waits for what is in flight; a message that never completes is a failure of the server, and of the run. */
async function drain(lanes: readonly Lane[]): Promise<void> {
  const end = performance.now() + stallMs
  const left = (): number => lanes.reduce((sum, lane) => sum + lane.inFlight, 0)
  while (left() > 0) {
    throwFailure(lanes)
    if (performance.now() > end) throw new Error(`${left()} messages were sent and never completed`)
    await pause(10)
  }
}

function throwFailure(lanes: readonly Lane[]): void {
  const failed = lanes.find(({ failure }) => failure !== undefined)
  if (failed?.failure !== undefined) throw new Error(failed.failure)
}

/** Something that drives by itself, in operations that have no latency of their own. @param work runs for so many ms; resolves to how many it has done */
export function driveBy(work: (ms: number) => Promise<number>, serverCpuMs: CpuMeter): Drive {
  return async ({ warmupMs, measureMs }) => {
    await work(warmupMs)
    const before = reading(serverCpuMs)
    const count = await work(measureMs)
    return summary({ count, percentiles: () => [] }, before, reading(serverCpuMs))
  }
}

interface Reading {
  readonly atMs: number
  readonly generatorMs: number
  readonly serverMs: number
  readonly machineMs: number
}

function reading(serverCpuMs: CpuMeter): Reading {
  const { user, system } = process.cpuUsage()
  return { atMs: performance.now(), generatorMs: (user + system) / 1_000, serverMs: serverCpuMs(), machineMs: machineBusyMs() }
}

function machineBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}

function summary(latencies: Pick<Latencies, 'count' | 'percentiles'>, before: Reading, after: Reading): Load {
  const elapsedMs = after.atMs - before.atMs
  const [p50Ms = NaN, p99Ms = NaN] = latencies.percentiles(0.5, 0.99)
  const generatorCpu = (after.generatorMs - before.generatorMs) / elapsedMs
  const serverCpu = (after.serverMs - before.serverMs) / elapsedMs
  return {
    perSecond: (latencies.count / elapsedMs) * 1_000,
    p50Ms,
    p99Ms,
    generatorCpu,
    serverCpu,
    elsewhereCpu: Math.max(0, (after.machineMs - before.machineMs) / elapsedMs - generatorCpu - serverCpu),
  }
}
