/** What waited for a device is judged when it comes back. @see docs/protocol/topics.md 11; docs/decisions/0169 and 0170 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IPublishPacket, Packet } from 'mqtt-packet'
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
  textMessage,
  textOf,
} from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const trip = 'trip-of-ann'

let server: WireServer
let [ann, bob]: Account[] = []
let [a, b]: WireDevice[] = []

beforeAll(async () => {
  server = await startWireServer()
  ann = await register(server.mqtt, 'ann', '380671000001')
  bob = await register(server.mqtt, 'bob', '380672000001')
  a = await come(server.mqtt, ann)
  b = await come(server.mqtt, bob)
  await befriend([ann, a], [bob, b])
  const member = record('Member', { phone_id: bob.phoneId })
  await request(a, record('Room', { id: trip, name: 'Trip', type: 'group', members: [member], status: 'create' }))
  await settle(a, b)
})
afterAll(() => server.close())

const inRoom = ({ topic }: IPublishPacket): boolean => topic === `room/${trip}`
const isSaid = (push: IPublishPacket): boolean => inRoom(push) && textOf(push) !== undefined

/** Ann says something in the room; resolves to its id. */
async function says(text: string): Promise<number> {
  const files = [record('Desc', { id: 'd', mime: 'text', payload: text })]
  await request(a!, record('Message', { from: ann!.phoneId, to: trip, msg_id: text, files, status: 'client' }))
  const push = await a!.pushes.take(text, (one) => inRoom(one) && textOf(one) === text)
  const said = recordOf(push)
  return said.tag === 'Message' ? (said.id ?? 0) : 0
}

const edits = (id: number, text: string): Promise<void> =>
  request(a!, record('Message', { id, from: ann!.phoneId, files: [record('Desc', { id: 'd', payload: text })], status: 'edit' }))

/** Everything that the device is given of the room, up to the answer of a request. */
async function given(device: WireDevice): Promise<(string | undefined)[]> {
  await fence(device)
  return device.pushes.takeAll().filter(isSaid).map(textOf)
}

test('a removed member who was away is not given what was written afterwards, and lets go of a packet id that he may hold', async () => {
  b!.acknowledges = false
  const id = await says('before')
  const { messageId, qos } = await b!.pushes.take('the message', isSaid)
  expect(qos).toBe(2)
  b!.cut()
  await request(a!, record('Room', { id: trip, members: [record('Member', { phone_id: bob!.phoneId })], status: 'remove' }))
  await edits(id, 'after')
  await fence(a!)
  const again = await login(server.mqtt, bob!)
  again.acknowledges = false
  // He may have received it, and answered with a PUBREC that was lost.
  const isRelease = (packet: Packet): boolean => packet.cmd === 'pubrel' && packet.messageId === messageId
  await again.packets.take('PUBREL', isRelease)
  again.acknowledges = true
  again.send({ cmd: 'pubcomp', messageId: messageId! })
  await a!.publish(eventsTopic, encode(textMessage(ann!, bob!, 'still friends'), bert), { qos: 1 })
  await again.pushes.take('what is said to him', (push) => textOf(push) === 'still friends')
  expect((await given(again)).filter((text) => text === 'before' || text === 'after')).toEqual([])
  await again.disconnect()
})

test('two pages of an inbox of which nothing is left are passed over, and nothing stands still behind them', async () => {
  await request(a!, record('Room', { id: trip, members: [record('Member', { phone_id: bob!.phoneId })], status: 'add' }))
  const ids: number[] = []
  for (let i = 1; i <= 150; i++) ids.push(await says(`text ${String(i)}`))
  await request(a!, record('Room', { id: trip, members: [record('Member', { phone_id: bob!.phoneId })], status: 'remove' }))
  for (const id of ids) await edits(id, 'secret')
  await a!.publish(eventsTopic, encode(textMessage(ann!, bob!, 'a new start'), bert), { qos: 1 })
  const again = await login(server.mqtt, bob!)
  await again.pushes.take('what was said afterwards', (push) => textOf(push) === 'a new start')
  expect((await given(again)).filter((text) => text === 'secret' || text?.startsWith('text'))).toEqual([])
  await again.disconnect()
  // They are settled: the next time nothing has to be looked at again.
  const last = await login(server.mqtt, bob!)
  await fence(last)
  expect(last.pushes.takeAll().filter(({ topic }) => topic.startsWith('p2p/'))).toEqual([])
})
