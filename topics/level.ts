import { unitAt } from './unit-at.js'

const plus = 0x2b
const hash = 0x23

/**
 * Whether `text` can stand as one level of a topic name: not empty, no `/`, `+`, `#` or U+0000, and encodable as UTF-8.
 * @see docs/protocol/topics.md 2, level
 */
export function isLevel(text: string): boolean {
  return text !== '' && !text.includes('/') && isPublishable(text)
}

/**
 * Whether `text` holds only what a topic name may hold: no wildcard, no U+0000, no half of a surrogate pair.
 * @see MQTT 3.1.1, 4.7.1 and 1.5.3
 */
export function isPublishable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = unitAt(text, i)
    if (unit > hash && unit < 0xd800 && unit !== plus) continue
    if (unit === 0 || unit === plus || unit === hash) return false
    if (unit < 0xd800 || unit > 0xdfff) continue
    if (unit > 0xdbff || !isLowSurrogate(unitAt(text, i + 1))) return false
    i++
  }
  return true
}

/** Where the level that begins at `start` ends: at the next slash, or at the end of the name. */
export function levelEnd(name: string, start: number): number {
  const end = name.indexOf('/', start)
  return end === -1 ? name.length : end
}

/** Whether `text` is one or more ASCII digits between `start` and `end`. */
export function isDigits(text: string, start = 0, end = text.length): boolean {
  if (start >= end) return false
  for (let i = start; i < end; i++) {
    const unit = unitAt(text, i)
    if (unit < 0x30 || unit > 0x39) return false
  }
  return true
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
