import { nameSuffixes, nickSuffixes, type RosterDocument, type SearchedTexts, type SuffixTable } from '../documents/index.js'
import { foldText } from './fold.js'

/** What `like` looks through: which of the texts of a roster, and the rows by which it is found. */
export interface SearchedField {
  readonly name: keyof SearchedTexts
  readonly table: SuffixTable
  /** The text, folded; empty if there is none. */
  readonly textOf: (roster: RosterDocument) => string
}

export const searchedFields: Readonly<Record<keyof SearchedTexts, SearchedField>> = {
  names: { name: 'names', table: nameSuffixes, textOf: searchedNames },
  nick: { name: 'nick', table: nickSuffixes, textOf: searchedNick },
}

/** Names and surnames, folded, as `like` looks through them: with one space between. */
export function searchedNames({ names, surnames }: Pick<RosterDocument, 'names' | 'surnames'>): string {
  return foldText(`${names ?? ''} ${surnames ?? ''}`)
}

/** The nick, folded; empty if there is none. */
export function searchedNick({ nick }: Pick<RosterDocument, 'nick'>): string {
  return foldText(nick ?? '')
}
