/** What waits, the least first; what is alike in the order in which it came. */
export class LeastFirst<T> {
  readonly #entries: Entry<T>[] = []
  #added = 0

  get size(): number {
    return this.#entries.length
  }

  /** The first; undefined if nothing waits. */
  get first(): T | undefined {
    return this.#entries[0]?.value
  }

  add(value: T, rank: number): void {
    const entries = this.#entries
    const entry = { value, rank, number: this.#added++ }
    let at = entries.length
    entries.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = entries[above]
      if (parent === undefined || !isBefore(entry, parent)) break
      entries[at] = parent
      at = above
    }
    entries[at] = entry
  }

  /** Removes the first. */
  take(): T | undefined {
    const [first] = this.#entries
    const last = this.#entries.pop()
    if (first !== undefined && last !== undefined && first !== last) this.#sink(last)
    return first?.value
  }

  /** Puts it in the place of the first, and where it belongs from there. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries
    let at = 0
    for (;;) {
      const [left, right] = [entries[2 * at + 1], entries[2 * at + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, entry)) break
      entries[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    entries[at] = entry
  }
}

interface Entry<T> {
  readonly value: T
  readonly rank: number
  readonly number: number
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.number < other.number)
}
