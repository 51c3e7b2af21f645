import { type Cursor, type History, record, type RecordOf } from '../../../protocol/index.js'
import { type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { cursors, feedLevel } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, push, refuse, type Refused, type Send } from '../../outcome.js'
import { type Caller, handler, type Request } from '../../request.js'
import { partialContact } from '../../views/contact-view.js'
import { readLastMessage, readOtherReader, readUnread } from '../../views/feed-state.js'
import { type Feed, feedKeyRecord, feedOfKey } from '../../views/message-view.js'
import { type FeedAccess, ownParty, readFeedAccess, readParties } from '../message/feed-access.js'
import { ownRoster } from './own-roster.js'

/** Who has read what how far, and what that leaves unread. */
export interface ReadingFacts {
  readonly kind: 'reading'
  readonly owner: PhoneId
  readonly feed: Feed
  readonly access: FeedAccess
  /** The position asked for is a message of the feed. */
  readonly isInFeed: boolean
  /** The stored cursor, undefined if nothing was ever read. */
  readonly stored: number | undefined
  /** The cursor as it will be: the greater of the two. */
  readonly reader: number
  readonly otherReader: number
  readonly unread: number
  readonly lastMessage: RecordOf<'Message'> | null
}

interface Position {
  readonly owner: PhoneId
  readonly feed: Feed
  readonly position: number
}

/**
 * Moves the caller's cursor in a feed forward and tells the others. A smaller position is answered with the present state.
 * @refuses `not_authorized` if the roster is not own; `invalid_data` if it is no party of the feed or the position is not in it
 * @see docs/protocol/rpc.md 10, History/update, Cursor/
 */
export const updateHistory = handler<History, ReadingFacts | Refused>({
  async read({ record: { roster_id, feed: key, entity_id }, caller }, facts) {
    const owner = ownRoster(caller, roster_id)
    if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
    const feed = key !== null && (key.tag === 'p2p' || key.tag === 'muc') ? feedOfKey(key) : undefined
    if (feed === undefined) return refuse('invalid_data', 'not the feed of a chat or a room')
    return readReading(facts, { owner, feed, position: entity_id ?? 0 })
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideReading(request, facts)),
})

/** The same, by the roster of the caller that belongs to the feed. */
export const moveCursor = handler<Cursor, ReadingFacts | Refused>({
  async read({ record: { feed: key, position }, caller }, facts) {
    const feed = key === null ? undefined : feedOfKey(key)
    if (feed === undefined) return refuse('invalid_data', 'not the feed of a chat or a room')
    const owner = await readOwnParty(facts, caller, feed)
    if (owner === undefined) return refuse('invalid_data', 'not a party of the feed')
    return readReading(facts, { owner, feed, position: position ?? 0 })
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideReading(request, facts)),
})

async function readOwnParty(facts: FactReader, caller: Caller, feed: Feed): Promise<PhoneId | undefined> {
  return ownParty(caller, await readParties(facts, feed))
}

async function readReading(facts: FactReader, { owner, feed, position }: Position): Promise<ReadingFacts | Refused> {
  const access = await readFeedAccess(facts, feed, owner)
  if (!access.parties.byRoster.has(owner)) return refuse('invalid_data', 'not a party of the feed')
  const place = await facts.feedPlace(feed.name, position)
  const stored = await facts.get(cursors, owner, feedLevel(feed.name))
  const reader = Math.max(position, stored ?? 0)
  const [unread, lastMessage, otherReader] = await Promise.all([
    readUnread(facts, feed.name, owner, reader),
    readLastMessage(facts, feed.name, owner),
    readOtherReader(facts, feed.name, owner),
  ])
  return { kind: 'reading', owner, feed, access, isInFeed: place !== undefined, stored, reader, otherReader, unread, lastMessage }
}

/** The pure half of {@link updateHistory} and {@link moveCursor}. */
export function decideReading({ now }: Pick<Request, 'now'>, facts: ReadingFacts): Outcome {
  if (!facts.isInFeed) return refuse('invalid_data', 'the position is not in the feed')
  const { owner, feed, reader, stored } = facts
  const state = pushState(facts, now)
  // Nothing has changed: nobody but the caller has asked.
  if (reader === stored) return accept({ sends: [{ to: 'caller', topic: state.topic, payload: state.payload }] })
  return accept({ puts: [cursors.put(reader, owner, feedLevel(feed.name))], sends: [state, ...pushReceipt(facts)] })
}

function pushState({ owner, feed, unread, reader, otherReader, lastMessage }: ReadingFacts, now: number): ReturnType<typeof push> {
  const phone = phoneOf(owner)
  const status = 'last_msg'
  if (feed.kind === 'room') return push(sesTopic(phone), [phone], record('Room', { id: feed.room, unread, last_msg: lastMessage, status }))
  const other = feed.left === owner ? feed.right : feed.left
  return push(
    sesTopic(phone),
    [phone],
    partialContact(other, { unread, reader, other_reader: otherReader, last_msg: lastMessage, update: now, status }),
  )
}

/** The read receipt goes where a message would go: not to one who is a friend no more. */
function pushReceipt({ owner, feed, reader, access: { standing, parties } }: ReadingFacts): readonly Send[] {
  if (standing.kind === 'p2p' && (!standing.areFriends || standing.isBanned)) return []
  const receipt = record('History', { roster_id: owner, feed: feedKeyRecord(feed.name), entity_id: reader, status: 'updated' })
  return [push(feed.name, parties.phones, receipt)]
}
