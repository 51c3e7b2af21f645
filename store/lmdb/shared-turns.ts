/**
 * Turns at writing among the handles of one process, over memory that its threads share: a ticket lock. It is politeness, not safety (that is
 * the version which a write compares under the write lock): without it, handles would plan groups that others have overtaken.
 *
 * A handle draws a ticket and waits until it is served; giving the turn back serves the next ticket. A thread that dies with the turn, or
 * while it waits, is passed over after {@link patienceMs}; so is one that takes longer, but nobody is passed over while a group that has lost
 * keeps the turn (see `commit-queue.ts`).
 */
export interface SharedTurns {
  /** Resolves when it is this handle's turn, with the ticket to give back. */
  take(): Promise<number>
  giveBack(ticket: number): void
}

/** Words of shared memory that turns need. */
export const turnWords = 2

const patienceMs = 250

/** @param isKept whether a group that has lost keeps the turn; that of a thread which has died is not kept */
export function openSharedTurns(words: Int32Array, isKept: () => boolean): SharedTurns {
  const [nextTicket, served] = [0, 1]

  /** Serves the ticket after `ticket`, if `ticket` is still the one that is served. */
  function passOver(ticket: number): void {
    Atomics.compareExchange(words, served, ticket, (ticket + 1) | 0)
    Atomics.notify(words, served)
  }

  return {
    async take() {
      const ticket = Atomics.add(words, nextTicket, 1)
      for (let now = Atomics.load(words, served); now !== ticket; now = Atomics.load(words, served)) {
        // Passed over while this thread was busy for longer than the others' patience: stand in line again.
        if (((ticket - now) | 0) < 0) return this.take()
        const change = Atomics.waitAsync(words, served, now, patienceMs)
        const outcome = change.async ? await change.value : change.value
        if (outcome === 'timed-out' && !isKept()) passOver(now)
      }
      return ticket
    },
    giveBack: passOver,
  }
}
