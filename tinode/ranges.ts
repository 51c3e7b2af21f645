/** Ranges of messages by number. @see docs/protocol/tinode.md 8 */

/** From `low` on, up to but without `hi`. */
export interface Range {
  readonly low: number
  readonly hi: number
}

/** As it comes: without `hi`, or with the number behind `low`, it is one message. */
export interface GivenRange {
  readonly low?: number | undefined
  readonly hi?: number | undefined
}

/** So many messages may be deleted at once, unless they are one range. */
const mostDeleted = 1_024

/** Sorted, without what touches or overlaps. */
export function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: { low: number; hi: number }[] = []
  for (const { low, hi } of [...ranges].sort((one, other) => one.low - other.low)) {
    const last = merged.at(-1)
    if (last !== undefined && low <= last.hi) last.hi = Math.max(last.hi, hi)
    else merged.push({ low, hi })
  }
  return merged
}

/** How many messages they have. */
export function count(ranges: readonly Range[]): number {
  return ranges.reduce((all, { low, hi }) => all + hi - low, 0)
}

/**
 * The ranges of a deletion.
 * @param last the number of the last message
 * @returns undefined where they cannot be: none, below 1 or beyond the last, backwards, or too many messages in more than one
 */
export function deletedRanges(given: readonly GivenRange[], last: number): readonly Range[] | undefined {
  const ranges: Range[] = []
  for (const { low = 0, hi } of given) {
    if (!Number.isSafeInteger(low) || low <= 0 || low > last) return undefined
    const end = hi === undefined || hi === 0 ? low + 1 : hi
    if (!Number.isSafeInteger(end) || end <= low) return undefined
    ranges.push({ low, hi: Math.min(end, last + 1) })
  }
  const merged = merge(ranges)
  if (merged.length === 0 || (merged.length > 1 && count(merged) > mostDeleted)) return undefined
  return merged
}

/** As it is sent: `hi` is left out of one message. */
export function shownRange({ low, hi }: Range): GivenRange {
  return hi === low + 1 ? { low } : { low, hi }
}
