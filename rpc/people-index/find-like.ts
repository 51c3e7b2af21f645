import type { Key } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import type { SuffixTable } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { SearchedField } from './searched-fields.js'
import { type Suffix, suffixesWith } from './suffixes.js'
import { readUnindexed, type SuffixRow } from './unindexed-rows.js'

/** Rows read at once: few more than an answer holds. */
const pageRows = 64
/**
 * Rows read in one search, and one for each roster that is not indexed. Every row is a hit, so only those who have the text several times,
 * and those the asker may not find, are read without being shown. Where these are so many, not everybody else need be found.
 */
const maxRows = 1_000

/** What is wanted of those who are found. */
export interface Wanted<Found> {
  /** What is shown of one of them; undefined if the asker may not find them, and if they do not have the text any more. */
  readonly read: (holder: PhoneId) => Promise<Found | undefined>
  /** How many are returned at most. */
  readonly limit: number
}

/**
 * Finds those whose text contains one of `values`, each once: first those of whom a word begins with it. Whether they are indexed already
 * makes no difference.
 * @param values folded
 */
export async function findLike<Found>(
  facts: FactReader,
  field: SearchedField,
  values: readonly string[],
  { read, limit }: Wanted<Found>,
): Promise<readonly Found[]> {
  const seen = new Set<PhoneId>()
  const found: Found[] = []
  for await (const page of holdersOf(facts, field, values)) {
    const holders = [...new Set(page)].filter((holder) => !seen.has(holder))
    for (const holder of holders) seen.add(holder)
    const shown = await Promise.all(holders.map(read))
    found.push(...shown.filter((one) => one !== undefined))
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}

async function* holdersOf(facts: FactReader, field: SearchedField, values: readonly string[]): AsyncGenerator<readonly PhoneId[]> {
  const { table } = field
  // Before the rows: whoever is indexed meanwhile is told of here.
  const waiting = await readUnindexed(facts, field, values)
  let rowsLeft = maxRows + waiting.holders.size
  for (const { start, rest } of suffixesWithAny(values)) {
    const coming = inOrder(table, waiting.rows.get(start)?.filter(([, level]) => level.startsWith(rest)) ?? [])
    let after: Key | undefined
    do {
      const page = await facts.page(table, { parts: [start], begins: rest, limit: pageRows, ...(after === undefined ? {} : { after }) })
      after = page.next
      const stored = page.keys.filter(([, , holder]) => !waiting.holders.has(holder))
      const between = coming.splice(0, countUpTo(table, coming, after))
      yield (between.length === 0 ? stored : inOrder(table, [...stored, ...between])).map(([, , holder]) => holder)
      rowsLeft -= page.keys.length
      if (rowsLeft <= 0) return
    } while (after !== undefined)
  }
}

/** How many of `rows`, which are in order, are not behind `last`; all where there is no end. */
function countUpTo(table: SuffixTable, rows: readonly SuffixRow[], last: Key | undefined): number {
  if (last === undefined) return rows.length
  const end = Buffer.from(last)
  const count = rows.findIndex((row) => Buffer.compare(Buffer.from(table.key(...row)), end) > 0)
  return count === -1 ? rows.length : count
}

/** As a store sorts them: by the bytes of their keys. */
function inOrder(table: SuffixTable, rows: readonly SuffixRow[]): SuffixRow[] {
  if (rows.length < 2) return [...rows]
  return rows
    .map((row) => ({ row, bytes: Buffer.from(table.key(...row)) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ row }) => row)
}

/** Where words begin comes first, whichever value it is. */
function suffixesWithAny(values: readonly string[]): readonly Suffix[] {
  const suffixes = values.map(suffixesWith)
  return [0, 1].flatMap((rank) => suffixes.flatMap((ranks) => ranks[rank] ?? []))
}
