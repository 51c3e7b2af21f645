import type { Put } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { nameSuffixes, nickSuffixes, type RosterDocument, rosters, type SuffixTable } from '../documents/index.js'
import { foldText } from './fold.js'
import { type Suffix, suffixesOf } from './suffixes.js'

/**
 * Stores a roster, or removes it where `after` is undefined, together with the rows by which it is found. Whoever stores a roster does it by
 * this. Its nick is reserved elsewhere (`roster-nick.ts`).
 * @param before the roster as it is stored, which the commit must rest on; undefined if it is new
 */
export function putRoster(before: RosterDocument | undefined, after: RosterDocument | undefined, phoneId: PhoneId): readonly Put[] {
  return [after === undefined ? rosters.remove(phoneId) : rosters.put(after, phoneId), ...indexPuts(before, after, phoneId)]
}

/** The changes of the people index that lead from one state of a roster to another. */
export function indexPuts(before: RosterDocument | undefined, after: RosterDocument | undefined, phoneId: PhoneId): readonly Put[] {
  return [
    ...(isSameName(before, after) ? [] : suffixPuts(nameSuffixes, searchedNames(before), searchedNames(after), phoneId)),
    ...(before?.nick === after?.nick ? [] : suffixPuts(nickSuffixes, searchedNick(before), searchedNick(after), phoneId)),
  ]
}

function isSameName(before: RosterDocument | undefined, after: RosterDocument | undefined): boolean {
  return before?.names === after?.names && before?.surnames === after?.surnames
}

/** Names and surnames, folded, as `like` looks through them: with one space between. */
export function searchedNames(roster: Pick<RosterDocument, 'names' | 'surnames'> | undefined): string {
  return foldText(`${roster?.names ?? ''} ${roster?.surnames ?? ''}`)
}

/** The nick, folded; empty if there is none. */
export function searchedNick(roster: Pick<RosterDocument, 'nick'> | undefined): string {
  return foldText(roster?.nick ?? '')
}

function suffixPuts(table: SuffixTable, before: string, after: string, phoneId: PhoneId): readonly Put[] {
  const old = byKey(table, before, phoneId)
  const now = byKey(table, after, phoneId)
  const gone = [...old].filter(([key]) => !now.has(key))
  const added = [...now].filter(([key]) => !old.has(key))
  return [
    ...gone.map(([, { start, rest }]) => table.remove(start, rest, phoneId)),
    ...added.map(([, { start, rest }]) => table.put(0, start, rest, phoneId)),
  ]
}

function byKey(table: SuffixTable, folded: string, phoneId: PhoneId): ReadonlyMap<string, Suffix> {
  return new Map(suffixesOf(folded).map((suffix) => [table.key(suffix.start, suffix.rest, phoneId), suffix]))
}
