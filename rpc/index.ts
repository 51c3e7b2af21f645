/** The door of `rpc/`: the ring for the main thread, the worker for its threads, the link between them. */
export { asyncApiDocument, type ServerPort } from './async-api.js'
export { type RpcLimits, newRpcContext, protocolLimits, type RpcContext, type TestNumbers } from './context.js'
export { routes, type Route } from './dispatcher.js'
export { addressLevel, type FileKey, filePath, newFileKey, parseFileKey } from './documents/index.js'
export type { ServiceSecrets } from './handlers/connect/credentials.js'
export type {
  ConnectResult,
  ControlToMain,
  Counted,
  Encoded,
  FrameToMain,
  InboxPageEntry,
  InboxStart,
  TransferResult,
  WorkerResource,
} from './runtime/link/messages-to-main.js'
export { type Bus, readBusFrame } from './runtime/link/bus.js'
export { messagesIn } from './runtime/link/to-main.js'
export { type ConnectionEnd, type ControlToWorker, writePage, writeRequest, writeSettle } from './runtime/link/to-worker.js'
export { newUnderWay, requestsUnderWay, type UnderWay } from './runtime/link/under-way.js'
export type { RefusalDetail } from './refusal-detail.js'
export type { Verdict } from './runtime/link/verdict.js'
export { encodingOf, maskOf, variantCount, variantOf } from './runtime/link/variant.js'
export {
  type CloudCredentials,
  type PushChannel,
  pushChannels,
  type PushNote,
  type PushRules,
  type PushTask,
  type Task,
  type TaskEnd,
} from './runtime/outbox/task.js'
export type { Job } from './outcome.js'
export { type MigrationProgress, runMigrations } from './migrations/run-migrations.js'
export { ensurePeopleIndex } from './people-index/rebuild.js'
export { startRing, type Ring, type RingListener, type RingOptions, type WorkerDeath } from './runtime/ring/ring.js'
export { FilesOutage, type TransferFiles } from './transfer-files.js'
export type { ShelvedPack, StickerShelf } from './sticker-shelf.js'
export type { ClusterParts } from './runtime/worker/cluster-outlet.js'
export type { MembershipRules } from './runtime/worker/membership.js'
export { RpcWorker } from './runtime/worker/worker.js'
export type { WorkerParts } from './runtime/worker/worker-parts.js'
