import type { PhoneId } from '../../topics/index.js'
import { clearances, feedLevel, roomClearances } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { Feed } from './message-view.js'

/**
 * Up to which message a feed is empty for a roster: a chat because it has cleared it for itself, a room because those who run it have cleared
 * it for all. 0 where nothing was cleared.
 * @see docs/protocol/rpc.md 10, History/delete; docs/decisions/0123-cleared-feeds.md
 */
export async function readClearance(facts: FactReader, feed: Feed, viewer: PhoneId): Promise<number> {
  const stored =
    feed.kind === 'room' ? await facts.peek(roomClearances, feed.room) : await facts.peek(clearances, viewer, feedLevel(feed.name))
  return stored ?? 0
}

/** Whether a message is among those that were cleared for a roster; the commit rests on it. */
export async function isCleared(facts: FactReader, feed: Feed, viewer: PhoneId, id: number): Promise<boolean> {
  const stored =
    feed.kind === 'room' ? await facts.get(roomClearances, feed.room) : await facts.get(clearances, viewer, feedLevel(feed.name))
  return id <= (stored ?? 0)
}
