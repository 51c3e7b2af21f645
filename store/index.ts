export type {
  Append,
  Appended,
  Bytes,
  Check,
  Commit,
  CommitResult,
  Delivery,
  DroppedEntries,
  Eventually,
  FeedEntry,
  FeedHead,
  Fence,
  InboxEntry,
  InboxHead,
  Key,
  Lack,
  Loss,
  LostMessages,
  MessageRef,
  OnState,
  OpenedInbox,
  Opening,
  OutboxEntry,
  Put,
  PutNumber,
  Row,
  Settlement,
  Stamps,
  Store,
  StoreReader,
  ToldLosses,
} from './contract.js'
export { defaultInboxLimit, emptyInbox, messageKey, numberBytes, readNumber, scopeOfFeed, scopeOfKey, StoreOutage } from './contract.js'
export type { LmdbStoreOptions } from './lmdb/open-lmdb-store.js'
export { distrustMemory, newSharedMemory } from './lmdb/shared-memory.js'
export { openLmdbStore } from './lmdb/open-lmdb-store.js'
export type { InspectOptions, RedisFacts } from './redis/inspect-redis.js'
export type { RedisStoreOptions } from './redis/open-redis-store.js'
export { inspectRedis, openRedisStore } from './redis/when-needed.js'
export { parseRedisUrl, redactRedisUrl } from './redis/redis-url.js'
