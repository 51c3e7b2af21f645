/** Characters that would command the terminal, or turn the direction of what follows. */
const commanding = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu

/** Text of others as it may be printed; a further line is indented, so that it cannot pass for a line of ours. */
export function printable(text: string): string {
  return text.replaceAll(commanding, (character) => (character === '\n' ? '\n    ' : character === '\t' ? ' ' : '\uFFFD'))
}

/** The same within JSON: an escape in the place of each such character. */
export function printableJson(json: string): string {
  return json.replaceAll(commanding, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
