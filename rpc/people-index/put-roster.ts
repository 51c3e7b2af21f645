import type { Put } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { type RosterDocument, rosters, unindexed } from '../documents/index.js'

/**
 * Stores a roster, or removes it where `after` is undefined, and notes where it is no longer called what the people index knows. Whoever
 * stores a roster does it by this. Its nick is reserved elsewhere (`roster-nick.ts`).
 * @param before the roster as it is stored, which the commit must rest on; undefined if it is new
 * @see docs/decisions/0143-the-people-index-is-written-behind.md
 */
export function putRoster(before: RosterDocument | undefined, after: RosterDocument | undefined, phoneId: PhoneId): readonly Put[] {
  const put = after === undefined ? rosters.remove(phoneId) : rosters.put(after, phoneId)
  return isCalledTheSame(before, after) ? [put] : [put, unindexed.put(0, phoneId)]
}

/** Nobody is found by a roster without a name: it is called what one is that is not there. */
function isCalledTheSame(before: RosterDocument | undefined, after: RosterDocument | undefined): boolean {
  return (['names', 'surnames', 'nick'] as const).every((field) => (before?.[field] ?? null) === (after?.[field] ?? null))
}
