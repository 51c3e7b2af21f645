import { afterMs, type Monotonic, monotonicMs } from '../../clock/index.js'

/** How often something may happen for one key within a time. `off`: as often as it likes. */
export interface RateLimit {
  readonly points: number
  readonly seconds: number
}

/** Counts events by key and refuses those beyond the rate. A key's time begins with its first event, and it is forgotten when that has passed. */
export interface RateGate {
  /** @returns whether one more is within the rate */
  take(key: string): boolean
}

interface Window {
  readonly endsAt: Monotonic
  taken: number
}

/** So many keys are known at a time: beyond that, the one that would end first is forgotten. */
const keysLimit = 100_000

/** @param elapsed the monotonic clock; a test's own */
export function newRateGate(limit: RateLimit | 'off', elapsed: () => Monotonic = monotonicMs): RateGate {
  if (limit === 'off') return { take: () => true }
  const { points, seconds } = limit
  /** In the order in which they began, which is the one in which they end. */
  const windows = new Map<string, Window>()

  function forget(now: Monotonic): void {
    for (const [key, { endsAt }] of windows) {
      if (endsAt > now && windows.size <= keysLimit) return
      windows.delete(key)
    }
  }

  return {
    take(key) {
      const now = elapsed()
      forget(now)
      const window = windows.get(key)
      if (window === undefined) windows.set(key, { endsAt: afterMs(now, seconds * 1_000), taken: 1 })
      else window.taken++
      return (window?.taken ?? 1) <= points
    },
  }
}
