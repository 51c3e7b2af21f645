/** Bytes of a feed's head and of a message's place in it: big-endian doubles, which hold every safe integer. */
import type { Appended, Bytes, FeedHead } from '../contract.js'

/** `lastId`, `count`, `ordinal`. */
export function encodeFeedHead({ lastId, count, ordinal }: FeedHead): Bytes {
  return encodeThree(lastId, count, ordinal)
}

export function decodeFeedHead(bytes: Bytes | undefined): FeedHead {
  if (bytes === undefined) return { lastId: 0, count: 0, ordinal: 0 }
  const view = viewOf(bytes)
  return { lastId: view.getFloat64(0), count: view.getFloat64(8), ordinal: view.getFloat64(16) }
}

/** `previous`, `position`, `ordinal`; the id is in the row's key. */
export function encodeFeedPlace({ previous, position, ordinal }: Appended): Bytes {
  return encodeThree(previous, position, ordinal)
}

export function decodeFeedPlace(id: number, bytes: Bytes): Appended {
  const view = viewOf(bytes)
  return { id, previous: view.getFloat64(0), position: view.getFloat64(8), ordinal: view.getFloat64(16) }
}

function encodeThree(first: number, second: number, third: number): Bytes {
  const bytes = Buffer.allocUnsafe(24)
  bytes.writeDoubleBE(first, 0)
  bytes.writeDoubleBE(second, 8)
  bytes.writeDoubleBE(third, 16)
  return bytes
}

function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
