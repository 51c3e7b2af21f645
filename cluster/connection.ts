import { Redis } from 'ioredis'
import { beat, silentMs } from './heartbeat.js'

/** Where a Redis is, and under what its keys and channels begin. */
export interface RedisPlace {
  /** `redis://` or `rediss://`, with user and password if it wants them. */
  readonly url: string
  readonly prefix: string
}

const firstPauseMs = 50
const longestPauseMs = 2_000

/** How long to wait before an attempt to connect again, counted from 1; ms. */
export function pauseBefore(attempt: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}

/**
 * A connection that comes back by itself, and queues nothing while it is away: whoever speaks on it can do without.
 * @param onError told of what goes wrong, at every attempt; without somebody who listens, an error would end the process
 */
export function openConnection({ url }: RedisPlace, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    // A subscriber must not ask for INFO, and whoever publishes need not know whether the data are loaded.
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    commandTimeout: silentMs,
    keepAlive: 10_000,
    retryStrategy: pauseBefore,
  })
  redis.on('error', onError)
  beat(redis)
  return redis
}
