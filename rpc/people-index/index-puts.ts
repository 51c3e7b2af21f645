import type { Put } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { indexedTexts, type RosterDocument, type SearchedTexts, type SuffixTable } from '../documents/index.js'
import { searchedFields } from './searched-fields.js'
import { type Suffix, suffixesOf } from './suffixes.js'

const none: SearchedTexts = { names: '', nick: '' }

/**
 * The changes of the people index that lead from what it holds of a roster to what the roster is called.
 * @param known what its rows were last made from; undefined if it has none
 * @param roster undefined if it is gone
 */
export function indexPuts(known: SearchedTexts | undefined, roster: RosterDocument | undefined, phoneId: PhoneId): readonly Put[] {
  const was = known ?? none
  const now = roster === undefined ? none : textsOf(roster)
  const changed = Object.values(searchedFields).filter(({ name }) => was[name] !== now[name])
  if (changed.length === 0) return []
  return [
    ...changed.flatMap(({ name, table }) => suffixPuts(table, was[name], now[name], phoneId)),
    now.names === '' && now.nick === '' ? indexedTexts.remove(phoneId) : indexedTexts.put(now, phoneId),
  ]
}

function textsOf(roster: RosterDocument): SearchedTexts {
  return { names: searchedFields.names.textOf(roster), nick: searchedFields.nick.textOf(roster) }
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
