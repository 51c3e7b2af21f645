import { parsePhoneId, parseRoomId, sortPair, type PhoneId, type RoomId, type Topic } from '../topics/index.js'
import type { AnyRecord, Muc, P2p } from './records.js'

/** The key of the private chat of two rosters, which may be the same one: sorted bytewise, smaller first (topics.md 6). */
export function p2pFeed(a: PhoneId, b: PhoneId): P2p & { readonly from: PhoneId; readonly to: PhoneId } {
  const [from, to] = sortPair(a, b)
  return { tag: 'p2p', from, to }
}

/** The key of a room. */
export function roomFeed(room: RoomId): Muc & { readonly name: RoomId } {
  return { tag: 'muc', name: room }
}

/**
 * The name of a feed in the store, which is also its topic: `p2p/<phone_id>/<phone_id>`, sorted, or `room/<room id>`.
 * @returns undefined if the key is not complete, a side is no phone_id, or the room id cannot stand in a topic (topics.md 2)
 */
export function feedName(feed: P2p | Muc): string | undefined {
  if (feed.tag === 'muc') {
    const room = parseRoomId(feed.name ?? '')
    return room === undefined ? undefined : `room/${room}`
  }
  const from = parsePhoneId(feed.from ?? '')
  const to = parsePhoneId(feed.to ?? '')
  return from === undefined || to === undefined ? undefined : `p2p/${sortPair(from, to).join('/')}`
}

/** Whether a key, as a record may hold one, names the feed that the topic is of: a chat with its sides in either order, or a room. */
export function isFeedOf(topic: Topic, feed: AnyRecord | null): boolean {
  if (feed?.tag === 'muc') return topic.kind === 'room' && feed.name === topic.room
  if (feed?.tag !== 'p2p' || topic.kind !== 'p2p') return false
  return (feed.from === topic.left && feed.to === topic.right) || (feed.from === topic.right && feed.to === topic.left)
}
