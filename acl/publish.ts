import type { Phone, PhoneId, Topic } from '../topics/index.js'
import { type Client, owns } from './client.js'
import { type Grant, publishGrant } from './grant.js'
import { decideRoomRight } from './room-right.js'
import type { TopicFacts } from './topic-facts.js'
import { allow, deny, type Verdict } from './verdict.js'

/**
 * Whether a client may publish to a topic. A refused publish does nothing: it is acknowledged, nobody is told.
 * @param facts as `factsNeeded(client, topic, 'publish')` asks
 * @param grants for topics outside the protocol only
 * @see docs/protocol/topics.md 1, 5 to 10 and 15
 */
export function decidePublish(client: Client, topic: Topic, facts: TopicFacts, grants: readonly Grant[]): Verdict {
  switch (topic.kind) {
    case 'events':
      return allow('anyone connected may send requests')
    case 'version':
      return deny('a version topic is for wills')
    case 'other':
      return decideOther(client, topic.name, topic.because, grants)
    case 'p2p':
      return client.kind === 'service' ? decideServiceOnP2p(facts) : decideP2p(client, topic, facts)
    case 'room':
      return decideRoom(client, facts)
    case 'actions':
    case 'muc':
      return client.kind === 'service' ? allow('a service reaches everyone') : deny('only services and the server send here')
    case 'ses':
      return client.kind === 'service' ? allow('a service reaches everyone') : decideSes(client, topic.phone)
    case 'ac':
      return client.kind === 'service' ? allow('a service reaches everyone') : decideAc(client, topic.phoneId)
  }
}

/**
 * Whether a client may speak for the subject that a directly published tuple names (Contact.phone_id, Message.from, Member.phone_id).
 * @see docs/protocol/topics.md 10 and 15
 */
export function decideSubject(client: Client, subject: string): Verdict {
  if (client.kind === 'service') return allow('a service speaks for every account')
  if (client.kind !== 'device') return deny('not authenticated')
  return client.rosters.some((roster) => roster === subject)
    ? allow('the subject is the publisher')
    : deny('the subject is not the publisher')
}

function decideOther(client: Client, name: string, because: string, grants: readonly Grant[]): Verdict {
  const grant = publishGrant(grants, client, name)
  return grant === undefined ? deny(because) : allow(`granted: ${grant.who} ${grant.allow} ${grant.filter}`)
}

function decideSes(client: Client, phone: Phone): Verdict {
  return client.kind === 'device' && client.phone === phone ? allow('a device of the phone') : deny('not a device of the phone')
}

function decideAc(client: Client, phoneId: PhoneId): Verdict {
  return owns(client, phoneId) ? allow('the owner of the roster') : deny('not the owner of the roster')
}

function decideP2p(client: Client, topic: { readonly left: PhoneId; readonly right: PhoneId }, facts: TopicFacts): Verdict {
  if (!owns(client, topic.left) && !owns(client, topic.right)) return deny('not a party of the chat')
  if (topic.left === topic.right) return allow('a chat with oneself')
  if (facts.kind !== 'p2p' || !facts.exists) return deny('there is no such chat')
  if (facts.isBanned) return deny('one has banned the other')
  return facts.areFriends ? allow('a friend') : deny('not friends')
}

function decideServiceOnP2p(facts: TopicFacts): Verdict {
  return facts.kind === 'p2p' && facts.exists ? allow('a service reaches everyone') : deny('there is no such chat')
}

function decideRoom(client: Client, facts: TopicFacts): Verdict {
  if (client.kind !== 'device' && client.kind !== 'service') return deny('not authenticated')
  if (facts.kind !== 'room' || facts.room === undefined) return deny('there is no such room')
  if (client.kind === 'service') return allow('a service reaches everyone')
  return decideRoomRight('post', facts.room.type, facts.room.membership)
}
