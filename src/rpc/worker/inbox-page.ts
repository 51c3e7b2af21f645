import type { Encoding } from '../../protocol/index.js'
import type { InboxEntry, InboxHead, StoreReader } from '../../store/contract.js'
import { messageKey } from '../../store/contract.js'
import { messages, sharedBodies } from '../documents/index.js'
import type { InboxPage } from '../link/to-main.js'
import type { Names } from '../names/names.js'
import { shownTopic } from '../names/rename-topic.js'
import { messageRecord } from '../views/message-view.js'
import { renderRecord, unpackBody, withLastMessage } from './body.js'

/**
 * Entries of an inbox as its device is to receive them. One of which nothing can be sent any more, because its shared body or message is gone
 * (what it told is found in the Profile or History), is an empty place.
 * @param head of the inbox, read before
 */
export async function readInboxPage(
  store: StoreReader,
  client: string,
  { head, after, limit, ...words }: { readonly head: Pick<InboxHead, 'last'>; readonly after: number; readonly limit: number } & Words,
): Promise<InboxPage> {
  const entries = await store.inboxPage(client, { after, limit })
  // All at once: a store that is asked over a network answers them together.
  const payloads = await Promise.all(entries.map((entry) => renderEntry(store, entry, words)))
  const newest = entries.at(-1)?.number ?? after
  const last = Math.max(head.last, newest)
  return {
    after,
    through: entries.length < limit ? last : newest,
    last,
    entries: entries.map(({ number, topic, qos }, place) => {
      const payload = payloads[place]
      return payload === undefined
        ? { kind: 'empty', number, qos }
        : { kind: 'publish', number, topic: shownTopic(topic, words.names), qos, payload }
    }),
  }
}

/** How a device is spoken to. */
interface Words {
  readonly encoding: Encoding
  readonly names: Names
}

async function renderEntry(store: StoreReader, entry: InboxEntry, words: Words): Promise<Uint8Array | undefined> {
  const { encoding, names } = words
  const body = unpackBody(entry.body)
  switch (body.kind) {
    case 'opaque':
      return body.bytes
    case 'shared': {
      const shared = await store.get(sharedBodies.key(body.id))
      return shared === undefined ? undefined : renderEntry(store, { ...entry, body: shared }, words)
    }
    case 'message': {
      const message = await readMessageRecord(store, entry.messageId)
      return message === undefined ? undefined : renderRecord(message, undefined, encoding, names)
    }
    case 'record': {
      const message = entry.messageId === 0 ? undefined : await readMessageRecord(store, entry.messageId)
      const record = message === undefined ? body.record : withLastMessage(body.record, message)
      return renderRecord(record, body.original, encoding, names)
    }
  }
}

async function readMessageRecord(store: StoreReader, id: number): Promise<ReturnType<typeof messageRecord> | undefined> {
  const bytes = await store.get(messageKey(id))
  if (bytes === undefined) return undefined
  const document = messages.decode(bytes)
  const place = await store.feedPlace(document.feed, id)
  return messageRecord({ id, previous: place?.previous ?? 0, next: 0 }, document)
}
