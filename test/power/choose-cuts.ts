import type { Seeded } from '../faults/seeded.js'
import type { Recorded } from './recording.js'

/** How many records after a start are looked at closely. */
const early = 60

/**
 * After which records the power is cut, ascending: a third anywhere, a third right after an acknowledgement, which nothing may undo, and a
 * third between a start and the first sync that it ends, with what the process before had not flushed still in the page cache.
 */
export function chooseCuts(records: readonly Recorded[], count: number, random: Seeded): readonly number[] {
  const anywhere = [...records.keys()]
  const acknowledged = anywhere.filter((index) => records[index]?.kind === 'acknowledged')
  const starts = [-1, ...anywhere.filter((index) => records[index]?.kind === 'death')].map((index) => index + 1)
  const young = starts.flatMap((start) => anywhere.slice(start, start + early))
  return Array.from({ length: count }, (_, place) => {
    const candidates = [anywhere, acknowledged, young][place % 3] ?? anywhere
    const among = candidates.length === 0 ? anywhere : candidates
    return among[random.integer(0, among.length - 1)] ?? 0
  }).sort((a, b) => a - b)
}
