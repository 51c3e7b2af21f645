import { openRedisStore } from '../../store/index.js'
import { median } from '../compare.js'
import { storeDevices } from '../load/stored-devices.js'
import { storeSubscriptions } from '../load/stored-subscriptions.js'
import { startAedesOn } from '../peers/aedes.js'
import { startNynja } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import { startRedis } from '../peers/redis.js'
import { atMost, type Row } from '../report.js'
import { opened } from './opened.js'
import type { ScenarioContext } from './scenario.js'

const counts = [0, 10_000, 100_000] as const
type Count = (typeof counts)[number]
type StartMs = Readonly<Record<Count, number>>

interface Starter {
  readonly name: string
  /** How often a node is started with each number of sessions. */
  readonly rounds: number
  readonly start: (redisPort: number) => Promise<Peer>
  readonly store: (redisPort: number, count: number) => Promise<void>
}

const nynja: Starter = { name: 'nynja', rounds: 7, start: (redisPort) => startNynja({ redisPort }), store: storeOurs }
/** Theirs takes so long with many sessions that noise does not matter. */
const aedes: Starter = {
  name: 'aedes+redis',
  rounds: 1,
  start: (redisPort) => startAedesOn(redisPort, 'aedes+redis'),
  store: storeSubscriptions,
}

/** From the start of the process to its ready line, on a Redis that holds so many sessions. */
export async function clusterStart(context: ScenarioContext): Promise<readonly Row[]> {
  const theirs = await startMs(context, aedes)
  const ours = context.hasNynja ? await startMs(context, nynja) : undefined
  const row = (count: Count, against: { readonly name: string; readonly value: number }): Row => ({
    scenario: 'cluster',
    measure: `start, ${count.toLocaleString('en-US')} sessions`,
    unit: 'ms',
    value: ours?.[count],
    against,
  })
  return [
    { ...row(100_000, { name: 'nynja, no sessions', value: ours?.[0] ?? NaN }), bound: atMost(1.25) },
    ...counts.map((count) => row(count, { name: aedes.name, value: theirs[count] })),
  ]
}

async function storeOurs(redisPort: number, count: number): Promise<void> {
  const store = await openRedisStore({ url: `redis://127.0.0.1:${redisPort}` })
  try {
    await storeDevices(store, count)
  } finally {
    await store.close()
  }
}

function startMs({ log }: ScenarioContext, { name, rounds, start, store }: Starter): Promise<StartMs> {
  return opened(async (onEnd) => {
    const timed = async (redis: Peer): Promise<number> => {
      const begun = performance.now()
      const peer = await start(redis.port)
      const ms = performance.now() - begun
      await peer.stop()
      return ms
    }
    const filled = await Promise.all(
      counts.map(async (count) => {
        const redis = await startRedis({ isDurable: true })
        onEnd(redis.stop)
        await timed(redis) // the first start of all makes what the later ones find
        await store(redis.port, count)
        return { count, redis, times: [] as number[] }
      }),
    )
    for (let round = 0; round < rounds; round++) for (const { redis, times } of filled) times.push(await timed(redis))
    const medians = filled.map(({ count, times }) => [count, median(times)] as const)
    for (const [count, ms] of medians)
      log(`  ${name.padEnd(17)} ready after ${Math.round(ms)} ms with ${count.toLocaleString('en-US')} sessions`)
    return Object.fromEntries(medians) as StartMs
  })
}
