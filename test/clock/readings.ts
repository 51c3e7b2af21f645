/** Readings of clocks that stand where a test has put them. */
import type { Monotonic } from '../../clock/index.js'

export function reading(ms: number): Monotonic {
  return ms as Monotonic
}

/** Nothing is too late for it. */
export const noDeadline = reading(Infinity)
