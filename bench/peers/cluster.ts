import type { Peer } from './peer.js'
import { startRedis } from './redis.js'

/** Two nodes on a Redis of their own, seen as one peer: processor time and memory are those of all three together. */
export interface Cluster extends Peer {
  readonly ports: readonly [number, number]
  readonly redis: Peer
}

/** @param startNode starts a node on the Redis that listens on that port */
export async function startCluster(name: string, startNode: (redisPort: number) => Promise<Peer>): Promise<Cluster> {
  const started: Peer[] = []
  const stop = async (): Promise<void> => {
    for (const peer of started.splice(0).reverse()) await peer.stop()
  }
  const start = async (starting: Promise<Peer>): Promise<Peer> => {
    const peer = await starting
    started.push(peer)
    return peer
  }
  try {
    const redis = await start(startRedis({ isDurable: true }))
    const ports = [(await start(startNode(redis.port))).port, (await start(startNode(redis.port))).port] as const
    const sum = (of: (peer: Peer) => number): number => started.reduce((total, peer) => total + of(peer), 0)
    return {
      name,
      port: ports[0],
      ports,
      redis,
      cpuMs: () => sum((peer) => peer.cpuMs()),
      residentBytes: () => sum((peer) => peer.residentBytes()),
      settle: () => {
        for (const peer of started) peer.settle()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
