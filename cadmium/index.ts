/** Protocol Core as data: messages, EntityIDs, errors. Contract: docs/protocol/core.md */
export { answerError, answerOk, type Answering, type BaseMessage, type Echo, readBaseMessage, type Reading } from './base-message.js'
export { type EntityId, type EntityKind, parseEntityId, writeEntityId } from './entity-id.js'
export { coreErrors, type CoreErrorName, type CoreRefusal, wrongAt } from './errors.js'
export { localOfRoom, messageOfUuid, type Names, namesAt, roomOfLocal, userOfLocal, uuidOfMessage } from './names.js'
export { parseServerPart } from './server-part.js'
