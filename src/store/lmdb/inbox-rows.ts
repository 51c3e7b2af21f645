/**
 * Bytes of an inbox's head and of its chunks.
 *
 * A chunk holds consecutive entries that were added together, so that sixteen answers to one device cost one write:
 * a count (4 bytes), then for each entry its quality of service (1), message id (8, double), topic length (2), body length (4), topic, body.
 * The number of its first entry is in the row's key. All numbers are big-endian.
 */
import type { Bytes, Delivery, InboxEntry, InboxHead } from '../contract.js'

/** An inbox head as it is stored: `oldest` is the first number of the oldest chunk that still lies in the table, `last + 1` if none does. */
export interface StoredInboxHead extends InboxHead {
  readonly oldest: number
}

/** A delivery whose message reference has become an id. */
export interface NewEntry {
  readonly delivery: Delivery
  readonly messageId: number
  /** Bytes that it takes in a chunk. */
  readonly size: number
}

/** Six doubles, then the holder. */
export function encodeInboxHead({ last, settledTo, releasedTo, dropped, oldest, epoch, holder }: StoredInboxHead): Bytes {
  const bytes = Buffer.allocUnsafe(headBytes + Buffer.byteLength(holder))
  bytes.writeDoubleBE(last, 0)
  bytes.writeDoubleBE(settledTo, 8)
  bytes.writeDoubleBE(releasedTo, 16)
  bytes.writeDoubleBE(dropped, 24)
  bytes.writeDoubleBE(oldest, 32)
  bytes.writeDoubleBE(epoch, 40)
  bytes.write(holder, headBytes)
  return bytes
}

export function decodeInboxHead(bytes: Bytes): StoredInboxHead {
  const view = bufferOf(bytes)
  return {
    last: view.readDoubleBE(0),
    settledTo: view.readDoubleBE(8),
    releasedTo: view.readDoubleBE(16),
    dropped: view.readDoubleBE(24),
    oldest: view.readDoubleBE(32),
    epoch: view.readDoubleBE(40),
    holder: view.toString('utf8', headBytes),
  }
}

export function newEntry(delivery: Delivery, messageId: number): NewEntry {
  return { delivery, messageId, size: entryHeadBytes + Buffer.byteLength(delivery.topic) + delivery.body.byteLength }
}

export function encodeChunk(entries: readonly NewEntry[]): Bytes {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, { size }) => sum + size, countBytes))
  let at = bytes.writeUInt32BE(entries.length, 0)
  for (const { delivery, messageId } of entries) at = writeEntry(bytes, at, delivery, messageId)
  return bytes
}

function writeEntry(bytes: Buffer, start: number, { qos, topic, body }: Delivery, messageId: number): number {
  const topicAt = start + entryHeadBytes
  const topicBytes = bytes.write(topic, topicAt)
  bytes[start] = qos
  bytes.writeDoubleBE(messageId, start + 1)
  bytes.writeUInt16BE(topicBytes, start + 9)
  bytes.writeUInt32BE(body.byteLength, start + 11)
  bytes.set(body, topicAt + topicBytes)
  return topicAt + topicBytes + body.byteLength
}

/** How many entries a chunk holds. */
export function chunkCount(bytes: Bytes): number {
  return bufferOf(bytes).readUInt32BE(0)
}

/** The entries of a chunk whose first one has the number `first`, those up to `after` left out. */
export function decodeChunk(first: number, chunk: Bytes, after: number): InboxEntry[] {
  const bytes = bufferOf(chunk)
  const entries: InboxEntry[] = []
  let at = countBytes
  for (let number = first; number < first + chunkCount(chunk); number++) {
    const topicAt = at + entryHeadBytes
    const bodyAt = topicAt + bytes.readUInt16BE(at + 9)
    const end = bodyAt + bytes.readUInt32BE(at + 11)
    if (number > after) {
      entries.push({
        number,
        topic: bytes.toString('utf8', topicAt, bodyAt),
        qos: bytes[at] === 1 ? 1 : 2,
        body: bytes.subarray(bodyAt, end),
        messageId: bytes.readDoubleBE(at + 1),
      })
    }
    at = end
  }
  return entries
}

const headBytes = 48
const countBytes = 4
const entryHeadBytes = 15

function bufferOf(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
