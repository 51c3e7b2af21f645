/**
 * Bytes of an inbox's head and of its chunks, and of the list of its news.
 *
 * A chunk holds consecutive entries that were added together, so that sixteen answers to one device cost one write:
 * a count (4 bytes), then for each entry its flags (1), message id (8, double), topic length (2), body length (4); of news its key (6); of what
 * is noted if it is lost, since when (8, double), length (2) and name; then topic and body. The number of its first entry is in the row's key. All
 * numbers are big-endian. The flags of an empty place are 0, and nothing but lengths of 0 follows; a chunk of empty places alone is not kept.
 */
import { bufferOf } from '../../protocol/index.js'
import type { Bytes, Delivery, InboxEntry, Loss } from '../contract.js'
import { headBytes, newHead, readHead, type StoredHead, writeHead } from '../inbox-head-bytes.js'
import { newsKey, newsKeyBytes } from '../news-key.js'

/** The head of an inbox and what the table holds of it. */
export interface InboxRow {
  readonly last: number
  /** No chunk that lies in the table begins before this number. */
  readonly oldest: number
  readonly head: StoredHead
}

/** Two doubles, the first of them -1 - last, then the bytes of a head. */
export function encodeInboxRow({ last, oldest, head }: InboxRow): Bytes {
  const bytes = Buffer.allocUnsafe(rowBytes + headBytes(head))
  bytes.writeDoubleBE(-1 - last, 0)
  bytes.writeDoubleBE(oldest, 8)
  writeHead(bytes, rowBytes, head)
  return bytes
}

export function decodeInboxRow(bytes: Bytes): InboxRow {
  const view = bufferOf(bytes)
  const first = view.readDoubleBE(0)
  return first < 0 ? { last: -1 - first, oldest: view.readDoubleBE(8), head: readHead(view, rowBytes) } : decodeFormerRow(view)
}

/** Six doubles, then the holder: a row from before there were empty places. All of such an inbox may have been sent. */
function decodeFormerRow(view: Buffer): InboxRow {
  const [last = 0, settledTo = 0, releasedTo = 0, dropped = 0, oldest = 0, epoch = 0] = [0, 8, 16, 24, 32, 40].map((at) =>
    view.readDoubleBE(at),
  )
  const head = { ...newHead, settledTo, releasedTo, dropped, epoch, sentTo: last, holder: view.toString('utf8', 48) }
  return { last, oldest, head }
}

/** An entry as a chunk holds it. */
export interface ChunkEntry extends InboxEntry {
  /** Key of its news; undefined for a message. */
  readonly news: number | undefined
  readonly loss: Loss | undefined
  /** Bytes that it takes in a chunk. */
  readonly size: number
}

/** An entry that is not in a chunk yet; undefined for an empty place. */
export type NewEntry = Omit<ChunkEntry, 'number'> | undefined

export function newEntry({ topic, qos, body, news, loss }: Delivery, messageId: number): NonNullable<NewEntry> {
  const more = (news === undefined ? 0 : newsKeyBytes) + (loss === undefined ? 0 : lossHeadBytes + Buffer.byteLength(loss.of))
  const size = entryHeadBytes + more + Buffer.byteLength(topic) + body.byteLength
  return { topic, qos, body, messageId, news: news === undefined ? undefined : newsKey(news), loss, size }
}

/** Bytes that an entry or an empty place takes in a chunk. */
export function sizeOf(entry: NewEntry): number {
  return entry?.size ?? entryHeadBytes
}

/** A chunk of these entries; undefined if all of them are empty places. */
export function encodeChunk(entries: readonly NewEntry[]): Bytes | undefined {
  let size = countBytes
  let isEmpty = true
  for (const entry of entries) {
    size += sizeOf(entry)
    if (entry !== undefined) isEmpty = false
  }
  if (isEmpty) return undefined
  const bytes = Buffer.allocUnsafe(size)
  let at = bytes.writeUInt32BE(entries.length, 0)
  for (const entry of entries) at = writeEntry(bytes, at, entry)
  return bytes
}

function writeEntry(bytes: Buffer, start: number, entry: NewEntry): number {
  if (entry === undefined) {
    bytes.fill(0, start, start + entryHeadBytes)
    return start + entryHeadBytes
  }
  const { qos, topic, body, messageId, news, loss } = entry
  bytes[start] = qos | (news === undefined ? 0 : isNews) | (loss === undefined ? 0 : hasLoss)
  bytes.writeDoubleBE(messageId, start + 1)
  bytes.writeUInt32BE(body.byteLength, start + 11)
  let at = start + entryHeadBytes
  if (news !== undefined) at = bytes.writeUIntBE(news, at, newsKeyBytes)
  if (loss !== undefined) {
    const ofBytes = bytes.write(loss.of, at + lossHeadBytes)
    bytes.writeDoubleBE(loss.since, at)
    bytes.writeUInt16BE(ofBytes, at + 8)
    at += lossHeadBytes + ofBytes
  }
  const topicBytes = bytes.write(topic, at)
  bytes.writeUInt16BE(topicBytes, start + 9)
  bytes.set(body, at + topicBytes)
  return at + topicBytes + body.byteLength
}

/** How many places a chunk holds, empty ones among them. */
export function chunkCount(bytes: Bytes): number {
  return bufferOf(bytes).readUInt32BE(0)
}

/** The entries of a chunk whose first place has the number `first`, those up to `after` left out. */
export function decodeChunk(first: number, chunk: Bytes, after: number): ChunkEntry[] {
  return decodePlaces(first, chunk, after).flatMap((entry) => entry ?? [])
}

/** A chunk without the entry `number`: it becomes an empty place. Undefined if no other entry is left. */
export function emptyPlace(first: number, chunk: Bytes, number: number): Bytes | undefined {
  return encodeChunk(decodePlaces(first, chunk, 0).map((entry, place) => (first + place === number ? undefined : entry)))
}

function decodePlaces(first: number, chunk: Bytes, after: number): (ChunkEntry | undefined)[] {
  const bytes = bufferOf(chunk)
  const entries: (ChunkEntry | undefined)[] = []
  let at = countBytes
  for (let number = first; number < first + chunkCount(chunk); number++) {
    const flags = bytes[at] ?? 0
    const newsAt = at + entryHeadBytes
    const lossAt = newsAt + ((flags & isNews) === 0 ? 0 : newsKeyBytes)
    const topicAt = lossAt + ((flags & hasLoss) === 0 ? 0 : lossHeadBytes + bytes.readUInt16BE(lossAt + 8))
    const bodyAt = topicAt + bytes.readUInt16BE(at + 9)
    const end = bodyAt + bytes.readUInt32BE(at + 11)
    if (number > after) {
      const news = lossAt === newsAt ? undefined : bytes.readUIntBE(newsAt, newsKeyBytes)
      const loss = topicAt === lossAt ? undefined : lossIn(bytes, lossAt, topicAt)
      const [topic, body] = [bytes.toString('utf8', topicAt, bodyAt), bytes.subarray(bodyAt, end)]
      entries.push(
        flags === 0
          ? undefined
          : { number, topic, qos: (flags & 3) === 1 ? 1 : 2, body, messageId: bytes.readDoubleBE(at + 1), news, loss, size: end - at },
      )
    }
    at = end
  }
  return entries
}

function lossIn(bytes: Buffer, at: number, end: number): Loss {
  return { of: bytes.toString('utf8', at + lossHeadBytes, end), since: bytes.readDoubleBE(at) }
}

/** News in an inbox: its number, its key, and the first number of the chunk it lies in. */
export interface ListedNews {
  readonly number: number
  readonly key: number
  readonly chunk: number
}

/** Three doubles for each, by ascending number. */
export function encodeNewsList(list: readonly ListedNews[]): Bytes {
  const bytes = Buffer.allocUnsafe(24 * list.length)
  list.forEach(({ number, key, chunk }, place) => {
    bytes.writeDoubleBE(number, 24 * place)
    bytes.writeDoubleBE(key, 24 * place + 8)
    bytes.writeDoubleBE(chunk, 24 * place + 16)
  })
  return bytes
}

export function decodeNewsList(bytes: Bytes): ListedNews[] {
  const view = bufferOf(bytes)
  return Array.from({ length: view.length / 24 }, (_, place) => ({
    number: view.readDoubleBE(24 * place),
    key: view.readDoubleBE(24 * place + 8),
    chunk: view.readDoubleBE(24 * place + 16),
  }))
}

/** For each since when (8, double), length (2) and name. */
export function encodeLosses(losses: ReadonlyMap<string, number>): Bytes {
  return Buffer.concat(
    [...losses].map(([of, since]) => {
      const head = Buffer.allocUnsafe(lossHeadBytes)
      head.writeDoubleBE(since, 0)
      head.writeUInt16BE(Buffer.byteLength(of), 8)
      return Buffer.concat([head, Buffer.from(of)])
    }),
  )
}

export function decodeLosses(bytes: Bytes): Map<string, number> {
  const view = bufferOf(bytes)
  const losses = new Map<string, number>()
  for (let at = 0; at < view.length;) {
    const end = at + lossHeadBytes + view.readUInt16BE(at + 8)
    const { of, since } = lossIn(view, at, end)
    losses.set(of, since)
    at = end
  }
  return losses
}

const rowBytes = 16
const countBytes = 4
const entryHeadBytes = 15
const lossHeadBytes = 10
/** Flags of an entry beside its quality of service. */
const isNews = 4
const hasLoss = 8
