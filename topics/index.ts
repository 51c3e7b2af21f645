/** Topic names: the one place that knows how they are spelt. Imports nothing of ours. */
export type { Branded } from './branded.js'
export { isLevel } from './level.js'
export { unitAt } from './unit-at.js'
export { compareBytes } from './compare-bytes.js'
export { maskedPhone, type Phone, type PhoneId, parsePhone, parsePhoneId, phoneIdOf, phoneOf, rosterIdOf } from './phone.js'
export { parseRoomId, type RoomId } from './room-id.js'
export { type ClientId, type ClientKind, clientKind, deviceIdFor, parseClientId, serviceNameOf } from './client-id.js'
export { type EventsTopic, isEventsTopic, moduleOf, type OtherTopic, parseTopic, type Topic, type TopicKind } from './topic.js'
export {
  acTopic,
  actionsTopic,
  type EventsLevels,
  eventsTopic,
  mucTopic,
  p2pTopic,
  roomTopic,
  sesTopic,
  sortPair,
  type TopicName,
  topicNameOf,
} from './topic-name.js'
export { selectNode } from './select-node.js'
export { covers, hasWildcard, matches, parseFilter, type TopicFilter } from './topic-filter.js'
export { renderTopicsReference, type TopicReference, topicReference } from './topic-reference.js'
