/** Text with holes, such as `{"to":"{phone}"}`. A hole is a lower-case word in braces. */
export interface Template {
  /** Literal texts and names of holes, in turn, beginning and ending with a literal. */
  readonly pieces: readonly string[]
}

const hole = /\{([a-z]+)\}/

export function parseTemplate(text: string): Template {
  return { pieces: text.split(hole) }
}

export function holesOf({ pieces }: Template): readonly string[] {
  return pieces.filter((_, index) => index % 2 === 1)
}

/** Puts values into the holes, each escaped; what a value contains is never taken for a hole. A hole without a value stays empty. */
export function fillTemplate({ pieces }: Template, values: Readonly<Record<string, string>>, escape: (value: string) => string): string {
  return pieces.map((piece, index) => (index % 2 === 0 ? piece : escape(wellFormed(values[piece] ?? '')))).join('')
}

/** Replaces lone surrogates, which no encoding can carry. */
function wellFormed(value: string): string {
  return Buffer.from(value, 'utf8').toString('utf8')
}

/** For a URL's path or query, and for form bodies. */
export function escapeForUrl(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** For the inside of a JSON string. */
export function escapeForJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}
