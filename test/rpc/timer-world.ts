/** What falls due, run on the store of a test as a worker runs it; the clock is given. */
import type { RpcContext } from '../../rpc/context.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import { timedTables, timerClient } from '../../rpc/runtime/worker/timed-tables.js'
import { newTimers, type Timers } from '../../rpc/runtime/worker/timers.js'
import type { Store } from '../../store/contract.js'
import { noDeadline, reading } from '../clock/readings.js'
import { type Sent, sentBy } from './chat-world.js'

export interface TimerWorld {
  /** Does what is due at `at`, and tells everything that was sent, in order. */
  pass(at: number): Promise<readonly Sent[]>
  /** When the next thing falls due, as the latest pass has found it. */
  readonly next: number
}

/** The timers of one worker on `store`. */
export function openTimers(store: Store, context: RpcContext): TimerWorld {
  const cache = newReadCache(100)
  let sent: Sent[] = []
  let clock = 0
  let next = Infinity
  const now = (): number => clock
  const timers: Timers = newTimers({
    store,
    now,
    tables: timedTables({ context, now }),
    async run(item) {
      const world = { store, cache, boot: context.boot, elapsed: () => reading(0), newId: () => 'id' }
      const batch = await runBatch([item], { clientId: timerClient, marks: undefined }, noDeadline, {
        ...world,
        onFault(fault) {
          throw fault
        },
        onConflict: () => undefined,
        onOutcome: () => undefined,
        wait: () => new Promise((resolve) => setImmediate(resolve)),
      })
      sent.push(...sentBy(batch, { clientId: timerClient }))
    },
  })
  return {
    async pass(at) {
      clock = at
      sent = []
      next = await timers.pass()
      return sent
    },
    get next() {
      return next
    },
  }
}
