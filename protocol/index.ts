/** The door of `protocol/`: records, codecs, ids, limits, reason codes. */
export { err, errorCodeOf, errorSide, type Missed, missedAnswer, missedIn, ok, ok2, okSide } from './answers.js'
export { bufferOf, integerAt } from './bytes.js'
export { codecOf, decode, decodeFrame, decodePush, encode, type Codec, type Decoded, type Encoding } from './codec.js'
export { feedName, isFeedOf, p2pFeed, roomFeed } from './feed.js'
export { parseRosterName } from './roster-name.js'
export { parsePhone, parsePhoneId, phoneIdOf, phoneOf, rosterIdOf, type Phone, type PhoneId } from '../topics/index.js'
export { type JsonSchema, recordSchema, recordsIn, type SchemaForm, termSchema, titleOf, tupleOf } from './json-schema.js'
export { limits } from './limits.js'
export type { Misfit } from './misfit.js'
export { passesForRecord } from './passes-for-record.js'
export { canonicalReason, channelReasons, reasons, wireReason, type ChannelErrorCode, type ErrorCode } from './reason-codes.js'
export {
  defaultsOf,
  record,
  recordTags,
  type Act,
  type AnyRecord,
  type Auth,
  type Cdr,
  type Contact,
  type Cursor,
  type Desc,
  type Dialect,
  type ExtendedStar,
  type Feature,
  type Feed,
  type Friend,
  type Ftp,
  type History,
  type Io,
  type Job,
  type Link,
  type Loc,
  type Member,
  type MemberQuery,
  type Message,
  type Muc,
  type P2p,
  type Person,
  type Presence,
  type Profile,
  type RecordOf,
  type RecordTag,
  type Room,
  type Roster,
  type Search,
  type Service,
  type Star,
  type StickerPack,
  type Tag,
  type Typing,
} from './records.js'
export { isAtom, isFloat, isImproperList, isTuple, pair, type Atom, type Float, type ImproperList, type Term, type Tuple } from './term.js'
export { requestAtoms } from './request-atoms.js'
export { renderErrorsReference, renderRecordsReference } from './reference.js'
