import type { AnyRecord, Encoding } from '../../../protocol/index.js'
import type { InboxEntry, InboxHead, StoreReader } from '../../../store/contract.js'
import { type RenumberedRoom, renumberedRooms, sharedBodies } from '../../documents/index.js'
import type { InboxPage, InboxPageEntry } from '../link/messages-to-main.js'
import type { Names } from '../../names/names.js'
import { shownTopic } from '../../names/rename-topic.js'
import type { RoomId } from '../../../topics/index.js'
import { renumberedRecord } from '../../views/renumbered-record.js'
import { renderRecord, unpackBody, withLastMessage } from './body.js'
import type { Sights } from './delivered-record.js'

/** Bytes of payloads, as they are sent, with which a page is full. */
const pageBytes = 512 * 1024
/** Entries that are rendered together: a store that is asked over a network answers them together. */
const renderedAtOnce = 16

/**
 * Entries of an inbox as its device is to receive them: at most `limit`, and few enough to be held. One of which nothing may be sent any more,
 * because it is gone or its person has no right to it, is an empty place.
 * @param head of the inbox, read before
 */
export async function readInboxPage(
  store: StoreReader,
  client: string,
  { head, after, limit, ...words }: { readonly head: Pick<InboxHead, 'last'>; readonly after: number; readonly limit: number } & Words,
): Promise<InboxPage> {
  const found = await store.inboxPage(client, { after, limit, bytes: pageBytes })
  const entries = await renderPage(store, found, words)
  const newest = entries.at(-1)?.number ?? after
  const last = Math.max(head.last, newest)
  // A short page need not be the end: what lies behind it is asked for, and an empty page says that nothing does.
  return { after, through: entries.length === 0 ? last : newest, last, entries }
}

async function renderPage(store: StoreReader, found: readonly InboxEntry[], words: Words): Promise<readonly InboxPageEntry[]> {
  const entries: InboxPageEntry[] = []
  let bytes = 0
  for (let from = 0; from < found.length && bytes < pageBytes; from += renderedAtOnce) {
    const some = found.slice(from, from + renderedAtOnce)
    const payloads = await Promise.all(some.map((entry) => renderEntry(store, entry, words)))
    some.forEach(({ number, topic, qos }, place) => {
      const payload = payloads[place]
      bytes += payload?.byteLength ?? 0
      entries.push(
        payload === undefined
          ? { kind: 'empty', number, qos }
          : { kind: 'publish', number, topic: shownTopic(topic, words.names), qos, payload },
      )
    })
  }
  return entries
}

/** How a device is spoken to, and what it may be told. */
interface Words {
  readonly encoding: Encoding
  readonly names: Names
  /** What its person may still be given. */
  readonly sights: Sights
}

async function renderEntry(store: StoreReader, entry: InboxEntry, words: Words): Promise<Uint8Array | undefined> {
  const { encoding, names, sights } = words
  const body = unpackBody(entry.body)
  switch (body.kind) {
    case 'opaque':
      return body.bytes
    case 'shared': {
      const shared = await store.get(sharedBodies.key(body.id))
      return shared === undefined ? undefined : renderEntry(store, { ...entry, body: shared }, words)
    }
    case 'message': {
      const message = await sights.messageNow(entry.messageId)
      return message === undefined ? undefined : renderRecord(message, undefined, encoding, names)
    }
    case 'record': {
      // What a peer has published by itself is relayed as it is: ids in it are his own.
      const record = body.original === undefined ? await sights.withoutWithdrawn(await ofNow(store, body.record)) : body.record
      if (record === undefined) return undefined
      const message = entry.messageId === 0 ? undefined : await sights.messageNow(entry.messageId)
      return renderRecord(message === undefined ? record : withLastMessage(record, message), body.original, encoding, names)
    }
  }
}

/** An entry may be older than the ids of members that are told now. */
function ofNow(store: StoreReader, record: AnyRecord): Promise<AnyRecord> {
  return renumberedRecord(record, (room) => readRenumbered(store, room))
}

async function readRenumbered(store: StoreReader, room: RoomId): Promise<RenumberedRoom | undefined> {
  const bytes = await store.get(renumberedRooms.key(room))
  return bytes === undefined ? undefined : renumberedRooms.decode(bytes)
}
