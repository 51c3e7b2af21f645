/** Who may do what, and who is the audience: pure decisions over facts, refusal by default. */
export type { RequestVerdict, RightsError, Verdict } from './verdict.js'
export { type AnonymousClient, type Client, type DeviceClient, owns, type RegistrationClient, type ServiceClient } from './client.js'
export { equalSecrets } from './equal-secrets.js'
export { type ConnectDecision, type ConnectFacts, type ConnectRefusal, type ConnectRequest, decideConnect } from './connect.js'
export { decideVersion, defaultVersions, type VersionDecision } from './version.js'
export { factsNeeded, type FactsQuery, noFacts, type P2pFacts, type RoomFacts, type TopicFacts } from './topic-facts.js'
export { type Grant, type GrantSubject, type ParsedGrants, parseGrants } from './grant.js'
export { decidePublish, decideSubject } from './publish.js'
export { decideReceive, decideSubscribe } from './receive.js'
export { type Audience, type AudienceFacts, audienceOf, type Related } from './audience.js'
export {
  decideRoomRight,
  type Membership,
  removalRight,
  type RoomRight,
  roomRights,
  type RoomStanding,
  type RoomType,
} from './room-right.js'
export { decideDelivery, type FeedSight, type WaitingMessage } from './delivery-right.js'
export { decideParty, type FeedFacts, mayEdit, mayErase, mayPost } from './message-right.js'
export { decideRequest } from './request-gate.js'
