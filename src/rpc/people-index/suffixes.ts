import type { SuffixLevel } from '../documents/index.js'

/** A position of a text, as an index row names it. */
export interface Suffix {
  readonly start: string
  readonly rest: SuffixLevel
}

/** Fewest characters that can be searched for by `like`. @see docs/protocol/rpc.md 12 */
export const startLength = 3

/** Every position of a folded text that has three characters, each suffix once. */
export function suffixesOf(folded: string): readonly Suffix[] {
  const characters = Array.from(folded)
  return characters.slice(startLength - 1).map((_, at) => {
    const beginsWord = at === 0 || !partOfWord.test(characters[at - 1] ?? '')
    return suffix(characters.slice(at), beginsWord)
  })
}

/** What the rows of texts that contain `folded` begin with: where a word begins with it, and elsewhere. It must have three characters. */
export function suffixesWith(folded: string): readonly [Suffix, Suffix] {
  const characters = Array.from(folded)
  return [suffix(characters, true), suffix(characters, false)]
}

const partOfWord = /[\p{L}\p{M}\p{N}]/u

function suffix(characters: readonly string[], beginsWord: boolean): Suffix {
  return { start: level(characters.slice(0, startLength)), rest: (beginsWord ? '0' : '1') + level(characters.slice(startLength)) }
}

function level(characters: readonly string[]): string {
  return characters.join('').replaceAll('/', '\u0001')
}
