/**
 * A text as searches compare it: NFKC and full case fold, without what is not seen, each run of white space one space, none at the ends. Two
 * texts that differ in case, width or the like fold to the same (ß and SS, ς and Σ); accents count. Where Unicode leaves it to the language which
 * letters are a pair, i, ı, I and İ are one letter. Nothing else depends on a language.
 * @returns well-formed, without control characters
 * @see Unicode 15, 3.13, default caseless matching; docs/protocol/rpc.md 12
 */
export function foldText(text: string): string {
  const folded = foldCase(text.normalize('NFKC').replace(unseen, ''))
  return folded.replace(dottedI, 'i').normalize('NFKC').replace(blanks, ' ').trim()
}

/** What İ is in lower case: Turkish alone has the letter, and writes its small form without the mark. */
const dottedI = /i\u0307+/g

/** Lone surrogates, and characters that are not displayed. */
const unseen = /[\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
const blanks = /[\s\p{Cc}]+/gu

/** Down, up and down again, because ẞ has only its lower case spread to ss (ı becomes i on the way); character by character, because of the final sigma. */
function foldCase(text: string): string {
  return Array.from(text.toLowerCase().toUpperCase(), (character) => character.toLowerCase()).join('')
}
