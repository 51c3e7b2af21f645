/**
 * Erlang terms as flows.md writes them, and patterns of them: a pattern may hold variables (`PA`, `T1`, `_`) and calls of macros (`D(…)`).
 * Kept apart from the terms of `protocol`, so that the flows compare what is on the wire with a second reading of it.
 */
export type Pattern =
  | Term
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly item: Pattern }
  | Nested<Pattern>

export type Term =
  | { readonly kind: 'atom'; readonly name: string }
  | { readonly kind: 'binary'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | Nested<Term>

interface Nested<Item> {
  readonly kind: 'list' | 'tuple'
  readonly items: readonly Item[]
}

const token = /\s*(?:(<<(?:"((?:[^"\\]|\\.)*)")?>>)|'([^']*)'|([a-z][\w]*)|([A-Z_]\w*)|(-?\d+\.\d+)|(-?\d+)|([{}[\](),]))/y

/** Reads one pattern from its text. @throws if the text is none: the mistake is in the test */
export function parsePattern(text: string): Pattern {
  let at = 0

  function next(): RegExpExecArray {
    token.lastIndex = at
    const found = token.exec(text)
    if (found === null) throw new SyntaxError(`no term at ${String(at)} of ${text}`)
    at = token.lastIndex
    return found
  }

  function items(end: string): Pattern[] {
    const read: Pattern[] = []
    for (;;) {
      const before = at
      const [, , , , , , , , mark] = next()
      if (mark === end) return read
      if (mark !== ',' || read.length === 0) at = before
      read.push(term())
    }
  }

  function term(): Pattern {
    const [, binary, content, quoted, atom, variable, float, integer, mark] = next()
    if (binary !== undefined) return { kind: 'binary', text: (content ?? '').replaceAll(/\\(.)/g, '$1') }
    if (quoted !== undefined || atom !== undefined) return { kind: 'atom', name: quoted ?? atom ?? '' }
    if (float !== undefined) return { kind: 'float', value: Number(float) }
    if (integer !== undefined) return { kind: 'integer', value: Number(integer) }
    if (mark === '[') return { kind: 'list', items: items(']') }
    if (mark === '{') return { kind: 'tuple', items: items('}') }
    if (variable === undefined) throw new SyntaxError(`unexpected ${String(mark)} at ${String(at)} of ${text}`)
    if (text[at] !== '(') return { kind: 'variable', name: variable }
    at++
    const [item] = items(')')
    if (item === undefined) throw new SyntaxError(`${variable} needs a term in ${text}`)
    return { kind: 'call', name: variable, item }
  }

  const read = term()
  if (text.slice(at).trim() !== '') throw new SyntaxError(`more than one term: ${text}`)
  return read
}

/** The text of a term or pattern. */
export function show(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'atom':
      return /^[a-z]\w*$/.test(pattern.name) ? pattern.name : `'${pattern.name}'`
    case 'binary':
      return pattern.text === '' ? '<<>>' : `<<${JSON.stringify(pattern.text)}>>`
    case 'integer':
    case 'float':
      return String(pattern.value)
    case 'variable':
      return pattern.name
    case 'call':
      return `${pattern.name}(${show(pattern.item)})`
    case 'list':
      return `[${pattern.items.map(show).join(',')}]`
    case 'tuple':
      return `{${pattern.items.map(show).join(',')}}`
  }
}
