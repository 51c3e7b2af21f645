/** Who works in which turn of the event loop. */
export interface Turns {
  /**
   * Resolves when it is the turn of whoever asks, the first one first, in a later turn than this one: what comes together with his work is
   * there by then.
   * @param size how many requests he is about to run
   */
  next(size: number): Promise<void>
}

/**
 * Requests that are begun in one turn of the event loop, or a few more: between turns what has been committed is sent, what has been answered is
 * taken up, so that worker, store and main thread work at the same time and not one after the other.
 */
const turnLimit = 64

export function newTurns(): Turns {
  const ready: { readonly size: number; readonly resolve: () => void }[] = []

  function take(): void {
    for (let taken = 0; taken < turnLimit;) {
      const next = ready.shift()
      if (next === undefined) return
      taken += next.size
      next.resolve()
    }
    if (ready.length > 0) setImmediate(take)
  }

  return {
    next(size) {
      return new Promise((resolve) => {
        if (ready.push({ size, resolve }) === 1) setImmediate(take)
      })
    },
  }
}
