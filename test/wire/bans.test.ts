/** Over real sockets: whom one bans reaches one by no topic, by none of his rosters, nor after he has left and registered again. @see docs/protocol/rpc.md 9 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, type Friend, record, type RecordOf, type Roster } from '../../protocol/index.js'
import { p2pTopic, parsePhoneId } from '../../topics/index.js'
import {
  type Account,
  bert,
  befriend,
  come,
  fence,
  login,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer()
})
afterAll(() => server.close())

const friend = (phone_id: string, friend_id: string, status: Friend['status']) => record('Friend', { phone_id, friend_id, status })

/** What an account tries by one of its rosters. */
async function tryAll(device: WireDevice, from: Account, to: readonly Account[]): Promise<void> {
  const opaque = Buffer.from('words')
  for (const other of to) {
    const [self, one] = [parsePhoneId(from.phoneId)!, parsePhoneId(other.phoneId)!]
    for (const status of ['request', 'confirm', 'revoke', 'ban', 'unban', 'mute'] as const) await request(device, friend(self, one, status))
    await request(device, textMessage(from, other, `words ${from.phoneId}`))
    await request(device, record('Typing', { from: self, to: one }))
    await request(device, record('CDR', { from: self, to: one, type: 'audio', status: 'missed', id: `${self}${one}` }))
    await device.publish(p2pTopic(self, one), opaque)
    await device.publish(p2pTopic(self, one), encode(textMessage(from, other, 'direct words'), bert))
    const id = `words-${self}-${one}`
    const members = [record('Member', { phone_id: one })]
    await request(device, record('Room', { id, name: 'Words', members, status: 'create' }))
    await request(device, record('Room', { id, name: 'Words', status: 'create' }))
    for (const status of ['add', 'ban', 'unban'] as const) await request(device, record('Room', { id, members, status }))
  }
  await device.publish(`ac/${from.phoneId}`, opaque)
  await device.publish(`ac/${from.phoneId}`, encode(record('Contact', { phone_id: from.phoneId, names: 'Words' }), bert))
  await request(device, record('Loc', { x: 1, y: 1 }))
  await request(device, record('Roster', { id: from.phoneId, names: 'Words', avatar: 'https://words', status: 'patch' }))
  await fence(device)
}

async function secondRoster(device: WireDevice, of: Account): Promise<Account> {
  await request(device, record('Roster', { names: 'Second', status: 'create' }))
  let made: RecordOf<'Roster'>
  do made = await takeRecord(device, 'Roster')
  while (made.status !== 'create')
  await settle(device)
  return { ...of, phoneId: `${of.phone}_${String(made.id)}` }
}

test('a ban keeps away what a person says by any roster to any, live and queued, until it is lifted', async () => {
  const [ann, boris] = [await register(server.mqtt, 'BanA', '380672001001'), await register(server.mqtt, 'BanB', '380672001002')]
  const [a, b] = [await come(server.mqtt, ann), await come(server.mqtt, boris)]
  const away = await register(server.mqtt, 'BanA2', ann.phone)
  await (await come(server.mqtt, away)).disconnect()
  const [ann2, boris2] = [await secondRoster(a, ann), await secondRoster(b, boris)]
  await befriend([ann, a], [boris, b])
  await befriend([ann2, a], [boris2, b])
  await request(a, friend(ann.phoneId, boris.phoneId, 'ban'))
  await settle(a, b)

  for (const one of [boris, boris2]) await tryAll(b, one, [ann, ann2])
  await fence(a)
  expect(a.pushes.takeAll().map((push) => push.topic)).toEqual([])

  // What was queued for the device that is away is what came before: friendships, and the ban.
  await request(a, textMessage(ann, ann, 'the end'))
  await a.pushes.take('the end', (push) => textOf(push) === 'the end')
  const later = await login(server.mqtt, away)
  await later.pushes.take('the end', (push) => textOf(push) === 'the end')
  for (const push of later.pushes.takeAll()) expect(JSON.stringify(recordOf(push))).not.toContain('ords')
  await request(later, record('Roster', { id: ann.phoneId, status: 'get' }))
  let roster: Roster = await takeRecord(later, 'Roster')
  while (roster.status !== 'get') roster = await takeRecord(later, 'Roster')
  expect(JSON.stringify(roster)).not.toContain('ords')
  await later.disconnect()
  await settle(a, b)

  await request(a, friend(ann2.phoneId, boris2.phoneId, 'unban'))
  await settle(a, b)
  await request(b, friend(boris.phoneId, ann.phoneId, 'unban'))
  await settle(a, b)
  await request(b, textMessage(boris2, ann2, 'again'))
  const heard = await a.pushes.take('the message', (push) => recordOf(push).tag === 'Message')
  expect(recordOf(heard)).toMatchObject({ files: [{ payload: 'again' }] })
  await Promise.all([a.disconnect(), b.disconnect()])
})

test('a ban outlives the account: who registers the number again asks in vain, until it is lifted by way of the new roster', async () => {
  const [clara, dan] = [await register(server.mqtt, 'BanC', '380672001003'), await register(server.mqtt, 'BanD', '380672001004')]
  const [c, d] = [await come(server.mqtt, clara), await come(server.mqtt, dan)]
  await request(c, friend(clara.phoneId, dan.phoneId, 'ban'))
  await fence(c)
  await request(d, record('Profile', { status: 'remove' }))
  await d.closed
  const again = await register(server.mqtt, 'BanD', dan.phone)
  const back = await come(server.mqtt, again)
  await settle(c)
  await tryAll(back, again, [clara])
  await fence(c)
  expect(c.pushes.takeAll().map(({ topic }) => topic)).toEqual([])
  await request(c, friend(clara.phoneId, again.phoneId, 'unban'))
  await settle(c)
  await request(back, friend(again.phoneId, clara.phoneId, 'unban'))
  await request(back, friend(again.phoneId, clara.phoneId, 'request'))
  const asked = await c.pushes.take('the request', ({ topic }) => topic === `ses/${clara.phone}`)
  expect(recordOf(asked)).toMatchObject({ phone_id: again.phoneId, status: 'authorization' })
  await Promise.all([c.disconnect(), back.disconnect()])
})
