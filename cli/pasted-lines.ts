/** Stands for the end of a line within what was pasted, as long as it is being typed. */
export const pastedLineEnd = '⏎'

const begin = '\x1b[200~'
const end = '\x1b[201~'

/** What a terminal is told, so that it marks what is pasted, and that it need not any more. */
export const bracketedPaste = { on: '\x1b[?2004h', off: '\x1b[?2004l' } as const

/**
 * Reads what a terminal sends and keeps pasted lines together: their ends become {@link pastedLineEnd}, so that they are one line to be sent with
 * Enter. Pasted is what the terminal marks so; where it marks nothing, a piece that goes on behind the end of a line, which no hand can type.
 */
export function newPasteReader(): (piece: string) => string {
  let isPasting = false
  let rest = ''
  return (piece) => {
    let text = rest + piece
    rest = markBegunIn(text, isPasting || text.includes(begin) ? 1 : 2)
    text = text.slice(0, text.length - rest.length)
    let typed = ''
    while (text !== '') {
      const mark = isPasting ? end : begin
      const at = text.indexOf(mark)
      const part = at < 0 ? text : text.slice(0, at)
      typed += isPasting ? joined(part, at >= 0) : unmarked(part)
      text = at < 0 ? '' : text.slice(at + mark.length)
      if (at >= 0) isPasting = !isPasting
    }
    return typed
  }
}

/** Within a mark: an end of a line that nothing follows is left out. */
function joined(part: string, isLast: boolean): string {
  return (isLast ? part.replace(/[\r\n]+$/, '') : part).replace(/\r\n|\r|\n/g, pastedLineEnd)
}

/** Without marks: one Enter at the end is an Enter. */
function unmarked(part: string): string {
  const [, inside = '', enter = ''] = /^([^]*?)(\r\n|\r|\n|)$/.exec(part) ?? []
  return inside.replace(/\r\n|\r|\n/g, pastedLineEnd) + enter
}

/** The beginning of a mark that a piece ends with, `least` long: where nothing is pasted, the Escape key alone is none. */
function markBegunIn(text: string, least: number): string {
  for (let length = begin.length - 1; length >= least; length--) {
    const tail = text.slice(-length)
    if (tail.length === length && (begin.startsWith(tail) || end.startsWith(tail))) return tail
  }
  return ''
}
