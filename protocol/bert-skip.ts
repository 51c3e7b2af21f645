import * as tags from './bert-tags.js'

/**
 * How a term goes on after its tag: bytes of its length, and what comes on top of the length. A length counts bytes, or terms within.
 */
interface Extent {
  readonly lengthBytes: number
  readonly more: number
  readonly counts: 'bytes' | 'terms'
}

const extent = (lengthBytes: number, more: number, counts: Extent['counts'] = 'bytes'): Extent => ({ lengthBytes, more, counts })

const extents: ReadonlyMap<number, Extent> = new Map([
  [tags.nil, extent(0, 0)],
  [tags.smallInteger, extent(0, 1)],
  [tags.integer, extent(0, 4)],
  [tags.newFloat, extent(0, 8)],
  [tags.floatText, extent(0, 31)],
  [tags.binary, extent(4, 0)],
  [tags.byteString, extent(2, 0)],
  [tags.atomLatin1, extent(2, 0)],
  [tags.atomUtf8, extent(2, 0)],
  [tags.smallAtomLatin1, extent(1, 0)],
  [tags.smallAtomUtf8, extent(1, 0)],
  [tags.smallBig, extent(1, 1)],
  [tags.largeBig, extent(4, 1)],
  [tags.smallTuple, extent(1, 0, 'terms')],
  [tags.largeTuple, extent(4, 0, 'terms')],
  [tags.list, extent(4, 1, 'terms')],
])

/** The position after `count` terms, or `end` if they do not end before. Reads no value; time grows with the bytes only. */
export function skipTerms(bytes: Buffer, from: number, end: number, count: number): number {
  let pos = from
  let left = count
  while (left > 0 && pos < end) {
    left--
    const form = extents.get(bytes[pos++] as number)
    if (form === undefined || pos + form.lengthBytes > end) return end
    const length = (form.lengthBytes === 0 ? 0 : bytes.readUIntBE(pos, form.lengthBytes)) + form.more
    pos += form.lengthBytes
    if (form.counts === 'terms') left += length
    else pos += length
  }
  return Math.min(pos, end)
}
