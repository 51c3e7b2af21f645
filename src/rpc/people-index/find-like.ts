import type { Key } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import type { SuffixTable } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { type Suffix, suffixesWith } from './suffixes.js'

/** Rows read at once: few more than an answer holds. */
const pageRows = 64
/**
 * Rows read in one search. Every row is a hit, so only those who have the text several times, and those the asker may not find, are read
 * without being shown. Where these are so many, not everybody else need be found.
 */
const maxRows = 1_000

/** What is wanted of those who are found. */
export interface Wanted<Found> {
  /** What is shown of one of them; undefined if the asker may not find them. */
  readonly read: (holder: PhoneId) => Promise<Found | undefined>
  /** How many are returned at most. */
  readonly limit: number
}

/**
 * Finds those whose indexed text contains one of `values`, each once: first those of whom a word begins with it.
 * @param values folded
 */
export async function findLike<Found>(
  facts: FactReader,
  table: SuffixTable,
  values: readonly string[],
  { read, limit }: Wanted<Found>,
): Promise<readonly Found[]> {
  const seen = new Set<PhoneId>()
  const found: Found[] = []
  for await (const page of holdersOf(facts, table, values)) {
    const holders = [...new Set(page)].filter((holder) => !seen.has(holder))
    for (const holder of holders) seen.add(holder)
    const shown = await Promise.all(holders.map(read))
    found.push(...shown.filter((one) => one !== undefined))
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}

async function* holdersOf(facts: FactReader, table: SuffixTable, values: readonly string[]): AsyncGenerator<readonly PhoneId[]> {
  let rowsLeft = maxRows
  for (const { start, rest } of suffixesWithAny(values)) {
    let after: Key | undefined
    do {
      const page = await facts.page(table, { parts: [start], begins: rest, limit: pageRows, ...(after === undefined ? {} : { after }) })
      yield page.keys.map(([, , holder]) => holder)
      rowsLeft -= page.keys.length
      if (rowsLeft <= 0) return
      after = page.next
    } while (after !== undefined)
  }
}

/** Where words begin comes first, whichever value it is. */
function suffixesWithAny(values: readonly string[]): readonly Suffix[] {
  const suffixes = values.map(suffixesWith)
  return [0, 1].flatMap((rank) => suffixes.flatMap((ranks) => ranks[rank] ?? []))
}
