import type { PhoneId } from '../../topics/index.js'
import { table, type Table } from './table.js'

/**
 * An index of texts by what they contain: one row for each position of a text that has three characters before it ends. The first level is
 * those three (`start`), the second {@link SuffixLevel}, the third who has the text. So a text that contains `anna` has a row whose key begins
 * with `<table>/ann/0a` or `<table>/ann/1a`.
 * @see docs/decisions/0118-people-are-found-by-suffixes.md
 */
export type SuffixTable = Table<[start: string, rest: SuffixLevel, holder: PhoneId], 0>

/** `0` where a word begins at the position, else `1`, then what follows the three characters; `/` is U+0001, which no folded text holds. */
export type SuffixLevel = string

/** Names and surnames of rosters, folded. */
export const nameSuffixes: SuffixTable = table('suffix-names')
/** Nicks of rosters, folded. */
export const nickSuffixes: SuffixTable = table('suffix-nick')

/** Folded texts of a roster, as searches look through them; empty where there is none. */
export interface SearchedTexts {
  readonly names: string
  readonly nick: string
}

/** What the suffix rows of a roster were last made from; no row where there are none. */
export const indexedTexts = table<[roster: PhoneId], SearchedTexts>('indexed')
/**
 * Rosters whose suffix rows are yet to follow what they are called now. Where there is no row, those are right.
 * @see docs/decisions/0143-the-people-index-is-written-behind.md
 */
export const unindexed = table<[roster: PhoneId], 0>('unindexed')

/** What the rows of the people index were made by, under `index/people`. Rows of another making are made anew when the server starts. */
export const indexMakings = table<[name: string], string>('index')
