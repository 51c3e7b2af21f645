import { actionsTopic, parseFilter, parseTopic, type PhoneId, type Topic, topicNameOf } from '../topics/index.js'
import { type Client, type DeviceClient, owns } from './client.js'
import { type Grant, receiveGrant, subscribeGrant } from './grant.js'
import type { TopicFacts } from './topic-facts.js'
import { allow, deny, type Verdict } from './verdict.js'

/**
 * Whether a client receives what is published to a topic: whether it belongs to it.
 * @param facts as `factsNeeded(client, topic, 'receive')` asks
 * @param grants for topics outside the protocol only
 * @see docs/protocol/topics.md 1 and 11
 */
export function decideReceive(client: Client, topic: Topic, facts: TopicFacts, grants: readonly Grant[]): Verdict {
  switch (topic.kind) {
    case 'events':
      return deny('requests are for the server only')
    case 'version':
      return deny('nobody receives a version')
    case 'actions':
      return topicNameOf(topic) === actionsTopic(client.userName, client.clientId)
        ? allow('its own answers')
        : deny('answers for another client')
    case 'other': {
      const grant = receiveGrant(grants, client, topic.name)
      return grant === undefined ? deny(topic.because) : allow(`granted: ${grant.who} ${grant.allow} ${grant.filter}`)
    }
    default:
      return client.kind === 'device' ? decideDevice(client, topic, facts) : deny('only devices belong to fan-out topics')
  }
}

/**
 * Whether a SUBSCRIBE is granted: to exactly a topic the client belongs to, by its canonical name, or to what a grant covers as a whole.
 * Refused, it is answered 0x80 and the connection stays.
 * @param facts as `factsNeeded(client, parseTopic(filter), 'receive')` asks; `none` for a filter with wildcards
 * @see docs/protocol/topics.md 3.7 and 11
 */
export function decideSubscribe(client: Client, filter: string, facts: TopicFacts, grants: readonly Grant[]): Verdict {
  const asked = parseFilter(filter)
  if (asked === undefined) return deny('not a topic filter')
  const topic = parseTopic(filter)
  if (topic.kind !== 'other') {
    return topicNameOf(topic) === filter ? decideReceive(client, topic, facts, []) : deny('not the canonical name of the topic')
  }
  const grant = subscribeGrant(grants, client, asked)
  return grant === undefined ? deny('no grant covers it') : allow(`granted: ${grant.who} ${grant.allow} ${grant.filter}`)
}

type FanOut = Extract<Topic, { kind: 'ses' | 'ac' | 'muc' | 'p2p' | 'room' }>

function decideDevice(client: DeviceClient, topic: FanOut, facts: TopicFacts): Verdict {
  switch (topic.kind) {
    case 'ses':
      return client.phone === topic.phone ? allow('a device of the phone') : deny('not a device of the phone')
    case 'ac':
      return decideAc(client, topic.phoneId, facts)
    case 'muc':
      return decideMuc(client, topic.phoneId, facts)
    case 'p2p':
      return decideP2p(client, topic, facts)
    case 'room':
      return facts.kind === 'room' && facts.room?.membership !== undefined ? allow('a member') : deny('not a member')
  }
}

function decideAc(client: DeviceClient, phoneId: PhoneId, facts: TopicFacts): Verdict {
  if (owns(client, phoneId)) return deny('the owner has its ses topic')
  if (facts.kind !== 'ac' || !facts.areFriends) return deny('not friends')
  return facts.isBanned ? deny('one has banned the other') : allow('a friend')
}

function decideMuc(client: DeviceClient, phoneId: PhoneId, facts: TopicFacts): Verdict {
  if (owns(client, phoneId)) return deny('the owner has its ses topic')
  if (facts.kind !== 'muc' || !facts.sharesRoom) return deny('no room in common')
  return facts.isBanned ? deny('one has banned the other') : allow('a fellow member')
}

function decideP2p(client: DeviceClient, topic: { readonly left: PhoneId; readonly right: PhoneId }, facts: TopicFacts): Verdict {
  if (!owns(client, topic.left) && !owns(client, topic.right)) return deny('not a party of the chat')
  if (topic.left === topic.right) return allow('a chat with oneself')
  if (facts.kind !== 'p2p' || !facts.areFriends) return deny('not friends')
  return facts.isBanned ? deny('one has banned the other') : allow('a friend')
}
