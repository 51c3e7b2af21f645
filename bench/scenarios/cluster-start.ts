import { median } from '../compare.js'
import { storeSubscriptions } from '../load/stored-subscriptions.js'
import { startAedesOn } from '../peers/aedes.js'
import type { Peer } from '../peers/peer.js'
import { startRedis } from '../peers/redis.js'
import type { Row } from '../report.js'
import { opened } from './opened.js'
import type { ScenarioContext } from './scenario.js'

const counts = [0, 10_000, 100_000] as const
type StartMs = ReadonlyMap<number, number>

interface Starter {
  readonly name: string
  readonly rounds: number
  readonly seed: (redisPort: number, count: number) => Promise<void>
  readonly start: (redisPort: number) => Promise<Peer>
}

const aedes: Starter = { name: 'aedes+redis', rounds: 1, seed: storeSubscriptions, start: (port) => startAedesOn(port, 'aedes+redis') }

/** From the start of the process to its ready line, on a Redis that knows so many sessions. */
export async function clusterStart(context: ScenarioContext): Promise<readonly Row[]> {
  const theirs = await startMs(context, aedes)
  return counts.map((count) => ({
    scenario: 'cluster',
    measure: `start, ${count.toLocaleString('en-US')} sessions`,
    unit: 'ms',
    value: undefined,
    against: { name: 'aedes+redis', value: theirs.get(count) ?? NaN },
  }))
}

function startMs({ log }: ScenarioContext, { name, rounds, seed, start }: Starter): Promise<StartMs> {
  return opened(async (onEnd) => {
    const seeded = new Map<number, Peer>()
    for (const count of counts) {
      const redis = await startRedis({ isDurable: true })
      onEnd(redis.stop)
      await (await start(redis.port)).stop() // the first one of all finds nothing, and may make what the others find
      await seed(redis.port, count)
      seeded.set(count, redis)
    }
    const times = new Map<number, number[]>(counts.map((count) => [count, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [count, redis] of seeded) {
        const begun = performance.now()
        const peer = await start(redis.port)
        times.get(count)?.push(performance.now() - begun)
        await peer.stop()
      }
    }
    const medians = new Map([...times].map(([count, of]) => [count, median(of)]))
    for (const [count, ms] of medians)
      log(`  ${name.padEnd(12)} ready after ${Math.round(ms)} ms with ${count.toLocaleString('en-US')} sessions`)
    return medians
  })
}
