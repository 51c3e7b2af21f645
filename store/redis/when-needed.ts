/** The way to Redis, which is large, and loaded by whoever goes there: a server that has its store for itself starts without it. */
import type { Store } from '../contract.js'
import type { InspectOptions, RedisFacts } from './inspect-redis.js'
import type { RedisStoreOptions } from './open-redis-store.js'

/** Opens a handle on the store in a Redis. @throws StoreOutage if it does not serve */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const redis = await import('./open-redis-store.js')
  return redis.openRedisStore(options)
}

/** What a Redis is set up to do. @throws StoreOutage if it does not answer */
export async function inspectRedis(options: InspectOptions): Promise<RedisFacts> {
  const redis = await import('./inspect-redis.js')
  return redis.inspectRedis(options)
}
