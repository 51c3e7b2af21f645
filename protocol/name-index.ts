const ascii = new TextEncoder()

interface Entry<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

/**
 * A closed set of ASCII names looked up by their bytes, so that an atom is recognised without making a string of it and an unknown one
 * costs nothing.
 */
export interface NameIndex<T> {
  readonly byLength: readonly (readonly Entry<T>[])[]
}

export function nameIndex<T>(entries: Iterable<readonly [name: string, value: T]>): NameIndex<T> {
  const byLength: Entry<T>[][] = []
  for (const [name, value] of entries) {
    const bytes = ascii.encode(name)
    while (byLength.length <= bytes.length) byLength.push([])
    byLength[bytes.length]?.push({ bytes, value })
  }
  return { byLength }
}

/** The value under the name that `bytes[start]` … `bytes[start + length - 1]` spell, or undefined. */
export function findName<T>(index: NameIndex<T>, bytes: Uint8Array, start: number, length: number): T | undefined {
  const entries = index.byLength[length]
  if (entries === undefined) return undefined
  for (let e = 0; e < entries.length; e++) {
    const entry = entries[e]
    if (entry === undefined) continue
    const name = entry.bytes
    let i = 0
    while (i < length && name[i] === bytes[start + i]) i++
    if (i === length) return entry.value
  }
  return undefined
}
