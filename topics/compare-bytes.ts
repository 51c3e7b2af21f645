import { unitAt } from './unit-at.js'

/**
 * Compares two texts as their UTF-8 bytes would compare: negative, zero or positive.
 * JavaScript's own order differs for characters beyond U+FFFF, whose surrogates sort before U+E000.
 * @see docs/protocol/topics.md 6
 */
export function compareBytes(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const left = unitAt(a, i)
    const right = unitAt(b, i)
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Moves surrogates behind all other units, which is where the characters they stand for belong. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
