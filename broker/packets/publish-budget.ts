import type { Monotonic } from '../../clock/index.js'

/** How often something may go on: so many in a second, and so many at once. */
export interface PublishRate {
  readonly perSecond: number
  readonly burst: number
}

/** What a device has left of its rate: below zero, what it has used ahead of its time. */
export interface PublishBudget {
  readonly tokens: number
  readonly filledAt: Monotonic
}

export function fullBudget(rate: PublishRate | 'off', at: Monotonic): PublishBudget {
  return { tokens: rate === 'off' ? 0 : rate.burst, filledAt: at }
}

/** Takes one off a budget. @returns what is left, and after how many ms that one may go on; 0: at once */
export function spendOne(
  before: PublishBudget,
  rate: PublishRate,
  at: Monotonic,
): { readonly budget: PublishBudget; readonly waitMs: number } {
  const filled = before.tokens + ((at - before.filledAt) / 1_000) * rate.perSecond
  const tokens = Math.min(rate.burst, filled) - 1
  return { budget: { tokens, filledAt: at }, waitMs: tokens >= 0 ? 0 : Math.ceil((-tokens / rate.perSecond) * 1_000) }
}
