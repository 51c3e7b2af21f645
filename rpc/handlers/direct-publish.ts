import { decidePublish, decideSubject, factsNeeded, type TopicFacts } from '../../acl/index.js'
import {
  type AnyRecord,
  type Decoded,
  type History,
  isFeedOf,
  type Member,
  type Message,
  passesForRecord,
  record,
  type Room,
  type Typing,
} from '../../protocol/index.js'
import { type ClientId, type Phone, phoneOf, type PhoneId, type Topic, topicNameOf } from '../../topics/index.js'
import { dispatchPresent } from '../dispatcher.js'
import { sessions } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, drop, type Outcome, type Payload } from '../outcome.js'
import { ownRosters, type Request } from '../request.js'
import { readTopicFacts } from '../topic-facts.js'
import { readFriendPhones } from '../views/presence-audience.js'
import { type MemberRow, readFellowMembers, readMembers } from '../views/room-view.js'
import { isLocation } from './loc.js'
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

type Asking = Message | History | Room | Member

/**
 * What a direct publish does. A record does what the request does that it stands for, or nothing: what only the server says is never relayed
 * from a device. Typing goes out under its true author, to those connected; on its own `ac` a device tells friends of its Contact and its Loc;
 * bytes that nobody could take for a record are relayed as they are. Without the right it does nothing.
 * @see docs/protocol/topics.md 5 to 10, 13 and 15
 */
export async function directPublish(publish: DirectPublish, facts: FactReader): Promise<Outcome> {
  const { caller, topic, decoded } = publish
  const asked = askedBy(publish)
  if (asked !== undefined) {
    const { now, context } = publish
    const misfits = decoded.kind === 'record' ? decoded.misfits : []
    const outcome = await dispatchPresent({ record: asked, caller, now, context }, facts, misfits)
    return outcome.kind === 'refused' ? drop(outcome.because) : outcome
  }
  const topicFacts = await readTopicFacts(facts, factsNeeded(caller.client, topic, 'publish'))
  const verdict = decidePublish(caller.client, topic, topicFacts, [])
  if (!verdict.allowed) return drop(verdict.because)
  // Audiences may be large: nobody's is read for those who may not reach it.
  return relayed(publish, await readAudience(facts, topic, topicFacts))
}

/**
 * The request that a record on the topic of its own feed stands for: a Message without id is Message/client whatever its status says, the others
 * are what they ask for. A service's are relayed.
 */
function askedBy({ topic, decoded, caller }: DirectPublish): Asking | undefined {
  const feed = feedOf(topic)
  if (decoded.kind !== 'record' || feed === undefined) return undefined
  const asked = decoded.record
  if (asked.tag === 'Message' && asked.id === null) {
    // The topic names the feed; one that says otherwise disagrees with itself.
    const feed_id = asked.feed_id ?? feed
    return isFeedOf(topic, feed_id) ? { ...asked, feed_id, status: 'client' } : undefined
  }
  return caller.client.kind !== 'service' && isAbout(asked, topic) ? asked : undefined
}

/** Whether a record asks for something of the chat or the room that the topic is of. */
function isAbout(asked: AnyRecord, topic: Topic): asked is Asking {
  switch (asked.tag) {
    case 'Message':
    case 'Member':
      return isFeedOf(topic, asked.feed_id)
    case 'History':
      return isFeedOf(topic, asked.feed)
    case 'Room':
      return topic.kind === 'room' && asked.id === topic.room
    default:
      return false
  }
}

function feedOf(topic: Topic): NonNullable<Message['feed_id']> | undefined {
  if (topic.kind === 'room') return record('muc', { name: topic.room })
  return topic.kind === 'p2p' ? record('p2p', { from: topic.left, to: topic.right }) : undefined
}

function relayed(publish: DirectPublish, audience: Audience): Outcome {
  const { caller, topic, decoded, payload } = publish
  const isService = caller.client.kind === 'service'
  if (decoded.kind === 'refusal' || (isService && decoded.misfits.length > 0)) {
    if (!isService && passesForRecord(payload)) return drop('bytes that could be taken for a record')
    return relay(topic, audience, { kind: 'opaque', bytes: payload })
  }
  // Its ends are set anew, whatever stood there.
  if (decoded.record.tag === 'Typing') return relayTyping(publish, decoded.record, audience)
  if (isService) return relayOfService(publish, decoded.record, audience)
  const told = decoded.misfits.length > 0 ? undefined : broadcastOf(publish, decoded.record)
  if (told === undefined) return drop('a device cannot make it true')
  // As we write it: whatever its spelling, nobody reads anything else in it.
  return relay(topic, audience, { kind: 'record', record: told })
}

function relayOfService({ topic, payload, decoded }: DirectPublish, told: AnyRecord, audience: Audience): Outcome {
  if (told.tag === 'Message' && told.id === null && feedOf(topic) !== undefined) return drop('the message names another feed')
  return relay(topic, audience, { kind: 'record', record: told, original: { bytes: payload, encoding: decoded.encoding } })
}

/**
 * What a person tells all friends: who and where one is oneself. Of a Contact that alone: a last message may be another's, and counts, settings
 * and the state of a friendship are the server's to tell.
 * @see docs/protocol/flows.md 5
 */
function broadcastOf({ caller, topic }: DirectPublish, told: AnyRecord): AnyRecord | undefined {
  if (topic.kind !== 'ac') return undefined
  if (told.tag === 'Loc') return isLocation(told) ? told : undefined
  if (told.tag !== 'Contact' || told.phone_id !== topic.phoneId || !decideSubject(caller.client, told.phone_id).allowed) return undefined
  const { phone_id, avatar, names, surnames, nick, email, vox_id, update, presence } = told
  return record('Contact', { phone_id, avatar, names, surnames, nick, email, vox_id, update, presence })
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
  const payload: Payload = { kind: 'record', record: { ...typing, from, to: placeOf(topic, from) ?? typing.to } }
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
