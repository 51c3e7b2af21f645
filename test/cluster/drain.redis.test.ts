/** A node of a cluster that is told to end sends its clients away some at a time, each with everything it was owed an answer to. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { encode } from '../../protocol/index.js'
import { eventually } from '../faults/mortal-server.js'
import { befriend, bert, come, eventsTopic, login, register, textMessage, textOf } from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { type Cluster, startCluster } from './cluster.js'

const minute = 60_000
const rate = 20
const count = 60

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, environment: { NYNJA_DRAIN_RATE: String(rate), NYNJA_DRAIN_TIMEOUT_MS: '30000' } })
})
afterAll(() => cluster.close(), 2 * minute)

function readyz(): Promise<number> {
  return fetch(`http://127.0.0.1:${String(cluster.nodes[0]!.http)}/readyz`).then(({ status }) => status)
}

test('connections are closed at the rate, and what was read of them is acknowledged; the rest is repeated elsewhere', async () => {
  const [first, second] = cluster.nodes.map(({ mqtt }) => mqtt) as [number, number]
  const [ann, bob] = [await register(first, 'ann', '380670000001'), await register(first, 'bob', '380670000002')]
  const crowd = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const device = dial(first)
      await device.connect({ clientId: `reg_${String(i)}` })
      return device
    }),
  )
  const [a, b] = [await come(first, ann), await come(second, bob)]
  await befriend([ann, a], [bob, b])
  expect(await readyz()).toBe(200)

  let closed = 0
  for (const device of crowd) void device.closed.then(() => closed++)
  const sending = new Set<number>()
  const acknowledged = new Set<number>()
  /** Sends texts until the connection is closed. */
  async function talk(device: WireDevice): Promise<void> {
    for (let id = 1; !device.isClosed; id++) {
      sending.add(id)
      publish(device, id, false)
      const puback = await device.packets.take(`PUBACK ${String(id)}`, ({ cmd }) => cmd === 'puback').catch(() => undefined)
      if (puback?.messageId !== undefined) acknowledged.add(puback.messageId)
    }
  }
  function publish(device: WireDevice, id: number, dup: boolean): void {
    const payload = Buffer.from(encode(textMessage(ann, bob, String(id)), bert))
    device.write(generate({ cmd: 'publish', topic: eventsTopic, payload, qos: 1, dup, retain: false, messageId: id }))
  }
  const talking = talk(a)
  const ending = cluster.nodes[0]!.terminate()
  await eventually('it is not ready', async () => (await readyz().catch(() => 503)) === 503)
  await eventually('it takes no connections', async () => {
    const late = dial(first)
    await late.closed
    return true
  })
  const begun = Date.now()
  await crowd[0]!.closed
  expect(closed).toBeLessThan(count / 2)
  await talking
  expect(await ending).toBe(0)
  // A machine that is slow makes it longer, and nothing shorter.
  expect(Date.now() - begun).toBeGreaterThan(1_000)
  expect(closed).toBe(count)

  const again = await login(second, ann)
  const unanswered = [...sending].filter((id) => !acknowledged.has(id))
  expect(unanswered.length).toBeLessThanOrEqual(1)
  for (const id of unanswered) {
    publish(again, id, true)
    await again.packets.take(`PUBACK ${String(id)}`, ({ cmd }) => cmd === 'puback')
  }
  const texts: string[] = []
  while (texts.length < sending.size) {
    const push = await b.pushes.take('a text', ({ topic }) => topic.startsWith('p2p/'))
    texts.push(String(textOf(push)))
  }
  expect(texts).toEqual([...sending].map(String))
})
