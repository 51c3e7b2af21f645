import type { Branded } from './branded.js'
import { compareBytes } from './compare-bytes.js'
import type { Phone, PhoneId } from './phone.js'
import type { RoomId } from './room-id.js'
import { moduleOf, type Topic } from './topic.js'

/** What a message is published to; holds no wildcard. */
export type TopicName = Branded<string, 'TopicName'>

/** Levels of an `events` topic that play no part in any decision. */
export interface EventsLevels {
  readonly module?: string
  readonly user?: string
  readonly token?: string
}

/**
 * The form in which the server republishes a request: node and client filled in, as `events/1/2/api/anon/reg_A1/`.
 * @see docs/protocol/topics.md 3
 */
export function eventsTopic(node: number, clientId: string, { module = 'api', user = 'anon', token = '' }: EventsLevels = {}): TopicName {
  return named(`events/1/${node}/${module}/${user}/${clientId}/${token}`)
}

/**
 * Where the answers to one client go. The user name is that of its CONNECT; empty, or unable to stand in the topic, it counts as `api`.
 * @see docs/protocol/topics.md 4
 */
export function actionsTopic(userName: string, clientId: string): TopicName {
  return named(`actions/1/${moduleOf(userName)}/${clientId}`)
}

/** All devices of a phone. @see docs/protocol/topics.md 5 */
export function sesTopic(phone: Phone): TopicName {
  return named(`ses/${phone}`)
}

/** The friends of a roster. @see docs/protocol/topics.md 7 */
export function acTopic(phoneId: PhoneId): TopicName {
  return named(`ac/${phoneId}`)
}

/** Those who share a room with a roster. @see docs/protocol/topics.md 8 */
export function mucTopic(phoneId: PhoneId): TopicName {
  return named(`muc/${phoneId}`)
}

/** The private chat of two rosters, in either order. @see docs/protocol/topics.md 6 */
export function p2pTopic(a: PhoneId, b: PhoneId): TopicName {
  const [left, right] = sortPair(a, b)
  return named(`p2p/${left}/${right}`)
}

/** The members of a room. @see docs/protocol/topics.md 9 */
export function roomTopic(room: RoomId): TopicName {
  return named(`room/${room}`)
}

/** Two phone_ids in the order in which a chat names them: bytewise, the smaller first. @see docs/protocol/topics.md 6 */
export function sortPair(a: PhoneId, b: PhoneId): readonly [PhoneId, PhoneId] {
  return compareBytes(a, b) <= 0 ? [a, b] : [b, a]
}

/** The canonical name of a topic: a chat sorted, the levels of a request that are missing written as empty. */
export function topicNameOf(topic: Topic): TopicName {
  switch (topic.kind) {
    case 'events':
      return named(['events/1', topic.node ?? '', topic.module, topic.user, topic.client, topic.token].join('/'))
    case 'actions':
      return actionsTopic(topic.user, topic.clientId)
    case 'ses':
      return sesTopic(topic.phone)
    case 'ac':
      return acTopic(topic.phoneId)
    case 'muc':
      return mucTopic(topic.phoneId)
    case 'p2p':
      return p2pTopic(topic.left, topic.right)
    case 'room':
      return roomTopic(topic.room)
    case 'version':
      return named(`version/${topic.number}`)
    case 'other':
      return named(topic.name)
  }
}

function named(name: string): TopicName {
  return name as TopicName
}
