import { Redis } from 'ioredis'
import type { Seeded } from '../faults/seeded.js'
import { type AppendFsync, newRedisProcess, type RedisProcess } from './redis-process.js'

/** What a Redis had answered and did not know any more after kill -9. */
export interface RedisLoss {
  readonly kills: number
  /** Kills after which something was missing. */
  readonly lossy: number
  readonly answered: number
  readonly lost: number
}

const ahead = 64
const value = 'x'.repeat(2_000)
const list = 'written'

/** Writes to a Redis, nothing else, and kills it after a random number of answers. @param longest answers before a kill at most */
export async function killBareRedis(appendFsync: AppendFsync, kills: number, longest: number, random: Seeded): Promise<RedisLoss> {
  const sum = { kills, lossy: 0, answered: 0, lost: 0 }
  for (let kill = 0; kill < kills; kill++) {
    const redis = await newRedisProcess(appendFsync)
    try {
      await redis.start()
      const answered = await writeUntilKilled(redis, random.integer(1, longest))
      await redis.start()
      const lost = Math.max(0, answered - (await lengthOf(redis)))
      sum.answered += answered
      sum.lost += lost
      sum.lossy += lost > 0 ? 1 : 0
    } finally {
      await redis.close()
    }
  }
  return sum
}

async function writeUntilKilled(redis: RedisProcess, enough: number): Promise<number> {
  const client = open(redis)
  let answered = 0
  await Promise.all(
    Array.from({ length: ahead }, async () => {
      try {
        for (;;) {
          await client.rpush(list, value)
          answered++
          // What is killed while it writes has other answers on their way, which count.
          if (answered === enough) void redis.kill()
        }
      } catch {
        // it is gone
      }
    }),
  )
  client.disconnect()
  await redis.kill()
  return answered
}

async function lengthOf(redis: RedisProcess): Promise<number> {
  const client = open(redis)
  const length = await client.llen(list)
  client.disconnect()
  return length
}

function open({ port }: RedisProcess): Redis {
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => undefined)
  return client
}
