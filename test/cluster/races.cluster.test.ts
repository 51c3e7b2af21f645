import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { fromEnvironment } from '../faults/seeded.js'
import { type Cluster, startCluster } from './cluster.js'
import { raceConnections } from './races.js'
import { encode, record } from '../../protocol/index.js'
import { befriend, bert, come, eventsTopic, fence, register, request, takeRecord, textMessage } from '../wire/requests.js'

const racers = 4
const races = fromEnvironment('NYNJA_FAULT_ROUNDS', 25)

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, hasLinks: true })
})
afterAll(() => cluster.close())

test('of connections of one device to two nodes at once exactly one lives, and the other writes nothing', async () => {
  const [here, there] = cluster.doors
  const { findings, ...counts } = await raceConnections([here!, there!], { racers, races })
  process.stdout.write(`races: ${JSON.stringify(counts)}\n`)
  expect(findings).toEqual([])
  expect(counts.races).toBe(racers * races)
})

test('a connection whose node has not heard that the device is elsewhere now writes nothing', async () => {
  const [here, there] = cluster.doors.map((door) => door())
  const [ann, bob] = [await register(here!, 'ann', '380670000001'), await register(there!, 'bob', '380670000002')]
  const [old, b] = [await come(here!, ann), await come(there!, bob)]
  await befriend([ann, old], [bob, b])
  const link = cluster.links[0]!
  link.freeze()
  const late = old.publish(eventsTopic, encode(textMessage(ann, bob, 'too late'), bert), { qos: 1 })
  const young = await come(there!, ann)
  expect(old.isClosed).toBe(false)
  await link.heal()
  await expect(late).rejects.toThrow('the connection is closed')
  await young.publish(eventsTopic, encode(textMessage(ann, bob, 'in time'), bert), { qos: 1 })
  await fence(b)
  b.pushes.takeAll()
  const feed = record('p2p', { from: ann.phoneId, to: bob.phoneId })
  await request(b, record('History', { roster_id: bob.phoneId, feed, size: 100, entity_id: 0, status: 'get' }))
  const { data } = await takeRecord(b, 'History')
  const texts = data.flatMap((one) => (one.tag === 'Message' && one.status === 'sent' ? [one.msg_id] : []))
  expect(texts).toEqual(['in time'])
  await Promise.all([young.disconnect(), b.disconnect()])
})
