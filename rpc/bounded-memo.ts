/**
 * Remembers what `make` makes of a key, for what is dear to make and the same each time; beyond `capacity` the oldest half is forgotten. What
 * is made is handed out again and again, so nobody may change it.
 */
export function boundedMemo<K, V>(capacity: number, make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    if (known.size >= capacity) forgetOldest(known, capacity >> 1)
    const made = make(key)
    known.set(key, made)
    return made
  }
}

/** Removes the entries that were added first. */
export function forgetOldest<K>(entries: Map<K, unknown>, count: number): void {
  let left = count
  for (const key of entries.keys()) {
    if (left-- === 0) return
    entries.delete(key)
  }
}
