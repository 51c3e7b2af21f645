import type { Bytes, FeedEntry, InboxEntry, StoreReader } from '../contract.js'
import { messageKey } from '../contract.js'
import type { Environment } from './environment.js'
import { decodeFeedHead, decodeFeedPlace } from './feed-rows.js'
import { decodeChunk, decodeInboxRow, decodeLosses } from './inbox-rows.js'
import { shownHead } from '../inbox-head-bytes.js'
import {
  documentRow,
  endOf,
  feedHeadRow,
  feedPlaceRow,
  inboxChunkRow,
  inboxHeadRow,
  inboxLossesRow,
  nameInRow,
  numberInRow,
  outboxRow,
} from './row-keys.js'

/** Reads of the LMDB engine: each on one snapshot, as new as can be; bytes handed out are copies. */
export function lmdbReader(environment: Environment): StoreReader {
  const { rows, read, peek, refresh } = environment
  const document = (key: string): Bytes | undefined => read(documentRow(key))
  return {
    get(key) {
      refresh()
      return document(key)
    },
    getMany(keys) {
      refresh()
      return keys.map(document)
    },
    scan(prefix, { limit, after }) {
      refresh()
      const isAfterInside = after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
      const start = documentRow(isAfterInside ? after : prefix)
      const range = rows.getRange({ start, end: endOf(documentRow(prefix)), exclusiveStart: isAfterInside, limit })
      return [...range].map(({ key, value }) => ({ key: nameInRow(key as string), value }))
    },
    feedHead(feed) {
      refresh()
      return decodeFeedHead(peek(feedHeadRow(feed)))
    },
    feedPlace(feed, id) {
      refresh()
      const place = peek(feedPlaceRow(feed, id))
      return place === undefined ? undefined : decodeFeedPlace(id, place)
    },
    feedPage(feed, page) {
      refresh()
      return feedPage(environment, feed, page)
    },
    inboxHead(client) {
      refresh()
      const bytes = peek(inboxHeadRow(client))
      if (bytes === undefined) return undefined
      const { head, last } = decodeInboxRow(bytes)
      return shownHead(head, last)
    },
    inboxPage(client, page) {
      refresh()
      return inboxPage(environment, client, page)
    },
    inboxLosses(client) {
      refresh()
      const row = peek(inboxLossesRow(client))
      return row === undefined ? [] : [...decodeLosses(row)].map(([of, since]) => ({ of, since }))
    },
    outboxPage(limit, after) {
      refresh()
      const range = rows.getRange({ start: outboxRow(after ?? ''), end: endOf(outboxRow('')), exclusiveStart: after !== undefined, limit })
      return [...range].map(({ key, value }) => ({ id: nameInRow(key as string), job: value }))
    },
  }
}

function feedPage(
  { rows, peek }: Environment,
  feed: string,
  { from, direction, limit, bytes = Infinity }: Parameters<StoreReader['feedPage']>[1],
): FeedEntry[] {
  const [first, last] = [feedPlaceRow(feed, 0), feedPlaceRow(feed, Number.MAX_SAFE_INTEGER)]
  const at = feedPlaceRow(feed, from)
  const range =
    direction === 'older'
      ? { start: from === 0 ? last : at, end: first, reverse: true, inclusiveEnd: true, limit }
      : { start: at, end: last, inclusiveEnd: true, limit }
  const places = [...rows.getRange(range)].map(({ key, value }) => decodeFeedPlace(numberInRow(key as string), value))
  const entries: FeedEntry[] = []
  let left = bytes
  for (const place of places) {
    const message = peek(documentRow(messageKey(place.id))) ?? none
    left -= message.byteLength
    if (left < 0 && entries.length > 0) break
    // A copy: the next read may write where this one was.
    entries.push({ ...place, message: Buffer.from(message) })
  }
  return direction === 'older' ? entries.reverse() : entries
}

function inboxPage(
  { rows, peek }: Environment,
  client: string,
  { after, limit, bytes = Infinity }: Parameters<StoreReader['inboxPage']>[1],
): InboxEntry[] {
  const head = peek(inboxHeadRow(client))
  if (head === undefined || limit <= 0) return []
  const from = Math.max(after, decodeInboxRow(head).head.settledTo)
  const entries: InboxEntry[] = []
  let left = bytes
  const end = inboxChunkRow(client, Number.MAX_SAFE_INTEGER)
  for (const { key, value } of rows.getRange({ start: chunkBefore(rows, client, from + 1), end, inclusiveEnd: true })) {
    for (const { number, topic, qos, body, messageId } of decodeChunk(numberInRow(key as string), value, from)) {
      left -= body.byteLength
      if (entries.length === limit || (left < 0 && entries.length > 0)) return entries
      entries.push({ number, topic, qos, body, messageId })
    }
  }
  return entries
}

/** The chunk that may hold `number`: the last one that begins at or before it. */
function chunkBefore(rows: Environment['rows'], client: string, number: number): string {
  const start = inboxChunkRow(client, number)
  for (const row of rows.getKeys({ start, end: inboxChunkRow(client, 0), reverse: true, limit: 1 })) return row as string
  return start
}

const none = Buffer.alloc(0)
