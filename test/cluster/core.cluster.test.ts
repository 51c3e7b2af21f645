/** Clients of Protocol Core on two nodes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { buildCoreTown } from '../faults/core-town.js'
import { befriendCore, type CoreClient, type CoreMessage, dialCore, registerCore } from '../wire/core-client.js'
import { type Cluster, startCluster } from './cluster.js'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, environment: { NYNJA_WS_PORT: '0' } })
})
afterAll(() => cluster.close())

const port = (place: number): number => cluster.nodes[place]!.ws

test('a device that connects to another node is closed with 4001, and goes on there under the same numbers', async () => {
  const ann = await registerCore(port(0), '380670006001')
  const bob = await registerCore(port(1), '380670006002')
  await befriendCore(ann, bob)
  await ann.get('urn:nynja:chat:send', { text: 'one' }, bob.user)
  // The greeting of a new friend comes from the other node when it comes.
  const takeText = (peer: CoreClient, text: string): Promise<CoreMessage> =>
    peer.pushes.take(text, ({ type, payload }) => type === 'urn:nynja:on:message' && payload['text'] === text)
  const one = await takeText(bob, 'one')
  const again = await dialCore(port(0))
  await again.get('urn:nynja:auth:token', { device: bob.device, token: bob.token })
  expect(await bob.closed).toBe(4001)
  expect(await takeText(again, 'one')).toEqual(one)
  await again.get('urn:nynja:inbox:ack', { seq: one.payload['seq'] })
  await ann.get('urn:nynja:chat:send', { text: 'two' }, bob.user)
  await takeText(again, 'two')
  await Promise.all([ann.close(), again.close()])
})

test('loses, repeats and reorders nothing while nodes are killed', async () => {
  let turn = 0
  const alive = (): number => {
    const living = cluster.nodes.filter(({ isAlive }) => isAlive)
    return living[turn++ % living.length]?.ws ?? 0
  }
  const town = await buildCoreTown(alive, 3)
  try {
    town.start()
    for (const node of [cluster.nodes[0]!, cluster.nodes[1]!]) {
      await town.acknowledgements(100)
      await node.kill()
      await town.acknowledgements(100)
      await node.start()
    }
    await town.settle()
    expect(await town.problems()).toEqual([])
  } finally {
    town.close()
  }
})
