/** The door of `cluster/`: how the processes on one Redis speak to each other. */
export { openRedisBus, type RedisBusOptions } from './redis-bus.js'
export { openRedisBusReceiver, type RedisBusReceiver, type RedisBusReceiverOptions } from './redis-bus-receiver.js'
export { openPlainRedis, type PlainRedisOptions } from './plain-redis.js'
