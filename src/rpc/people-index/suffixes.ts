import { limits } from '../../protocol/index.js'
import type { SuffixLevel } from '../documents/index.js'

/** A position of a text, as an index row names it. */
export interface Suffix {
  readonly start: string
  readonly rest: SuffixLevel
}

/** Characters of the first level of an index row, fewest that a search by `like` may have. */
const startLength = limits.searchLikeMin

/**
 * Characters of a folded text that are indexed. Names and surnames have 65 at most with the space between; only of those that NFKC spreads
 * over more than twice as many is the end not found.
 */
const indexedLength = 128

/** Every position of a folded text that has three characters before the end. */
export function suffixesOf(folded: string): readonly Suffix[] {
  const characters = Array.from(folded).slice(0, indexedLength)
  return characters.slice(startLength - 1).map((_, at) => {
    const beginsWord = at === 0 || !partOfWord.test(characters[at - 1] ?? '')
    return suffix(characters.slice(at), beginsWord)
  })
}

/**
 * What the rows of texts that contain `folded` begin with: where a word begins with it, and elsewhere.
 * @returns nothing for what is longer than any text that is indexed, or shorter than three characters
 */
export function suffixesWith(folded: string): readonly Suffix[] {
  const characters = Array.from(folded)
  if (characters.length < startLength || characters.length > indexedLength) return []
  return [suffix(characters, true), suffix(characters, false)]
}

const partOfWord = /[\p{L}\p{M}\p{N}]/u

function suffix(characters: readonly string[], beginsWord: boolean): Suffix {
  return { start: level(characters.slice(0, startLength)), rest: (beginsWord ? '0' : '1') + level(characters.slice(startLength)) }
}

function level(characters: readonly string[]): string {
  return characters.join('').replaceAll('/', '\u0001')
}
