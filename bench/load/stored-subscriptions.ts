import { encode } from '@msgpack/msgpack'
import { Redis } from 'ioredis'

const clientsPerBatch = 1_000

/** Stores `count` persistent sessions with one subscription each, as aedes-persistence-redis keeps them. */
export async function storeSubscriptions(redisPort: number, count: number): Promise<void> {
  const redis = new Redis({ host: '127.0.0.1', port: redisPort })
  try {
    for (let from = 0; from < count; from += clientsPerBatch) {
      const ids = Array.from({ length: Math.min(clientsPerBatch, count - from) }, (_, index) => `stored_${from + index}`)
      const batch = redis.pipeline().sadd('clients', ...ids)
      for (const id of ids) {
        const topic = `actions/1/api/${id}`
        batch.hset(`client:${id}`, topic, Buffer.from(encode({ topic, qos: 1 })))
      }
      await batch.exec()
    }
  } finally {
    redis.disconnect()
  }
}
