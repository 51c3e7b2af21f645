import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { HostileWorld } from '../load/hostile/attack.js'
import type { Order, Report } from '../load/hostile/generator.js'
import { within } from '../load/within.js'
import { cpuMsOf } from './peer.js'

/** The process in which hostile clients live. It ends with this one, whatever becomes of it. */
export interface HostileGenerator {
  readonly attack: () => Promise<void>
  /** Nobody does anything any more; connections stay. @returns how often clients of each attack did something */
  readonly rest: () => Promise<ReadonlyMap<string, number>>
  readonly cpuMs: () => number
  readonly stop: () => Promise<void>
}

const script = fileURLToPath(new URL('../load/hostile/generator.js', import.meta.url))
const answerMs = 30_000

/** @param share of one core that it may use */
export async function startHostileGenerator(world: HostileWorld, attacks: readonly string[], share: number): Promise<HostileGenerator> {
  const child = fork(script)
  const order = async (order: Order): Promise<Report> => {
    const answered = once(child, 'message')
    child.send(order)
    const [report] = (await within(answerMs, `the hostile clients, asked to ${order.kind}`, answered)) as [Report]
    return report
  }
  await order({ kind: 'begin', world, attacks, share })
  return {
    attack: async () => {
      await order({ kind: 'attack' })
    },
    rest: async () => new Map((await order({ kind: 'rest' })).steps),
    cpuMs: () => cpuMsOf(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
