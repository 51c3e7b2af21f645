/** Plain MQTT use in large numbers. SUBSCRIBE and UNSUBSCRIBE of many filters: what is allowed is granted and told, what is too much is refused as a whole, others are served. */
import { connect as connectTcp } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Account, come, fence, register } from './requests.js'
import { dial, newWireDevice, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const most = 500
const mostOfConnection = 1_000

let server: WireServer
let ann: Account
let device: WireDevice
let service: WireDevice

beforeAll(async () => {
  server = await startWireServer({ NYNJA_SERVICES: 'news=secret-of-the-news', NYNJA_GRANTS: 'any both board/#' })
  ann = await register(server.mqtt, 'ann', '380670000001')
  device = await come(server.mqtt, ann)
  service = dial(server.mqtt)
  await service.connect({ clientId: 'sys_news', password: 'secret-of-the-news' })
  await fence(service)
})
afterAll(() => server.close())

const boards = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `board/${String(from + i)}`)

async function unsubscribe(one: WireDevice, filters: readonly string[]): Promise<void> {
  one.send({ cmd: 'unsubscribe', messageId: one.nextId(), unsubscriptions: [...filters] })
  await one.packets.take('UNSUBACK', ({ cmd }) => cmd === 'unsuback')
}

test(`${String(most)} filters are granted in one packet, and come again with the session`, async () => {
  expect(await device.subscribe(...boards(most))).toEqual(Array(most).fill(2))
  await device.disconnect()
  device = await come(server.mqtt, ann)
  for (const board of [0, most - 1]) {
    await service.publish(`board/${String(board)}`, Buffer.from('hello'))
    await device.pushes.take('the board', ({ topic }) => topic === `board/${String(board)}`)
  }
})

test('of a packet with one more each is refused, and the connection stays', async () => {
  expect(await device.subscribe(...boards(most + 1, most))).toEqual(Array(most + 1).fill(0x80))
  expect(await device.subscribe(...Array.from({ length: 15_000 }, () => 'a'))).toEqual(Array(15_000).fill(0x80))
  await service.publish(`board/${String(most)}`, Buffer.from('hello'))
  await fence(device)
  expect(device.pushes.takeAll().filter(({ topic }) => topic.startsWith('board/'))).toEqual([])
})

test('a connection has so many filters at a time, and others once it has given some up', async () => {
  expect(await device.subscribe(...boards(mostOfConnection - most, most))).toEqual(Array(mostOfConnection - most).fill(2))
  expect(await device.subscribe('board/new', 'board/1')).toEqual([0x80, 2])
  await unsubscribe(device, boards(most))
  expect(await device.subscribe('board/new')).toEqual([2])
})

test('UNSUBSCRIBE of too many, for which MQTT knows no refusal, ends the connection', async () => {
  device.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: boards(most + 1) })
  await device.closed
})

test('SUBSCRIBEs without end, whose answers are not read, keep nobody else waiting', async () => {
  const mallory = await come(server.mqtt, ann)
  mallory.send({ cmd: 'subscribe', messageId: 1, subscriptions: boards(most).map((topic) => ({ topic: `ses/${topic}`, qos: 0 })) })
  for (let i = 2; i < 40; i++)
    mallory.send({
      cmd: 'subscribe',
      messageId: i,
      subscriptions: Array.from({ length: most }, (_, j) => ({ topic: `room/${String(j)}`, qos: 1 })),
    })
  await fence(service)
  for (let i = 1; i < 40; i++) {
    const answer = await mallory.packets.take('SUBACK', ({ cmd }) => cmd === 'suback')
    expect([answer.messageId, answer.cmd === 'suback' ? answer.granted.length : 0]).toEqual([i, most])
  }
})

test('who does not read loses what is published at QoS 0, and nothing at QoS 1', async () => {
  const [count, bytes] = [100, 400_000]
  const socket = connectTcp({ host: '127.0.0.1', port: server.mqtt })
  const reader = newWireDevice(socket)
  await reader.connect({ clientId: 'sys_news', password: 'secret-of-the-news' })
  await reader.subscribe('board/0', 'board/1')
  await fence(reader)
  socket.pause()
  const author = await come(server.mqtt, await register(server.mqtt, 'author', '380670000002'))
  for (let i = 0; i < count; i++) await author.publish('board/0', Buffer.alloc(bytes), { qos: 0 })
  await author.publish('board/1', Buffer.from('last'), { qos: 1 })
  await fence(author)
  socket.resume()
  await reader.pushes.take('the last', ({ topic }) => topic === 'board/1')
  const read = reader.pushes.takeAll().filter(({ topic }) => topic === 'board/0').length
  // The kernel keeps 10 MB of an unread connection at most.
  expect(read).toBeGreaterThan(0)
  expect(read).toBeLessThan(count / 2)
  await author.disconnect()
  await reader.disconnect()
})
