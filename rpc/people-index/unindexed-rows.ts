import type { PhoneId } from '../../topics/index.js'
import { rosters, unindexed } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { SearchedField } from './searched-fields.js'
import { type Suffix, suffixesOf, suffixesWith } from './suffixes.js'

/** A row of the index: a position of a text, and who has the text. */
export type SuffixRow = readonly [start: Suffix['start'], rest: Suffix['rest'], holder: PhoneId]

/** Rosters whose rows are yet to follow what they are called, and the rows they will have. */
export interface UnindexedRows {
  /** Stored rows of these are void. */
  readonly holders: ReadonlySet<PhoneId>
  /** Their rows, by the first level: of those that are searched for. */
  readonly rows: ReadonlyMap<string, readonly SuffixRow[]>
}

/** Rosters that a search looks through because they are not indexed yet; those behind them are found once they are. */
const maxUnindexed = 1_000

/**
 * Reads who is not indexed. What was committed before is either told here, or in the stored rows if those are read afterwards.
 * @param values folded
 */
export async function readUnindexed(facts: FactReader, { textOf }: SearchedField, values: readonly string[]): Promise<UnindexedRows> {
  const listed = await facts.scan(unindexed, [], maxUnindexed)
  const holders = listed.map(({ key: [holder] }) => holder)
  const stored = await Promise.all(holders.map((holder) => facts.peek(rosters, holder)))
  const rows = new Map(values.flatMap(suffixesWith).map(({ start }): [string, SuffixRow[]] => [start, []]))
  for (const [i, holder] of holders.entries()) {
    const roster = stored[i]
    const text = roster === undefined ? '' : textOf(roster)
    if (!values.some((value) => text.includes(value))) continue
    for (const { start, rest } of suffixesOf(text)) rows.get(start)?.push([start, rest, holder])
  }
  return { holders: new Set(holders), rows }
}
