import { decideRoomRight } from '../../acl/index.js'
import { type Cdr, limits, record } from '../../protocol/index.js'
import { parsePhoneId, parseRoomId, type PhoneId, phoneOf, sesTopic } from '../../topics/index.js'
import { type CallDocument, callLists, calls, feedLevel, msgIdLevel } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { Notice } from '../runtime/outbox/notice.js'
import { accept, type Outcome, push, refuse, type Refused, type Send } from '../outcome.js'
import { handler, ownRosters, type Request } from '../request.js'
import { chatFeed, type Feed, roomFeed } from '../views/message-view.js'
import { type FeedAccess, readFeedAccess } from './message/feed-access.js'

/** A call, as far as the request itself tells. */
interface Call {
  readonly document: CallDocument
  readonly feed: Feed
  /** The own roster that is a party. */
  readonly own: PhoneId
}

/** What a CDR request is decided on. */
export interface CallFacts extends Call {
  readonly kind: 'call'
  readonly access: FeedAccess
  /** Stored under the same id. */
  readonly stored: CallDocument | undefined
  /** Id levels of the calls kept for the chat or room, the oldest first. */
  readonly kept: readonly string[]
}

/** A client's clock may be ahead of ours by this much, as for messages. */
const maxAheadMs = 60_000
const idBytes = 16

/**
 * Records a call to a friend or a room, or how a recorded one ended.
 * @refuses `invalid_data` for broken limits, a call to oneself, and an id used for another call of the same people; `not_authorized` if
 *   neither party is own, they are no friends, one bans the other, the caller is no member, or the id belongs to others; `room_not_found`
 * @see docs/protocol/rpc.md 15; docs/decisions/0122-calls.md
 */
export const recordCall = handler<Cdr, CallFacts | Refused>({
  async read(request, facts) {
    const call = parseCall(request)
    return 'kind' in call ? call : readCall(facts, call)
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideCall(request, facts)),
})

/** Records of calls. @see docs/protocol/rpc.md 15 */
export const cdrHandlers = [{ tag: 'CDR', request: '', handler: recordCall }] as const

function parseCall({ record: cdr, caller, now, context }: Request<Cdr>): Call | Refused {
  const ends = endsOf(cdr)
  if (ends === undefined) return refuse('invalid_data', 'from is a phone_id, to another one or a room')
  const { type, status, duration } = cdr
  if (type === null || status === null) return refuse('invalid_data', 'type or status is missing')
  const fault = callFault(cdr)
  if (fault !== undefined) return refuse('invalid_data', fault)
  const own = ownRosters(caller).find((roster) => roster === ends.from || roster === ends.to)
  if (own === undefined) return refuse('not_authorized', 'neither party is own')
  const id = cdr.id ?? Buffer.from(context.random(idBytes)).toString('hex')
  const { feed, ...parties } = ends
  return { document: { id, ...parties, started: startOf(cdr, now), duration, type, status }, feed, own }
}

/** Who calls whom; undefined if that is nobody, or himself. */
function endsOf(cdr: Cdr): { readonly from: PhoneId; readonly to: string; readonly feed: Feed } | undefined {
  const from = parsePhoneId(cdr.from ?? '')
  if (from === undefined) return undefined
  const to = parsePhoneId(cdr.to ?? '')
  if (to !== undefined) return from === to ? undefined : { from, to, feed: chatFeed(from, to) }
  const room = parseRoomId(cdr.to ?? '')
  return room && { from, to: room, feed: roomFeed(room) }
}

function startOf({ started }: Cdr, now: number): number {
  return started > 0 && started <= now + maxAheadMs ? started : now
}

function callFault({ id, started, duration }: Cdr): string | undefined {
  if (id !== null && (id === '' || Buffer.byteLength(id) > limits.callIdMaxBytes)) return 'an id has 1 to 255 bytes'
  if (started < 0) return 'started before 1970'
  return duration < 0 || duration > limits.callSecondsMax ? 'no call lasts so long' : undefined
}

async function readCall(facts: FactReader, call: Call): Promise<CallFacts> {
  const [access, stored, kept] = await Promise.all([
    readFeedAccess(facts, call.feed, call.own),
    facts.get(calls, msgIdLevel(call.document.id)),
    facts.get(callLists, feedLevel(call.feed.name)),
  ])
  return { kind: 'call', ...call, access, stored, kept: kept ?? [] }
}

/** The pure half of {@link recordCall}. */
export function decideCall({ context }: Pick<Request, 'context'>, facts: CallFacts): Outcome {
  const { document, feed, stored, kept, access } = facts
  const refused = checkStanding(access)
  if (refused !== undefined) return refused
  if (stored !== undefined) return replaceCall(facts, stored)
  const level = msgIdLevel(document.id)
  const list = [...kept, level]
  const forgotten = list.slice(0, Math.max(0, list.length - context.limits.callsPerFeed))
  return accept({
    puts: [
      calls.put(document, level),
      callLists.put(list.slice(forgotten.length), feedLevel(feed.name)),
      ...forgotten.map((old) => calls.remove(old)),
    ],
    sends: tell(facts, document),
  })
}

/** What is new about a call is how long it took and how it ended. */
function replaceCall(facts: CallFacts, stored: CallDocument): Outcome {
  const { document, own } = facts
  if (stored.from !== own && stored.to !== own) return refuse('not_authorized', 'the id belongs to a call of others')
  if (stored.from !== document.from || stored.to !== document.to) return refuse('invalid_data', 'the id belongs to another call')
  const replaced = { ...stored, duration: document.duration, status: document.status }
  return accept({ puts: [calls.put(replaced, msgIdLevel(stored.id))], sends: tell(facts, replaced) })
}

function checkStanding({ standing }: FeedAccess): Refused | undefined {
  switch (standing.kind) {
    case 'self':
      return refuse('invalid_data', 'nobody calls himself')
    case 'p2p':
      return standing.areFriends && !standing.isBanned ? undefined : refuse('not_authorized', 'not friends, or one bans the other')
    case 'room': {
      if (standing.room === undefined) return refuse('room_not_found', 'there is no such room')
      const verdict = decideRoomRight('signal', standing.room.type, standing.room.membership)
      return verdict.allowed ? undefined : refuse(verdict.error, verdict.because)
    }
  }
}

/** The record to the devices of the caller, and to those of the friend or of everyone in the room, who hear of a call they have missed. */
function tell({ feed, access, stored }: CallFacts, { from, to, ...call }: CallDocument): readonly Send[] {
  const told = record('CDR', { ...call, from, to })
  const caller = phoneOf(from)
  const callee = parsePhoneId(to)
  const others = callee === undefined ? access.parties.phones : [phoneOf(callee)]
  const topic = callee === undefined ? feed.name : sesTopic(phoneOf(callee))
  const isNewlyMissed = call.status === 'missed' && stored?.status !== 'missed'
  const notice: Notice = { kind: 'call', from, feed: feed.name }
  return [
    push(sesTopic(caller), [caller], told),
    { to: 'phones', topic, phones: others, payload: { kind: 'record', record: told }, ...(isNewlyMissed ? { notice } : {}) },
  ]
}
