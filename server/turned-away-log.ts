import { afterMs, type Monotonic, monotonicMs } from '../clock/index.js'
import type { Log } from './log.js'

/** Says that connections are turned away, in one line a minute at most, so that no crowd fills the log. */
export interface TurnedAwayLog {
  /** @param because one of few words @param address as limits see it */
  note(because: string, address: string): void
  /** Writes what has been noted since the last line, if it is time for one; to be called about once a second. */
  tell(): void
}

const quietMs = 60_000

/** @param elapsed the monotonic clock; a test's own */
export function newTurnedAwayLog(log: Pick<Log, 'warn'>, elapsed: () => Monotonic = monotonicMs): TurnedAwayLog {
  let counts: Record<string, number> = {}
  let latest: string | undefined
  let nextAt: Monotonic | undefined
  return {
    note(because, address) {
      counts[because] = (counts[because] ?? 0) + 1
      latest = address
    },
    tell() {
      const now = elapsed()
      if (latest === undefined || (nextAt !== undefined && now < nextAt)) return
      log.warn({ event: 'turned-away', ...counts, address: latest }, 'connections were turned away; the address is that of the latest')
      nextAt = afterMs(now, quietMs)
      counts = {}
      latest = undefined
    },
  }
}
