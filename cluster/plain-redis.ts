import { createRequire } from 'node:module'
import { Redis } from 'ioredis'
import { pauseBefore, type RedisPlace } from './connection.js'
import { beat } from './heartbeat.js'
import { openPlainSubscriber, type PlainSubscriber } from './plain-subscriber.js'

interface Packet {
  readonly topic: string
  readonly payload: Buffer | string
  readonly qos: 0 | 1 | 2
  readonly brokerId?: string
  readonly brokerCounter?: number
}

type Listener = (packet: Packet, done: () => void) => void
type Done = (error?: Error | null) => void

export interface PlainRedisOptions extends RedisPlace {
  /** Unique for each start of a process. */
  readonly boot: string
  readonly onError: (error: Error) => void
}

const require = createRequire(import.meta.url)
interface Emitter {
  on(topic: string, listener: Listener, done?: () => void): void
  removeListener(topic: string, listener: Listener, done?: () => void): void
  emit(packet: Packet, done: Done): void
  readonly state: NodeJS.EventEmitter
  _subTopic(topic: string): string
}
type EmitterClass = new (prefix: string, options: object) => Emitter

const ownerSeconds = 86_400
const willMs = 5_000
const willPauseMs = 20
const closeMs = 1_000
const willMark = ' will'

/** LPOP what is beyond ARGV[1]; a packet nobody is owed any more goes with it. ARGV[2]: what keys begin with. */
const trimScript = `
local removed = 0
while redis.call('LLEN', KEYS[1]) > tonumber(ARGV[1]) do
  local key = redis.call('LPOP', KEYS[1])
  removed = removed + 1
  local name = ARGV[2] .. key
  local packet = ARGV[2] .. 'packet:' .. string.match(key, '([^:]+:[^:]+)$')
  if name ~= packet then redis.call('DEL', name) end
  if redis.call('DECR', packet .. ':offlineCount') <= 0 then redis.call('DEL', packet, packet .. ':offlineCount') end
end
return removed`

/** Takes a packet out of a queue, sent or received (ARGV[1]: its name, ARGV[2]: what keys begin with, ARGV[3]: the queue's name); 0 if it is not in it. */
const settleScript = `
local packet = 'packet:' .. ARGV[1]
local received = ARGV[3] .. ':' .. ARGV[1]
redis.call('DEL', ARGV[2] .. received)
if redis.call('LREM', KEYS[1], 0, packet) + redis.call('LREM', KEYS[1], 0, received) == 0 then return 0 end
local name = ARGV[2] .. packet
if redis.call('DECR', name .. ':offlineCount') <= 0 then redis.call('DEL', name, name .. ':offlineCount') end
return 1`

/**
 * 0 while the will of the connection before is being published, else what the key held. It is taken over, unless it has a later epoch: the
 * number that a connection's name begins with.
 */
const takeScript = `
local was = redis.call('GET', KEYS[1])
if was and string.sub(was, -#ARGV[2]) == ARGV[2] then return 0 end
local epochOf = function (name) return tonumber(string.match(name, '^%d+')) end
if not was or epochOf(was) <= epochOf(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3]) end
return was`

const claimScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1`

const giveUpScript = `
local was = redis.call('GET', KEYS[1])
if was == ARGV[1] or was == ARGV[1] .. ARGV[2] then redis.call('DEL', KEYS[1]) end
return 0`

/**
 * A connection whose commands wait while Redis is away, and are sent again if they were under way when the link broke.
 * @param onError without somebody who listens, an error would end the process
 */
function openPatient(
  { url, onError }: PlainRedisOptions,
  options: { readonly keyPrefix?: string; readonly enableReadyCheck: boolean },
): Redis {
  const redis = new Redis(url, {
    ...options,
    enableAutoPipelining: true,
    maxRetriesPerRequest: null,
    keepAlive: 10_000,
    retryStrategy: pauseBefore,
  })
  redis.on('error', onError)
  beat(redis)
  return redis
}

/**
 * Opens what plain MQTT use needs of Redis; what needs it waits until it is there, and meanwhile.
 * @returns what the broker calls a PlainCluster
 */
export function openPlainRedis(options: PlainRedisOptions) {
  const keyPrefix = `${options.prefix}plain:`
  const db = openPatient(options, { keyPrefix, enableReadyCheck: true })
  const pub = openPatient(options, { enableReadyCheck: false })
  const resubscribed: (() => void)[] = []
  const interrupted: (() => void)[] = []
  const tell = (listeners: readonly (() => void)[]) => () => {
    for (const listener of listeners) listener()
  }
  const subscriber = openPlainSubscriber(options, {
    onError: options.onError,
    onInterrupted: tell(interrupted),
    onResubscribed: tell(resubscribed),
  })
  const createPersistence = require('aedes-persistence-redis') as (options: object) => object
  return {
    brokerId: options.boot,
    // 0 and -1: the whole queue, however long. Its bound is trimQueue's.
    persistence: createPersistence({ conn: db, maxSessionDelivery: -1 }),
    mq: newPlainMq(options, subscriber, { pub, db }),
    sessions: (): Promise<readonly string[]> => db.smembers('clients'),
    received: {
      has: async (client: string, messageId: number) => (await db.hexists(`received:${client}`, String(messageId))) === 1,
      add: async (client: string, messageId: number) => {
        await db.hset(`received:${client}`, String(messageId), '')
      },
      remove: async (client: string, messageId: number) => {
        await db.hdel(`received:${client}`, String(messageId))
      },
    },
    sentAs: {
      note: async (client: string, packet: string, messageId: number) => {
        await db.hset(`sent-as:${client}`, packet, messageId)
      },
      all: async (client: string) =>
        new Map(Object.entries(await db.hgetall(`sent-as:${client}`)).map(([packet, id]) => [packet, Number(id)])),
    },
    trimQueue: (client: string, limit: number) => trimQueue(db, keyPrefix, client, limit),
    async settle(client: string, packet: string) {
      const queue = `outgoing:${encodeURIComponent(client)}`
      await Promise.all([db.eval(settleScript, 1, queue, packet, keyPrefix, queue), db.hdel(`sent-as:${client}`, packet)])
    },
    async forgetSession(client: string) {
      await trimQueue(db, keyPrefix, client, 0)
      await db.del(`received:${client}`, `sent-as:${client}`)
    },
    owners: newOwners(db),
    onInterrupted: (listener: () => void) => void interrupted.push(listener),
    onResubscribed: (listener: () => void) => void resubscribed.push(listener),
  }
}

async function trimQueue(db: Redis, keyPrefix: string, client: string, limit: number): Promise<number> {
  return Number(await db.eval(trimScript, 1, `outgoing:${encodeURIComponent(client)}`, limit, keyPrefix))
}

function newPlainMq({ prefix, onError }: PlainRedisOptions, subscriber: PlainSubscriber, { pub, db }: Publishing) {
  const { MQEmitterRedisPrefix } = require('mqemitter-redis') as { readonly MQEmitterRedisPrefix: EmitterClass }
  const emitter = new MQEmitterRedisPrefix(`${prefix}plain/`, { subConn: subscriber, pubConn: pub, matchEmptyLevels: true })
  emitter.state.on('error', onError)
  // What is a pattern to Redis and a letter to MQTT.
  const patternOf = emitter._subTopic.bind(emitter)
  emitter._subTopic = (topic) => (/[+#]/.test(topic) ? patternOf(topic.replace(/[\\*?[\]]/g, '\\$&')) : topic)
  return {
    on(topic: string, listener: Listener, done?: () => void) {
      emitter.on(topic, listener)
      // Another subscription of the same name may still be on its way.
      void subscriber.settled().then(done)
    },
    removeListener: (topic: string, listener: Listener, done?: () => void) => {
      emitter.removeListener(topic, listener, done)
    },
    emit: (packet: Packet, done?: Done) => {
      emitter.emit(packet, done ?? (() => undefined))
    },
    close(done: () => void) {
      subscriber.quit()
      const ended = Promise.allSettled([pub.quit(), db.quit()])
      const patience = new Promise((resolve) => setTimeout(resolve, closeMs).unref())
      void Promise.race([ended, patience]).then(() => {
        pub.disconnect()
        db.disconnect()
        done()
      })
    },
  }
}

interface Publishing {
  readonly pub: Redis
  readonly db: Redis
}

/** Which connection a client id belongs to, over all processes. An entry lives for a day, unless it is prolonged. */
function newOwners(db: Redis) {
  const key = (client: string): string => `owner:${client}`
  return {
    async take(client: string, connection: string): Promise<string | undefined> {
      for (;;) {
        const was = await db.eval(takeScript, 1, key(client), connection, willMark, ownerSeconds)
        if (was !== 0) return typeof was === 'string' ? was : undefined
        await new Promise((resolve) => setTimeout(resolve, willPauseMs))
      }
    },
    of: async (client: string) => (await db.get(key(client))) ?? undefined,
    async prolong(clients: readonly string[]) {
      await Promise.all(clients.map((client) => db.expire(key(client), ownerSeconds)))
    },
    claimWill: async (client: string, connection: string) =>
      (await db.eval(claimScript, 1, key(client), connection, willMark, willMs)) === 1,
    giveUp: async (client: string, connection: string) => {
      await db.eval(giveUpScript, 1, key(client), connection, willMark)
    },
  }
}
