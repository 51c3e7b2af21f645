import type { ByteRange } from '../files/index.js'

/** What a request asks of a file: the whole, a part, or nothing it has. */
export type AskedRange =
  { readonly kind: 'whole' } | { readonly kind: 'part'; readonly range: ByteRange } | { readonly kind: 'unsatisfiable' }

const whole: AskedRange = { kind: 'whole' }
const single = /^bytes=[ \t]*(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))[ \t]*$/

/**
 * Reads the Range of a request. One range is served; several, other units and what is malformed get the whole file, as a server may answer.
 * @param size bytes of the file
 * @param ifRange the part is wanted only of the file with this tag
 * @see RFC 9110, 13.1.5 and 14.2
 */
export function askedRange(header: string | undefined, size: number, ifRange: string | undefined, tag: string): AskedRange {
  const found = header === undefined ? null : single.exec(header)
  if (found === null || (ifRange !== undefined && ifRange !== tag)) return whole
  const [, from, to, suffix] = found
  if (from === undefined) {
    const length = Math.min(Number(suffix), size)
    return length === 0 ? { kind: 'unsatisfiable' } : part(size - length, size - 1)
  }
  const last = to === undefined || to === '' ? size - 1 : Number(to)
  if (last < Number(from) && to !== '') return whole
  return Number(from) >= size ? { kind: 'unsatisfiable' } : part(Number(from), Math.min(last, size - 1))
}

function part(first: number, last: number): AskedRange {
  return { kind: 'part', range: { first, last } }
}
