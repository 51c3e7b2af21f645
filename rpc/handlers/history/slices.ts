import { type AnyRecord, encode, type Encoding, limits } from '../../../protocol/index.js'

/** Bytes of an answer around its entries: tag, feed, numbers, in the longest codec. */
const envelopeBytes = 1_024

/** Cuts the entries of one page into runs that each fit one payload; at least one run, and at least one entry in each if there are any. */
export function slicesOf<R extends AnyRecord>(entries: readonly R[], encoding: Encoding): readonly (readonly R[])[] {
  const room = limits.payloadBytes - envelopeBytes
  const slices: R[][] = [[]]
  let left = room
  for (const entry of entries) {
    const bytes = encode(entry, encoding).length
    const current = slices.at(-1)
    if (current === undefined || (current.length > 0 && bytes > left)) {
      slices.push([entry])
      left = room - bytes
    } else {
      current.push(entry)
      left -= bytes
    }
  }
  return slices
}
