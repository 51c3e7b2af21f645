import { type MortalServer, newMortalServer } from '../faults/mortal-server.js'
import { type HaproxyProcess, startHaproxy } from './haproxy-process.js'
import { type LinkProxy, startLinkProxy } from './link-proxy.js'
import { stablePort } from './program.js'
import { type AppendFsync, newRedisProcess, type RedisProcess } from './redis-process.js'

/** Nodes in processes of their own on one Redis. */
export interface Cluster {
  readonly redis: RedisProcess
  readonly nodes: readonly MortalServer[]
  /** Between each node and Redis, where they were asked for. */
  readonly links: readonly LinkProxy[]
  /** Where devices come in: each node, or the balancer in front of all. */
  readonly doors: readonly (() => number)[]
  close(): Promise<void>
}

export interface ClusterOptions {
  readonly nodes: number
  readonly appendFsync?: AppendFsync
  readonly hasLinks?: boolean
  /** Devices come through HAProxy; there are two nodes then. */
  readonly isBalanced?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts everything; nodes start one after the other. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const redis = await newRedisProcess(options.appendFsync ?? 'always')
  const closers: (() => Promise<void>)[] = [redis.close]
  async function close(): Promise<void> {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    await redis.start()
    const links = await inTurn(options.hasLinks === true ? options.nodes : 0, () => startLinkProxy(redis.port))
    closers.push(...links.map((link) => link.close))
    const ports = await inTurn(options.isBalanced === true ? options.nodes : 0, async () => ({
      mqtt: await stablePort(),
      http: await stablePort(),
    }))
    const nodes = await inTurn(options.nodes, async (place) => {
      const fixed = ports[place]
      const node = await newMortalServer({
        ...nodeEnvironment(links[place]?.port ?? redis.port),
        ...(fixed === undefined
          ? {}
          : { NYNJA_MQTT_PORT: String(fixed.mqtt), NYNJA_HTTP_PORT: String(fixed.http), NYNJA_PROXY_PROTOCOL: 'true' }),
        ...options.environment,
      })
      closers.push(node.close)
      await node.start()
      return node
    })
    let balancer: HaproxyProcess | undefined
    if (options.isBalanced === true) {
      balancer = await startHaproxy(ports)
      closers.push(balancer.close)
    }
    const front = balancer?.mqtt
    return { redis, nodes, links, doors: front === undefined ? nodes.map((node) => () => node.mqtt) : [() => front], close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Of a node on the Redis at that port. */
export function nodeEnvironment(redisPort: number): Readonly<Record<string, string>> {
  return { NYNJA_STORE: `redis://127.0.0.1:${String(redisPort)}`, NYNJA_REQUEST_DEADLINE_MS: String(requestDeadlineMs) }
}

/** Longer than any fault lasts: what a request waits for comes back in time, and none is refused. */
const requestDeadlineMs = 300_000

async function inTurn<T>(count: number, make: (place: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  for (let place = 0; place < count; place++) made.push(await make(place))
  return made
}
