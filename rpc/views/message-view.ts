import { record, type RecordOf } from '../../protocol/index.js'
import type { FeedEntry } from '../../store/contract.js'
import { parsePhoneId, parseRoomId, type PhoneId, type RoomId, sortPair } from '../../topics/index.js'
import { boundedMemo } from '../bounded-memo.js'
import { type MessageDocument, messages } from '../documents/index.js'
import type { FactReader } from '../facts.js'

/** Where a message stands in its feed, for the links of the Message record. */
export interface MessagePlace {
  readonly id: number
  /** Id of the message before it, 0 if none. */
  readonly previous: number
  /** Id of the message after it, 0 if none is known. */
  readonly next: number
}

/** A message and its place. */
export interface PlacedMessage {
  readonly place: MessagePlace
  readonly document: MessageDocument
}

/** A feed by what it belongs to. The rosters of a chat are sorted; in a chat with oneself they are the same. */
export type Feed =
  | { readonly kind: 'p2p'; readonly name: string; readonly left: PhoneId; readonly right: PhoneId }
  | { readonly kind: 'room'; readonly name: string; readonly room: RoomId }

const knownFeeds = 10_000

/** The chat of two rosters, in either order; most often the same object for the same chat. */
export function chatFeed(a: PhoneId, b: PhoneId): Feed & { kind: 'p2p' } {
  const [left, right] = sortPair(a, b)
  return chatNamed(`p2p/${left}/${right}`)
}

const chatNamed = boundedMemo(knownFeeds, (name: string): Feed & { kind: 'p2p' } => {
  const [, left = '', right = ''] = name.split('/')
  return { kind: 'p2p', name, left: left as PhoneId, right: right as PhoneId }
})

export function roomFeed(room: RoomId): Feed {
  return { kind: 'room', name: `room/${room}`, room }
}

/** The feed that a feed key names, in either order of its rosters; undefined if it names none. */
export function feedOfKey(key: RecordOf<'p2p'> | RecordOf<'muc'>): Feed | undefined {
  if (key.tag === 'muc') {
    const room = parseRoomId(key.name ?? '')
    return room && roomFeed(room)
  }
  const from = parsePhoneId(key.from ?? '')
  const to = parsePhoneId(key.to ?? '')
  return from && to && chatFeed(from, to)
}

/** The feed of a stored name. @throws if it is not the name of a feed */
export function feedNamed(name: string): Feed {
  const feed = feedOfKey(feedKeyRecord(name))
  if (feed === undefined) throw new Error('a stored feed has no name of a feed')
  return feed
}

/** The feed key record of a feed name: `p2p/<a>/<b>` or `room/<id>`. */
export const feedKeyRecord = boundedMemo(knownFeeds, (feed: string): RecordOf<'p2p'> | RecordOf<'muc'> => {
  const [kind, first = '', second = ''] = feed.split('/')
  return kind === 'p2p' ? record('p2p', { from: first, to: second }) : record('muc', { name: first })
})

/** A message as everyone who may see it sees it; its status is the stored one: sent, muc, internal, deleted or link. */
export function messageRecord(place: MessagePlace, document: MessageDocument): RecordOf<'Message'> {
  // All fields in the order of the table: made for every message, and faster than a copy of the defaults.
  return {
    tag: 'Message',
    id: place.id,
    container,
    feed_id: feedKeyRecord(document.feed),
    prev: place.previous === 0 ? null : place.previous,
    next: place.next === 0 ? null : place.next,
    msg_id: document.msgId,
    from: document.from,
    to: document.to,
    created: document.created,
    files: document.files,
    type: document.isEdited ? [...document.type, 'edited'] : document.type,
    link: document.link,
    seenby: document.seenby,
    repliedby: document.repliedby,
    mentioned: document.mentioned,
    status: document.status,
  }
}

const { container } = record('Message', {})

/** Message `id` and its place; undefined if there is none. The document is a checked fact: whoever changes it rests on it. */
export async function readMessage(facts: FactReader, id: number): Promise<PlacedMessage | undefined> {
  const document = await facts.get(messages, ...messages.of(id))
  if (document === undefined) return undefined
  const [own, after] = await facts.feedPage(document.feed, { from: id, direction: 'newer', limit: 2 })
  return { document, place: { id, previous: own?.previous ?? 0, next: after?.id ?? 0 } }
}

/** The message of a feed entry; `next` is the entry after it, 0 if there is none. */
export function placedEntry(entry: FeedEntry, next: number): PlacedMessage {
  return { document: messages.decode(entry.message), place: { id: entry.id, previous: entry.previous, next } }
}

/** Whether a roster finds a message in its history; that it belongs to the feed is another question. Until its files are there only its author does. */
export function isVisible(document: MessageDocument, viewer: PhoneId): boolean {
  return (document.status !== 'link' || document.from === viewer) && !document.hiddenFrom.includes(viewer)
}
