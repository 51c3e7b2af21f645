import type { Monotonic } from './monotonic.js'

/** A jump smaller than this is the clock being adjusted as it always is. */
const jumpMs = 60_000

/**
 * A wall clock for what destroys: it does not follow a jump forward before the jump has stood for `patienceMs`, so that a clock that is set wrong and
 * right again makes nothing expire. It follows at once when the clock is set back.
 */
export function settledClock(clocks: { readonly now: () => number; readonly elapsed: () => Monotonic }, patienceMs: number): () => number {
  let wall = clocks.now()
  let at = clocks.elapsed()
  let jumpedAt: Monotonic | undefined
  return () => {
    const [now, elapsed] = [clocks.now(), clocks.elapsed()]
    const expected = wall + (elapsed - at)
    if (now <= expected + jumpMs) jumpedAt = undefined
    else {
      jumpedAt ??= elapsed
      if (elapsed - jumpedAt < patienceMs) return expected
      jumpedAt = undefined
    }
    wall = now
    at = elapsed
    return now
  }
}
