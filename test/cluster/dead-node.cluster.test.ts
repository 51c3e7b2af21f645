/** Three nodes, of which one is killed: what the others see to in its place. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import {
  type Account,
  befriend,
  bert,
  come,
  eventsTopic,
  fence,
  login,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
} from '../wire/requests.js'
import type { WireDevice } from '../wire/wire-device.js'
import { type Cluster, startCluster } from './cluster.js'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 })
})
afterAll(() => cluster.close())

const port = (place: number): number => cluster.doors[place]!()

interface Person {
  readonly account: Account
  readonly device: WireDevice
}

async function person(name: string, phone: string, place: number): Promise<Person> {
  const account = await register(port(place), name, phone)
  return { account, device: await come(port(place), account) }
}

const known = (one: Person): readonly [Account, WireDevice] => [one.account, one.device]

/** Whose presence was pushed, and what it is now. */
function presenceIn(push: IPublishPacket): string | undefined {
  const one = recordOf(push)
  return one.tag === 'Contact' && one.presence !== null ? `${one.phone_id ?? ''} ${one.presence}` : undefined
}

test('its devices go offline for their friends, but for those that have come back elsewhere', async () => {
  const watcher = await person('watcher', '380671000001', 1)
  const lost = [await person('lost1', '380671000011', 0), await person('lost2', '380671000012', 0)]
  const moved = await person('moved', '380671000013', 0)
  for (const one of [...lost, moved]) await befriend(known(watcher), known(one))
  await settle(watcher.device)

  await cluster.nodes[0]!.kill()
  const again = await come(port(2), moved.account)
  const seen: string[] = []
  const expected = lost.map(({ account }) => `${account.phoneId} offline`)
  while (!expected.every((one) => seen.includes(one))) {
    const push = await watcher.device.pushes.take('presence')
    const presence = presenceIn(push)
    if (presence !== undefined) seen.push(presence)
  }
  await fence(watcher.device)
  seen.push(...watcher.device.pushes.takeAll().flatMap((push) => presenceIn(push) ?? []))
  expect(seen.filter((one) => one.endsWith('offline')).sort()).toEqual(expected.sort())
  await Promise.all([again.disconnect(), watcher.device.disconnect()])
  await cluster.nodes[0]!.start()
})

const v11 = { codec: 'bert', dialect: 'v11' } as const

/** Schedules a message for as soon as the server takes it: how slow the machine is decides only how long the test lasts. */
async function schedule(from: Person, to: Account, text: string): Promise<void> {
  for (let leadMs = 1_500; ; leadMs *= 4) {
    const message = record('Message', {
      from: from.account.phoneId,
      to: to.phoneId,
      msg_id: text,
      files: [record('Desc', { id: 'd', payload: text })],
    })
    const feed_id = record('act', { name: 'publish', data: from.account.phoneId })
    await request(from.device, record('Job', { feed_id, time: Date.now() + leadMs, data: [message], status: 'init' }), v11)
    const answer = recordOf(await from.device.pushes.take('the answer', ({ topic }) => topic.startsWith('actions/')), 'v11')
    if (answer.tag === 'Job') return
  }
}

test('a scheduled message is published once by three nodes, and once if the node that took it is killed before its time', async () => {
  const author = await person('author', '380671000021', 0)
  const reader = await person('reader', '380671000022', 1)
  await befriend(known(author), known(reader))
  const texts = ['all live', 'one dead']
  await schedule(author, reader.account, texts[0]!)
  const isText = (push: IPublishPacket, text: string): boolean => {
    const one = recordOf(push)
    return push.topic.startsWith('p2p/') && one.tag === 'Message' && one.msg_id === text
  }
  await reader.device.pushes.take(texts[0]!, (push) => isText(push, texts[0]!))
  await settle(author.device)
  await schedule(author, reader.account, texts[1]!)
  await cluster.nodes[0]!.kill()
  await reader.device.pushes.take(texts[1]!, (push) => isText(push, texts[1]!))

  const back = await login(port(2), author.account)
  await back.publish(eventsTopic, encode(record('init', { token: '' }), bert), { qos: 1 })
  await fence(reader.device)
  expect(reader.device.pushes.takeAll().filter((push) => texts.some((text) => isText(push, text)))).toEqual([])
  const feed = record('p2p', { from: author.account.phoneId, to: reader.account.phoneId })
  await request(reader.device, record('History', { roster_id: reader.account.phoneId, feed, size: 100, entity_id: 0, status: 'get' }))
  const { data } = await takeRecord(reader.device, 'History')
  expect(data.flatMap((one) => (one.tag === 'Message' && one.status === 'sent' ? [one.msg_id] : []))).toEqual(texts)
  await Promise.all([back.disconnect(), reader.device.disconnect()])
  await cluster.nodes[0]!.start()
})
