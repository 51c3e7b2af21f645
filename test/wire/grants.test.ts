/** Topics of plain MQTT beside the protocol, where configuration grants them. @see docs/decisions/0012-grants.md */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Account, come, fence, register } from './requests.js'
import { dial, type Qos, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let ann: Account
let [device, service]: WireDevice[] = []

beforeAll(async () => {
  const grants = ['device publish telemetry/%p/#', 'device both own/%c/#', 'service:news both telemetry/#', 'any subscribe board/+'].join(
    ';',
  )
  server = await startWireServer({ NYNJA_SERVICES: 'news=secret-of-the-news', NYNJA_GRANTS: grants })
  ann = await register(server.mqtt, 'ann', '380670000001')
  device = await come(server.mqtt, ann)
  service = dial(server.mqtt)
  await service.connect({ clientId: 'sys_news', password: 'secret-of-the-news' })
  await fence(service)
  service.pushes.takeAll()
})
afterAll(() => server.close())

test('a subscription is granted if a grant covers all of it', async () => {
  expect(await device!.subscribe('own/emqttd_ann/a', 'own/emqttd_ann/#', 'board/1', 'board/+')).toEqual([2, 2, 2, 2])
  expect(await device!.subscribe('own/emqttd_eve/a', 'own/#', 'board/#', 'telemetry/1', 'telemetry/#')).toEqual([
    0x80, 0x80, 0x80, 0x80, 0x80,
  ])
  expect(await service!.subscribe('telemetry/#')).toEqual([2])
})

test('what is granted is delivered as MQTT does, at each QoS, and keeps no retained message', async () => {
  for (const qos of [0, 1, 2] satisfies Qos[]) {
    await device!.publish('telemetry/380670000001/t', Buffer.from(String(qos)), { qos, retain: true })
    const { topic, payload, retain, qos: sentAt } = await service!.pushes.take('the reading')
    expect({ topic, payload: String(payload), retain, qos: sentAt }).toEqual({
      topic: 'telemetry/380670000001/t',
      payload: String(qos),
      retain: false,
      qos,
    })
  }
  const late = dial(server.mqtt)
  await late.connect({ clientId: 'sys_news', password: 'secret-of-the-news' })
  await late.subscribe('telemetry/#')
  await fence(late)
  expect(late.pushes.items.filter(({ topic }) => topic.startsWith('telemetry/'))).toEqual([])
  service = late
})

test('what is not granted is acknowledged and goes nowhere', async () => {
  for (const topic of ['telemetry/380670000002/t', 'own/emqttd_eve/a', 'board/1', 'telemetry'])
    await device!.publish(topic, Buffer.from('x'))
  for (const one of [device!, service!]) {
    await fence(one)
    expect(one.pushes.items.filter(({ topic }) => !topic.startsWith('actions/'))).toEqual([])
  }
})

test('a device that publishes and subscribes gets what it publishes', async () => {
  await device!.publish('own/emqttd_ann/a', Buffer.from('me'))
  expect(String((await device!.pushes.take('its own', ({ topic }) => topic === 'own/emqttd_ann/a')).payload)).toBe('me')
})
