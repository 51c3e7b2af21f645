import { startCluster, type Cluster } from './cluster.js'
import type { Peer } from './peer.js'
import { startNodePeer } from './node-peer.js'
import { startRedis } from './redis.js'
import { tempFolder } from './temp-folder.js'

/** Bare Aedes, sessions in memory. `isEcho`: it answers each request on `events/#` with its own payload. */
export function startAedes({ isEcho = false, canSettle = false } = {}): Promise<Peer> {
  return startNodePeer({ name: 'aedes', script: './aedes-server.js', portKey: 'mqtt', canSettle, env: { BENCH_ECHO: isEcho ? '1' : '0' } })
}

/** Bare Aedes that answers requests like {@link startAedes}, once it has stored each of them in LMDB as one row. */
export function startStoringAedes(): Promise<Peer> {
  const folder = tempFolder('aedes')
  return startNodePeer({
    name: 'aedes+lmdb',
    script: './aedes-server.js',
    portKey: 'mqtt',
    env: { BENCH_ECHO: '1', BENCH_LMDB_PATH: folder.path },
    alsoStop: async () => folder.remove(),
  })
}

/** Aedes with its Redis persistence and emitter, and a Redis server of its own that keeps nothing on disk. */
export async function startAedesWithRedis(): Promise<Peer> {
  const redis = await startRedis()
  try {
    return await startNodePeer({
      name: 'aedes+redis',
      script: './aedes-server.js',
      portKey: 'mqtt',
      env: { BENCH_REDIS_PORT: String(redis.port) },
      alsoStop: redis.stop,
      alsoCpuMs: redis.cpuMs,
    })
  } catch (error) {
    await redis.stop()
    throw error
  }
}

/** How Aedes speaks with Redis: as its documentation sets it up, or with the commands of a turn of the event loop written together. */
export type RedisUse = 'aedes+redis' | 'aedes+redis piped'

/** Two Aedes on one Redis, each with its Redis persistence and emitter. */
export function startAedesCluster(use: RedisUse): Promise<Cluster> {
  return startCluster(use, (redisPort) => startAedesOn(redisPort, use))
}

/** Aedes on a Redis that others may use as well. */
export function startAedesOn(redisPort: number, use: RedisUse): Promise<Peer> {
  return startNodePeer({
    name: use,
    script: './aedes-server.js',
    portKey: 'mqtt',
    env: { BENCH_REDIS_PORT: String(redisPort), BENCH_REDIS_PIPED: use === 'aedes+redis piped' ? '1' : '0' },
  })
}
