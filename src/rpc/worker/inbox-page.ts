import type { Encoding } from '../../protocol/index.js'
import type { InboxEntry, StoreReader } from '../../store/contract.js'
import { messageKey } from '../../store/contract.js'
import { messages, sharedBodies } from '../documents/index.js'
import type { InboxPageEntry } from '../link/to-main.js'
import type { Names } from '../names/names.js'
import { shownTopic } from '../names/rename-topic.js'
import { messageRecord } from '../views/message-view.js'
import { renderRecord, unpackBody, withLastMessage } from './body.js'

/**
 * Entries of an inbox as its device is to receive them. An entry whose shared body or message is gone cannot be sent any more (it is found
 * again in the Profile or History); it is left out, and the pump passes over its number.
 */
export async function readInboxPage(
  store: StoreReader,
  client: string,
  { after, limit, ...words }: { readonly after: number; readonly limit: number; readonly encoding: Encoding; readonly names: Names },
): Promise<InboxPageEntry[]> {
  const entries = await store.inboxPage(client, { after, limit })
  const page: InboxPageEntry[] = []
  // All at once: a store that is asked over a network answers them together.
  const payloads = await Promise.all(entries.map((entry) => renderEntry(store, entry, words)))
  for (const [place, { number, topic, qos }] of entries.entries()) {
    const payload = payloads[place]
    if (payload !== undefined) page.push({ number, topic: shownTopic(topic, words.names), qos, payload })
  }
  const last = entries.at(-1)
  // An empty page says that nothing is left: one of which nothing can be sent any more is none.
  if (page.length > 0 || last === undefined || entries.length < limit) return page
  return readInboxPage(store, client, { after: last.number, limit, ...words })
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
