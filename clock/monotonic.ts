declare const brand: unique symbol

/**
 * A reading of the monotonic clock, ms. Only the differences of two readings mean anything, and only within the thread that took them: it is
 * never stored and never sent.
 */
export type Monotonic = number & { readonly [brand]: 'Monotonic' }

/** The monotonic clock: it never runs backwards, and nobody can set it. */
export function monotonicMs(): Monotonic {
  return performance.now() as Monotonic
}

/** The reading so many milliseconds after another one. */
export function afterMs(from: Monotonic, ms: number): Monotonic {
  return (from + ms) as Monotonic
}
