import { monotonicMs, settledClock, wallMs } from '../../../clock/index.js'
import type { Store } from '../../../store/contract.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import { newIndexer } from '../../people-index/indexer.js'
import type { NamedItem, RequestWorld } from './requests.js'
import { newSweep, startSweeping } from './sweep.js'
import { choreTables, timedTables } from './timed-tables.js'
import { newTimers, startTimers, type TimedTable, type Timers } from './timers.js'

export interface ScheduledWorld {
  readonly store: Store
  readonly requests: RequestWorld
  readonly isLive: (boot: string) => boolean
  /** Runs and commits one item; resolves whether or not it could. */
  readonly run: (item: NamedItem) => Promise<void>
  readonly post: (message: ControlToMain) => void
  readonly onFault: (fault: unknown) => void
  /** Lets requests go first. */
  readonly pause: () => Promise<void>
}

/**
 * Begins what nobody asks for: what has expired is removed, what falls due is done, people are indexed.
 * @returns what ends it, once what is under way has ended
 */
export function startScheduled(world: ScheduledWorld): () => Promise<void> {
  const { store, requests, run, onFault, pause } = world
  const timersOf = (tables: readonly TimedTable[]): Timers => newTimers({ store, now: wallMs, tables, run })
  // Chores may take long: what falls due at its time does not wait for them.
  const all = [timersOf(timedTables(requests)), timersOf(choreTables(requests)), newIndexer({ store, now: wallMs, pause })]
  const stops = [startSweep(world), ...all.map((timers) => startTimers(timers, wallMs, onFault))]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** Nothing is removed because the clock has jumped ahead, unless it stays there for a day. */
const jumpPatienceMs = 24 * 60 * 60_000

function startSweep({ store, requests, isLive, post, onFault, pause }: ScheduledWorld): () => Promise<void> {
  const { limits, files } = requests.context
  const now = settledClock({ now: wallMs, elapsed: monotonicMs }, jumpPatienceMs)
  return startSweeping(newSweep({ store, limits, isLive, now, pause, files }), {
    onSwept(removed) {
      if (Object.values(removed).some((count) => count > 0)) {
        post({ kind: 'log', level: 'info', fields: { event: 'swept', ...removed }, text: 'what has expired was removed' })
      }
    },
    onFault,
  })
}
