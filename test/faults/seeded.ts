/** Numbers that look random and are the same in every run with the same seed. */
export interface Seeded {
  /** At least `low`, at most `high`. */
  integer(low: number, high: number): number
  bytes(length: number): Buffer
}

/** Mulberry32. */
export function newSeeded(seed: number): Seeded {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const integer = (low: number, high: number): number => low + (next() % (high - low + 1))
  return { integer, bytes: (length) => Buffer.from(Array.from({ length }, () => integer(0, 255))) }
}

/** A whole number of the environment, for longer runs than those of `npm test`. */
export function fromEnvironment(name: string, otherwise: number): number {
  const text = process.env[name]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise
}
