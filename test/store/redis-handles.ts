import { Redis } from 'ioredis'
import type { RedisStoreOptions, Store } from '../../store/index.js'
import { openRedisStore } from '../../store/index.js'

/** A handle on a Redis of the test's own, and what it was told of its state. */
export interface Handle {
  readonly store: Store
  readonly states: readonly { readonly isReachable: boolean; readonly because: string }[]
  /** Resolves when the store is, or becomes, reachable or not. */
  until(isReachable: boolean): Promise<void>
}

/** Opens handles, and closes them all. */
export interface Handles {
  open(port: number, options?: Partial<RedisStoreOptions>): Promise<Handle>
  closeAll(): Promise<void>
}

export function newHandles(): Handles {
  let stores: Store[] = []
  return {
    async open(port, options = {}) {
      const states: { isReachable: boolean; because: string }[] = []
      let waiting: { isReachable: boolean; resolve: () => void }[] = []
      const onState = (isReachable: boolean, because: string): void => {
        states.push({ isReachable, because })
        for (const one of waiting.filter((waiter) => waiter.isReachable === isReachable)) one.resolve()
        waiting = waiting.filter((waiter) => waiter.isReachable !== isReachable)
      }
      const store = await openRedisStore({ url: `redis://127.0.0.1:${port}`, onState, ...options })
      stores.push(store)
      return {
        store,
        states,
        until: (isReachable) =>
          new Promise((resolve) => {
            if (states.at(-1)?.isReachable === isReachable) resolve()
            else waiting.push({ isReachable, resolve })
          }),
      }
    },
    async closeAll() {
      await Promise.all(stores.map((store) => store.close()))
      stores = []
    },
  }
}

/** Speaks to the Redis at `port` past the store. */
export async function withRedis<T>(port: number, body: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null })
  try {
    return await body(redis)
  } finally {
    redis.disconnect()
  }
}
