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
  const text = level(characters)
  let [at, startEnd] = [0, characters.slice(0, startLength - 1).join('').length]
  return characters.slice(startLength - 1).map((last, index) => {
    const beginsWord = index === 0 || !partOfWord.test(characters[index - 1] ?? '')
    startEnd += last.length
    const suffix = suffixOf(text.slice(at, startEnd), text.slice(startEnd), beginsWord)
    at += characters[index]?.length ?? 0
    return suffix
  })
}

/**
 * What the rows of texts that contain `folded` begin with: where a word begins with it, and elsewhere.
 * @returns nothing for what is longer than any text that is indexed, or shorter than three characters
 */
export function suffixesWith(folded: string): readonly Suffix[] {
  const characters = Array.from(folded)
  if (characters.length < startLength || characters.length > indexedLength) return []
  const [start, rest] = [level(characters.slice(0, startLength)), level(characters.slice(startLength))]
  return [suffixOf(start, rest, true), suffixOf(start, rest, false)]
}

const partOfWord = /[\p{L}\p{M}\p{N}]/u

function suffixOf(start: string, rest: string, beginsWord: boolean): Suffix {
  return { start, rest: (beginsWord ? '0' : '1') + rest }
}

/** As a level of a key: as many code units. */
function level(characters: readonly string[]): string {
  return characters.join('').replaceAll('/', '\u0001')
}
