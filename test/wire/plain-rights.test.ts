/** Rights of plain MQTT use are those of the account as it is now, live and out of the queue. @see docs/decisions/0012-grants.md */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import { bert, come, eventsTopic, fence, login, register, request, takeRecord } from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

const [old, fresh] = ['380671110001', '380671110002']

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_GRANTS: 'device both telemetry/%p/#;any both board/#' })
})
afterAll(() => server.close())

const isPlain = ({ topic }: IPublishPacket): boolean => topic.startsWith('telemetry/') || topic.startsWith('board/')

/** What has come of plain MQTT use by the answer to a request that is asked now, after everything that was published. */
async function heard(device: WireDevice): Promise<string[]> {
  await fence(device)
  return device.pushes
    .takeAll()
    .filter(isPlain)
    .map(({ payload }) => String(payload))
}

test('who has moved to another number hears nothing of who has the old one now, live or out of the queue', async () => {
  const account = await register(server.mqtt, 'mover', old)
  const mover = await come(server.mqtt, account)
  expect(await mover.subscribe(`telemetry/${old}/#`, 'board/#')).toEqual([2, 2])
  await request(mover, record('Profile', { phone: fresh, status: 'migrate' }))
  const services = [record('Service', { login: fresh, password: testCode })]
  await request(mover, record('Profile', { phone: fresh, services, status: 'phone' }))
  while ((await takeRecord(mover, 'Profile')).status !== 'phone');
  expect(await mover.subscribe(`telemetry/${old}/x`, `telemetry/${fresh}/x`)).toEqual([0x80, 2])

  const next = await come(server.mqtt, await register(server.mqtt, 'next', old))
  await next.publish(`telemetry/${old}/x`, Buffer.from('live'))
  // What comes after it on a topic that is open to both has overtaken nothing.
  await next.publish('board/1', Buffer.from('for all'))
  await mover.pushes.take('what is for all', ({ payload }) => String(payload) === 'for all')
  expect(await heard(mover)).toEqual([])

  await mover.disconnect()
  await next.publish(`telemetry/${old}/x`, Buffer.from('queued'), { qos: 1 })
  await next.publish('board/1', Buffer.from('for all, later'), { qos: 1 })
  const again = await login(server.mqtt, account)
  await again.pushes.take('what is for all', ({ payload }) => String(payload) === 'for all, later')
  expect(await heard(again)).toEqual([])
  await again.disconnect()
  await next.disconnect()
})

test('a queue and its subscriptions end with the session: the next account on the client id has neither', async () => {
  const first = await register(server.mqtt, 'handset', '380671110003')
  const device = await come(server.mqtt, first)
  expect(await device.subscribe('board/#')).toEqual([2])
  const other = await come(server.mqtt, await register(server.mqtt, 'other', '380671110004'))
  device.acknowledges = false
  await other.publish('board/1', Buffer.from('for the first'), { qos: 1 })
  await device.pushes.take('what is left unacknowledged', isPlain)
  const leave = record('Auth', { client_id: first.clientId, token: first.token, type: 'logout' })
  await device.publish(eventsTopic, encode(leave, bert), { qos: 0 })
  await device.closed

  const second = await register(server.mqtt, 'handset', '380671110005')
  expect(second.clientId).toBe(first.clientId)
  const again = await login(server.mqtt, second)
  await other.publish('board/1', Buffer.from('after the first'), { qos: 1 })
  expect(await heard(again)).toEqual([])
  expect(await again.subscribe('board/#')).toEqual([2])
  await other.publish('board/1', Buffer.from('for the second'), { qos: 1 })
  await again.pushes.take('what it has asked for', ({ payload }) => String(payload) === 'for the second')
  expect(await heard(again)).toEqual([])
})
