import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { fromEnvironment } from '../faults/seeded.js'
import { type Cluster, startCluster } from './cluster.js'
import { raceConnections } from './races.js'

const minute = 60_000
const racers = 4
const races = fromEnvironment('NYNJA_FAULT_ROUNDS', 25)

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 })
}, minute)
afterAll(() => cluster.close())

test(
  'of connections of one device to two nodes at once exactly one lives, and the other writes nothing',
  async () => {
    const [here, there] = cluster.doors
    const { findings, ...counts } = await raceConnections([here!, there!], { racers, races })
    process.stdout.write(`races: ${JSON.stringify(counts)}\n`)
    expect(findings).toEqual([])
    // Some races were such that the fenced one was there to be refused.
    expect(counts).toMatchObject({ races: racers * races })
    expect(counts.bothAccepted).toBeGreaterThan(0)
  },
  5 * minute,
)
