import { decideRoomRight } from '../../../acl/index.js'
import { type History, record } from '../../../protocol/index.js'
import { type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { clearances, feedLevel, roomClearances } from '../../documents/index.js'
import { accept, type Outcome, push, refuse, type Refused } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type Feed, feedKeyRecord, feedOfKey } from '../../views/message-view.js'
import { type FeedAccess, readFeedAccess } from '../message/feed-access.js'
import { readStanding } from './get.js'
import { ownRoster } from './own-roster.js'

/** What clearing a feed is decided on. */
export interface ClearFacts {
  readonly kind: 'clear'
  readonly owner: PhoneId
  readonly feed: Feed
  readonly isKnown: boolean
  readonly access: FeedAccess
  /** Id of the newest message; those that come later stay. */
  readonly lastId: number
}

/**
 * Empties a chat for the caller alone, or a room for everyone in it. Told by a Message with status clear and the id up to which it holds.
 * @refuses `invalid_data` for a malformed or unknown feed; `not_authorized` if the roster is not own, no party of the feed, or neither owner
 *   nor admin of the room
 * @see docs/protocol/rpc.md 10, History/delete; docs/decisions/0123-cleared-feeds.md
 */
export const clearHistory = handler<History, ClearFacts | Refused>({
  async read({ record: { roster_id, feed: key }, caller }, facts) {
    const feed = key !== null && (key.tag === 'p2p' || key.tag === 'muc') ? feedOfKey(key) : undefined
    if (feed === undefined) return refuse('invalid_data', 'not the feed of a chat or a room')
    const owner = ownRoster(caller, roster_id)
    if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
    const { isKnown } = await readStanding(facts, feed, owner)
    const [access, { lastId }] = await Promise.all([readFeedAccess(facts, feed, owner), facts.feedHead(feed.name)])
    return { kind: 'clear', owner, feed, isKnown, access, lastId }
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideClear(request, facts)),
})

/** The pure half of {@link clearHistory}. */
export function decideClear({ now }: Pick<Request, 'now'>, facts: ClearFacts): Outcome {
  const { owner, feed, isKnown, access, lastId } = facts
  if (!isKnown) return refuse('invalid_data', 'there is no such feed')
  if (!access.parties.byRoster.has(owner)) return refuse('not_authorized', 'not a party of the feed')
  const report = record('Message', {
    id: lastId === 0 ? null : lastId,
    feed_id: feedKeyRecord(feed.name),
    from: owner,
    to: feed.kind === 'room' ? feed.room : feed.left === owner ? feed.right : feed.left,
    created: now,
    status: 'clear',
  })
  if (feed.kind === 'p2p') {
    const phone = phoneOf(owner)
    const puts = lastId === 0 ? [] : [clearances.put(lastId, owner, feedLevel(feed.name))]
    return accept({ puts, sends: [push(sesTopic(phone), [phone], report)] })
  }
  const refused = refusalInRoom(access)
  if (refused !== undefined) return refused
  const puts = lastId === 0 ? [] : [roomClearances.put(lastId, feed.room)]
  return accept({ puts, sends: [push(feed.name, access.parties.phones, report)] })
}

function refusalInRoom({ standing }: FeedAccess): Refused | undefined {
  if (standing.kind !== 'room' || standing.room === undefined) return refuse('invalid_data', 'there is no such room')
  const verdict = decideRoomRight('delete-messages', standing.room.type, standing.room.membership)
  return verdict.allowed ? undefined : refuse(verdict.error, verdict.because)
}
