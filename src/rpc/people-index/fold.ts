/**
 * A text as searches compare it: NFKC and case fold, without what is not seen, each run of white space one space, none at the ends. Two texts
 * that differ in case, width or the like fold to the same; accents count.
 * @returns well-formed, without control characters
 * @see Unicode 15, 3.13, default caseless matching; docs/protocol/rpc.md 12
 */
export function foldText(text: string): string {
  return foldCase(text.normalize('NFKC').replace(unseen, '')).normalize('NFKC').replace(blanks, ' ').trim()
}

/** Lone surrogates, and characters that are not displayed. */
const unseen = /[\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
const blanks = /[\s\p{Cc}]+/gu

/** Down, up and down again, because ẞ has only its lower case spread to ss; character by character, because of the final sigma. */
function foldCase(text: string): string {
  return Array.from(text.toLowerCase().toUpperCase(), (character) => character.toLowerCase()).join('')
}
