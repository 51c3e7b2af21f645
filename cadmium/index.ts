/** Protocol Core as data: messages, EntityIDs, errors. Contract: docs/protocol/core.md */
export { answerError, answerOk, type Answering, type BaseMessage, type Echo, readBaseMessage, type Reading } from './base-message.js'
export { type EntityId, type EntityKind, parseEntityId, writeEntityId } from './entity-id.js'
export { coreErrors, type CoreErrorName, type CoreRefusal, wrongAt } from './errors.js'
export { localOfRoom, messageOfUuid, type Names, namesAt, roomOfLocal, userOfLocal, uuidOfMessage } from './names.js'
export { parseServerPart } from './server-part.js'
export { entityTexts, type FieldTable, objectSchema, wrongMemberOf } from './fields.js'
export { type Delivered, type Push, pushOf } from './pushes.js'
export {
  type Addressee,
  isPublished,
  ourRequests,
  type PayloadOf,
  publishedRequests,
  type RequestName,
  type RequestType,
  requestTypeOf,
  requestTypes,
} from './requests.js'
export {
  chatOf,
  contactShape,
  given,
  keyForNone,
  lastOf,
  type MessageShape,
  messageShape,
  presenceOf,
  roleIn,
  type RoomShape,
  roomShape,
  stateOf,
  userShape,
  type Viewer,
} from './shapes.js'
export { type PublishedPush, publishedPushOf } from './published-pushes.js'
export { coreSchemas, pushNames } from './schemas.js'
