/** The Tinode client API as data. */
export { pairName, parsePairName, parseTopicName, parseUserId, roomTopic, type TopicName, userId, type UserNumber } from './ids.js'
export { applyDelta, formatMode, has, isAdmin, isSharer, type Mode, modeDelta, noRights, parseMode, rights } from './modes.js'
export { count, deletedRanges, type GivenRange, merge, type Range, shownRange } from './ranges.js'
export {
  changedDefaults,
  channelDefaults,
  type Defaults,
  type Denied,
  formerOwner,
  givenDefaults,
  groupDefaults,
  groupDefaultsOf,
  modeOf,
  newPrivateChat,
  newUserDefaults,
  type Relation,
  subscribeOther,
  subscribeSelf,
} from './relations.js'
