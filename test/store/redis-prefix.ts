import { patienceMs } from '../patience.js'
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { openRedisStore } from '../../store/index.js'
import { openedStore } from './opened-store.js'
import type { OpenedStore } from './store-contract.js'

/** The Redis that the run of the tests has seen to. */
export function testRedis(): string {
  const url = process.env['REDIS_URL']
  if (url === undefined) throw new Error('REDIS_URL is not set: run the tests with npm test')
  return url
}

/** A prefix that no other test has. */
export const ownPrefix = (): string => `test:${randomUUID()}:`

/** A store under a prefix of its own. */
export async function openPrefixedStore(inboxLimit: number): Promise<OpenedStore> {
  const prefix = ownPrefix()
  return openedStore(
    inboxLimit,
    () => openRedisStore({ url: testRedis(), prefix, inboxLimit, answerWithinMs: patienceMs }),
    () => removeAll(prefix),
  )
}

/** Removes every key that begins with `prefix`. */
export async function removeAll(prefix: string): Promise<void> {
  const redis = new Redis(testRedis())
  const keys = await redis.keys(`${prefix}*`)
  if (keys.length > 0) await redis.unlink(keys)
  redis.disconnect()
}
