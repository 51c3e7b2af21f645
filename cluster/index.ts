/** The door of `cluster/`: how the processes on one Redis speak to each other. */
export type { RedisBusOptions } from './redis-bus.js'
export type { RedisBusReceiver, RedisBusReceiverOptions } from './redis-bus-receiver.js'
export type { PlainRedisOptions } from './plain-redis.js'
export { openPlainRedis, openRedisBus, openRedisBusReceiver } from './when-needed.js'
