/** What speaks with Redis, which is large, and loaded by whoever is in a cluster: a process that is alone starts without it. */
import type { Bus } from '../rpc/index.js'
import type * as plainRedis from './plain-redis.js'
import type { PlainRedisOptions } from './plain-redis.js'
import type { RedisBusOptions } from './redis-bus.js'
import type { RedisBusReceiver, RedisBusReceiverOptions } from './redis-bus-receiver.js'

type PlainRedis = ReturnType<typeof plainRedis.openPlainRedis>

/** The bus on which this process sends to the others. */
export async function openRedisBus(options: RedisBusOptions): Promise<Bus & { close(): void }> {
  const bus = await import('./redis-bus.js')
  return bus.openRedisBus(options)
}

/** The bus on which this process hears the others. */
export async function openRedisBusReceiver(options: RedisBusReceiverOptions): Promise<RedisBusReceiver> {
  const receiver = await import('./redis-bus-receiver.js')
  return receiver.openRedisBusReceiver(options)
}

/** What plain MQTT use shares with the other processes. */
export async function openPlainRedis(options: PlainRedisOptions): Promise<PlainRedis> {
  const plain = await import('./plain-redis.js')
  return plain.openPlainRedis(options)
}
