import { RateLimiterMemory } from 'rate-limiter-flexible'

/** How often something may happen for one key within a time. `off`: as often as it likes. */
export interface RateLimit {
  readonly points: number
  readonly seconds: number
}

/** Counts events by key and refuses those beyond the rate. Keys are forgotten when their time has passed. */
export interface RateGate {
  /** @returns whether one more is within the rate */
  take(key: string): Promise<boolean>
}

export function newRateGate(limit: RateLimit | 'off'): RateGate {
  if (limit === 'off') return { take: () => Promise.resolve(true) }
  const limiter = new RateLimiterMemory({ points: limit.points, duration: limit.seconds })
  return {
    take: (key) =>
      limiter.consume(key).then(
        () => true,
        () => false,
      ),
  }
}
