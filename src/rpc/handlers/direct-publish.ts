import { decidePublish, decideSubject, factsNeeded, type TopicFacts } from '../../acl/index.js'
import { type AnyRecord, type Decoded, type Message, record, type Typing } from '../../protocol/index.js'
import { type ClientId, type Phone, phoneOf, type PhoneId, type Topic, topicNameOf } from '../../topics/index.js'
import { sessions } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { type MisfitWatch, watchMisfits } from '../misfits.js'
import { accept, drop, type Outcome, type Payload, type Refused } from '../outcome.js'
import { ownRosters, type Request } from '../request.js'
import { readFriendPhones } from '../views/presence-audience.js'
import { type MemberRow, readFellowMembers, readMembers } from '../views/room-view.js'
import { readTopicFacts } from '../topic-facts.js'
import { claimsSubject, subjectOf } from './direct-publish-subject.js'
import { type PostFacts, postMessage } from './message/index.js'
import { phonesOf } from './room/room-push.js'

/** A PUBLISH on any topic of the protocol other than `events`, or a will that falls due. */
export interface DirectPublish extends Pick<Request, 'caller' | 'now' | 'context'> {
  readonly topic: Topic
  readonly payload: Uint8Array
  /** `payload` read in the dialect of the caller. */
  readonly decoded: Decoded
}

type Audience =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'client'; readonly client: ClientId }
  | { readonly kind: 'phones'; readonly phones: readonly Phone[]; readonly members: readonly MemberRow[] }

export type DirectFacts =
  | { readonly kind: 'post'; readonly request: Request<Message>; readonly watch: MisfitWatch; readonly facts: PostFacts | Refused }
  | { readonly kind: 'relay'; readonly topicFacts: TopicFacts; readonly audience: Audience }

/**
 * What a direct publish does. A Message without id in a chat or room is posted as Message/client; Typing goes out under its true author, to
 * those connected; everything else is relayed as it is. Without the right, or under somebody else's name, it does nothing.
 * @see docs/protocol/topics.md 5 to 10, 13 and 15
 */
export const directPublish = {
  async read(publish: DirectPublish, facts: FactReader): Promise<DirectFacts> {
    const posted = postOf(publish)
    const { caller, topic, decoded } = publish
    if (posted !== undefined) {
      const watch = watchMisfits(posted.record, decoded.kind === 'record' ? decoded.misfits : [])
      return { kind: 'post', request: posted, watch, facts: await postMessage.read(posted, facts) }
    }
    const topicFacts = await readTopicFacts(facts, factsNeeded(caller.client, topic, 'publish'))
    // Audiences may be large: nobody's is read for those who may not reach it.
    const isAllowed = decidePublish(caller.client, topic, topicFacts, []).allowed
    return { kind: 'relay', topicFacts, audience: isAllowed ? await readAudience(facts, topic, topicFacts) : { kind: 'nobody' } }
  },

  decide(publish: DirectPublish, facts: DirectFacts): Outcome {
    if (facts.kind === 'relay') return decideRelay(publish, facts.topicFacts, facts.audience)
    const outcome = postMessage.decide(facts.request, facts.facts)
    const misfit = facts.watch.end(outcome)
    if (misfit !== undefined) return drop(misfit.because)
    return outcome.kind === 'refused' ? drop(outcome.because) : outcome
  },
}

/** The request that a Message without id in a chat or room stands for. */
function postOf({ topic, decoded, caller, now, context }: DirectPublish): Request<Message> | undefined {
  if (decoded.kind !== 'record' || decoded.record.tag !== 'Message' || decoded.record.id !== null) return undefined
  const feed = feedOf(topic)
  if (feed === undefined) return undefined
  const message = decoded.record
  // The topic names the feed; one that says otherwise disagrees with itself and is refused as such.
  const feed_id = message.feed_id ?? feed
  return isSameFeed(feed_id, topic) ? { record: { ...message, feed_id, status: 'client' }, caller, now, context } : undefined
}

function feedOf(topic: Topic): NonNullable<Message['feed_id']> | undefined {
  if (topic.kind === 'room') return record('muc', { name: topic.room })
  return topic.kind === 'p2p' ? record('p2p', { from: topic.left, to: topic.right }) : undefined
}

function isSameFeed(feed: NonNullable<Message['feed_id']>, topic: Topic): boolean {
  if (feed.tag === 'muc') return topic.kind === 'room' && feed.name === topic.room
  if (topic.kind !== 'p2p') return false
  return (feed.from === topic.left && feed.to === topic.right) || (feed.from === topic.right && feed.to === topic.left)
}

function decideRelay(publish: DirectPublish, topicFacts: TopicFacts, audience: Audience): Outcome {
  const { caller, topic, decoded } = publish
  const verdict = decidePublish(caller.client, topic, topicFacts, [])
  if (!verdict.allowed) return drop(verdict.because)
  // Its ends are set anew, whatever stood there.
  if (decoded.kind === 'record' && decoded.record.tag === 'Typing') return relayTyping(publish, decoded.record, audience)
  if (decoded.kind === 'refusal' || decoded.misfits.length > 0) {
    if (caller.client.kind !== 'service' && claimsSubject(publish.payload)) return drop('a broken record that names a subject')
    return relay(topic, audience, { kind: 'opaque', bytes: publish.payload })
  }
  const refusal = checkRecord(publish, decoded.record)
  if (refusal !== undefined) return refusal
  const original = { bytes: publish.payload, encoding: decoded.encoding }
  return relay(topic, audience, { kind: 'record', record: decoded.record, original })
}

function checkRecord({ caller, topic }: DirectPublish, record: AnyRecord): Outcome | undefined {
  if (record.tag === 'Message' && record.id === null && feedOf(topic) !== undefined) return drop('the message names another feed')
  const subject = subjectOf(record)
  const verdict = subject === null ? undefined : decideSubject(caller.client, subject)
  return verdict?.allowed === false ? drop(verdict.because) : undefined
}

function relay(topic: Topic, audience: Audience, payload: Payload): Outcome {
  if (audience.kind === 'nobody') return drop('nobody belongs to the topic')
  if (audience.kind === 'client') return accept({ sends: [{ to: 'client', client: audience.client, payload }] })
  return accept({ sends: [{ to: 'phones', topic: topicNameOf(topic), phones: audience.phones, payload }] })
}

function relayTyping(publish: DirectPublish, typing: Typing, audience: Audience): Outcome {
  const { topic } = publish
  if (audience.kind !== 'phones') return relay(topic, audience, { kind: 'record', record: typing })
  const from = publish.caller.client.kind === 'service' ? typing.from : authorOf(publish, audience.members)
  const relayed = { ...typing, from, to: placeOf(topic, from) ?? typing.to }
  const payload: Payload = { kind: 'record', record: relayed }
  return accept({ sends: [{ to: 'connected', topic: topicNameOf(topic), phones: audience.phones, payload }] })
}

/** The roster for which the publisher speaks on a topic: the one that belongs to it, else its first. */
function authorOf({ caller, topic }: DirectPublish, members: readonly MemberRow[]): PhoneId | null {
  const own = ownRosters(caller)
  const belongs = (roster: PhoneId): boolean => {
    if (topic.kind === 'p2p') return roster === topic.left || roster === topic.right
    if (topic.kind === 'ac') return roster === topic.phoneId
    return topic.kind === 'room' && members.some(({ phoneId }) => phoneId === roster)
  }
  return own.find(belongs) ?? own[0] ?? null
}

/** Where one types: the room, or the other of a chat. */
function placeOf(topic: Topic, author: string | null): string | undefined {
  if (topic.kind === 'room') return topic.room
  if (topic.kind !== 'p2p') return undefined
  return topic.left === author ? topic.right : topic.left
}

async function readAudience(facts: FactReader, topic: Topic, topicFacts: TopicFacts): Promise<Audience> {
  switch (topic.kind) {
    case 'ses':
      return phonesOnly([topic.phone])
    case 'ac':
      return phonesOnly(await readFriendPhones(facts, topic.phoneId))
    case 'muc':
      return phonesOnly(await readFellowMembers(facts, topic.phoneId))
    case 'p2p':
      return isOpen(topic, topicFacts) ? phonesOnly([phoneOf(topic.left), phoneOf(topic.right)]) : { kind: 'nobody' }
    case 'room': {
      const members = await readMembers(facts, topic.room)
      return { kind: 'phones', phones: phonesOf(members), members }
    }
    case 'actions':
      // Only a device keeps what it is owed; one that does not exist is owed nothing.
      return (await facts.get(sessions, topic.clientId)) === undefined ? { kind: 'nobody' } : { kind: 'client', client: topic.clientId }
    default:
      return { kind: 'nobody' }
  }
}

/** The devices of both belong to a chat while they are friends without a ban; to the chat with oneself always. */
function isOpen({ left, right }: { readonly left: PhoneId; readonly right: PhoneId }, facts: TopicFacts): boolean {
  return left === right || (facts.kind === 'p2p' && facts.areFriends && !facts.isBanned)
}

function phonesOnly(phones: readonly Phone[]): Audience {
  return phones.length === 0 ? { kind: 'nobody' } : { kind: 'phones', phones: [...new Set(phones)], members: [] }
}
