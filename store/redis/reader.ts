import { integerAt } from '../../protocol/index.js'
import type { Appended, Bytes, FeedEntry, InboxEntry, InboxHead, Row, StoreReader } from '../contract.js'
import { messageKey } from '../contract.js'
import { newHead, shownHead } from '../inbox-head-bytes.js'
import { newsKeyBytes } from '../news-key.js'
import type { Connection } from './connection.js'
import type { DocumentReads } from './document-reads.js'
import { storedHeadIn } from './head-in.js'
import { entryFlags } from './layout.js'
import type { Reply } from './link.js'

/** Reads of the Redis engine: each sees one moment, as new as can be; bytes handed out are copies. All throw StoreOutage while Redis is away. */
export function redisReader(connection: Connection, { getMany, documentIn }: DocumentReads): StoreReader {
  return {
    async get(key) {
      return (await getMany([key]))[0]
    },
    getMany,
    async scan(prefix, { limit, after }) {
      if (limit <= 0) return []
      const isAfterInside = after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
      const range = [isAfterInside ? `(${after}` : `[${prefix}`, endOf(prefix), bounded(limit)]
      const rows = await (mayHoldMessages(prefix)
        ? connection.read('scanMessages', [...range, prefix, after ?? ''])
        : connection.read('scan', range))
      return pairs(rows).flatMap(([name, stored]): Row[] => {
        const value = documentIn(stored)
        return value === undefined ? [] : [{ key: String(name), value }]
      })
    },
    async feedHead(feed) {
      const [count, record] = await connection.read('feedHead', [feed])
      if (count === 0) return { lastId: 0, count: 0, ordinal: 0 }
      const bytes = record as Buffer
      return { lastId: integerAt(bytes, 0), count: count as number, ordinal: integerAt(bytes, 8) }
    },
    async feedPlace(feed, id) {
      const [place, records] = await connection.read('feedPlace', [feed, String(id)])
      return place === undefined ? undefined : placesIn(records as Buffer, place as number)[0]
    },
    async feedPage(feed, { from, direction, limit, bytes = Infinity }) {
      if (limit <= 0) return []
      const question = [feed, String(from), direction, bounded(limit), bounded(bytes)]
      const [first, records, ...documents] = await connection.read('feedPage', question)
      if (first === undefined) return []
      return placesIn(records as Buffer, first as number).map((place, at): FeedEntry => {
        return { ...place, message: documentIn(documents[at]) ?? none }
      })
    },
    async inboxHead(client) {
      const [head, count] = await connection.read('inboxHead', [client])
      if (head === null && count === 0) return undefined
      return headIn(head as Buffer | null, count as number)
    },
    async inboxPage(client, { after, limit, bytes = Infinity }) {
      if (limit <= 0) return []
      const found = await connection.read('inboxPage', [client, String(after), bounded(limit), bounded(bytes)])
      return pairs(found).map(([number, entry]) => entryIn(entry as Buffer, number as number))
    },
    async inboxLosses(client) {
      return pairs(await connection.read('inboxLosses', [client])).map(([of, since]) => ({ of: String(of), since: Number(String(since)) }))
    },
    async outboxPage(limit, after) {
      if (limit <= 0) return []
      const rows = await connection.read('outboxPage', [after === undefined ? '-' : `(${after}`, bounded(limit)])
      return pairs(rows).map(([id, job]) => ({ id: String(id), job: copyOf(job as Buffer) }))
    },
  }
}

const none: Bytes = Buffer.alloc(0)

const messages = messageKey(1).slice(0, -1)

function mayHoldMessages(prefix: string): boolean {
  return prefix.startsWith(messages) || messages.startsWith(prefix)
}

/** More than Redis counts to is no bound. */
function bounded(limit: number): string {
  return String(Math.min(limit, 2 ** 31 - 1))
}

/** A bound after every name that begins with `prefix`: no UTF-8 text holds the byte 0xff. */
function endOf(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(`(${prefix}`), Buffer.of(0xff)])
}

function pairs(list: readonly Reply[]): (readonly [Reply, Reply | undefined])[] {
  return Array.from({ length: list.length / 2 }, (_, place) => [list[2 * place] ?? null, list[2 * place + 1]] as const)
}

/** The places of messages from their records; the record of the one before comes first unless `first`, the place of the first, is 0. */
function placesIn(records: Buffer, first: number): Appended[] {
  const before = first === 0 ? 0 : 1
  return Array.from({ length: records.length / 16 - before }, (_, place) => {
    const at = 16 * (place + before)
    return {
      id: integerAt(records, at),
      previous: at === 0 ? 0 : integerAt(records, at - 16),
      position: first + place + 1,
      ordinal: integerAt(records, at + 8),
    }
  })
}

/** @param count of the places in the list, empty ones among them */
function headIn(bytes: Buffer | null, count: number): InboxHead {
  const head = bytes === null ? newHead : storedHeadIn(bytes, count)
  return shownHead(head, head.settledTo + count)
}

function entryIn(entry: Buffer, number: number): InboxEntry {
  const flags = entry[0] ?? 0
  const lossAt = 11 + ((flags & entryFlags.news) === 0 ? 0 : newsKeyBytes)
  const topicAt = lossAt + ((flags & entryFlags.loss) === 0 ? 0 : 10 + entry.readUInt16BE(lossAt + 8))
  const bodyAt = topicAt + entry.readUInt16BE(9)
  return {
    number,
    topic: entry.toString('utf8', topicAt, bodyAt),
    qos: (flags & 3) === 1 ? 1 : 2,
    body: copyOf(entry.subarray(bodyAt)),
    messageId: integerAt(entry, 1),
  }
}

function copyOf(bytes: Buffer): Bytes {
  return Buffer.from(bytes)
}
