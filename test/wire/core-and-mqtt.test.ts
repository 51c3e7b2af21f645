import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AnyRecord, encode, type Encoding, record, type RecordOf } from '../../protocol/index.js'
import { befriendCore, type CoreClient, type CorePerson, dialCore, registerCore } from './core-client.js'
import { type Account, bert, come, login, recordOf, register, request } from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

const json: Encoding = { codec: 'json', dialect: 'v1' }

let server: WireServer
/** Ann has a client of Protocol Core; Bob a device that speaks BERT and one that speaks JSON. */
let ann: CorePerson
let bob: Account
let phone: WireDevice
let tablet: WireDevice
const bobUser = (): string => `@${bob.phoneId}@localhost`
const annId = (): string => ann.user.split('@')[1]!

beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0' })
  ann = await registerCore(server.ws, '380670003001')
  bob = await register(server.mqtt, 'bob', '380670003002')
  phone = await come(server.mqtt, bob)
  const second = await register(server.mqtt, 'tablet', '380670003002')
  tablet = await login(server.mqtt, second)
  await request(tablet, record('Profile', { phone: bob.phone, status: 'get' }), json)
  await tellOf(tablet, 'Profile', ({ status }) => status === 'get', json)
})
afterAll(() => server.close())

/** Takes pushes of a device up to the record that is meant. */
async function tellOf<T extends AnyRecord['tag']>(
  device: WireDevice,
  tag: T,
  isMeant: (found: RecordOf<T>) => boolean,
  { dialect }: Encoding = bert,
): Promise<RecordOf<T>> {
  for (;;) {
    const found = recordOf(await device.pushes.take(tag), dialect)
    if (found.tag === tag && isMeant(found as RecordOf<T>)) return found as RecordOf<T>
  }
}

const textIn = ({ files }: RecordOf<'Message'>): string | null | undefined => files[0]?.payload
const isText =
  (text: string) =>
  (message: RecordOf<'Message'>): boolean =>
    textIn(message) === text

/** The push of a message with this text. */
async function messageOf(client: CoreClient, text: string): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const { payload } = await client.push('message')
    await client.get('urn:nynja:inbox:ack', { seq: payload['seq'] })
    if (payload['text'] === text) return payload
  }
}

test('friendship is asked for over MQTT and confirmed over Protocol Core', async () => {
  await request(phone, record('Friend', { phone_id: bob.phoneId, friend_id: annId(), status: 'request' }))
  expect((await ann.push('contact')).payload).toMatchObject({ user: bobUser(), state: 'invited' })
  expect(await ann.get('urn:nynja:contacts:confirm', {}, bobUser())).toEqual({ user: bobUser(), state: 'friend' })
  for (const [device, encoding] of [
    [phone, bert],
    [tablet, json],
  ] as const) {
    await tellOf(device, 'Contact', ({ phone_id, status }) => phone_id === annId() && status === 'friend', encoding)
  }
})

test('texts, edits and removals go both ways, in the words of each', async () => {
  const { message } = await ann.get('urn:nynja:chat:send', { text: 'from core', key: 'k' }, bobUser())
  const onPhone = await tellOf(phone, 'Message', isText('from core'))
  const onTablet = await tellOf(tablet, 'Message', isText('from core'), json)
  expect([onPhone.from, onPhone.msg_id, onTablet.id]).toEqual([annId(), 'k', onPhone.id])
  const said = record('Message', {
    from: bob.phoneId,
    to: annId(),
    msg_id: 'm',
    files: [record('Desc', { id: 'd', payload: 'from bert' })],
    status: 'client',
  })
  await request(phone, said)
  const got = await messageOf(ann, 'from bert')
  expect(got).toMatchObject({ chat: bobUser(), from: bobUser(), key: 'm', state: 'sent' })
  await ann.get('urn:nynja:chat:edit', { message, text: 'from core, edited' })
  expect((await tellOf(phone, 'Message', isText('from core, edited'))).status).toBe('edit')
  const { id } = await tellOf(tablet, 'Message', isText('from bert'), json)
  await request(tablet, record('Message', { id, from: bob.phoneId, seenby: -1, status: 'deleted' }), json)
  for (;;) {
    const { payload } = await ann.push('message')
    if (payload['message'] !== got['message']) continue
    expect(payload).toMatchObject({ state: 'deleted', text: null })
    break
  }
})

test('how far one has read, and that one types, is told to the other', async () => {
  const { message } = await ann.get('urn:nynja:chat:send', { text: 'read me' }, bobUser())
  const { id } = await tellOf(phone, 'Message', isText('read me'))
  const feed = record('p2p', { from: annId(), to: bob.phoneId })
  await request(phone, record('History', { roster_id: bob.phoneId, feed, entity_id: id, status: 'update' }))
  expect((await ann.push('receipt')).payload).toMatchObject({ chat: bobUser(), user: bobUser(), message })
  await phone.publish('events/1//api/anon//', encode(record('Typing', { from: bob.phoneId, to: annId() }), bert))
  expect((await ann.push('typing')).payload).toEqual({ chat: bobUser(), user: bobUser() })
  await ann.get('urn:nynja:chat:typing', {}, bobUser())
  expect((await tellOf(phone, 'Typing', ({ from }) => from === annId())).to).toBe(bob.phoneId)
})

test('a room of both: membership, messages and a name', async () => {
  const { room } = await ann.get('urn:nynja:rooms:create', { name: 'Both', room: '!=42oth@localhost', members: [bobUser()] })
  expect(room).toBe('!=42oth@localhost')
  expect(await tellOf(phone, 'Room', ({ id }) => id === 'Both')).toMatchObject({ name: 'Both', status: 'create' })
  const said = record('Message', {
    feed_id: record('muc', { name: 'Both' }),
    from: bob.phoneId,
    to: 'Both',
    msg_id: 'r',
    files: [record('Desc', { id: 'd', payload: 'in the room' })],
    status: 'client',
  })
  await request(tablet, said, json)
  expect(await messageOf(ann, 'in the room')).toMatchObject({ chat: room, from: bobUser() })
  await ann.get('urn:nynja:chat:send', { text: 'and back' }, String(room))
  expect((await tellOf(phone, 'Message', isText('and back'))).feed_id).toEqual(record('muc', { name: 'Both' }))
  await ann.get('urn:nynja:rooms:patch', { name: 'Both of us' }, String(room))
  await tellOf(phone, 'Room', ({ status, name }) => status === 'patch' && name === 'Both of us')
  await request(phone, record('Room', { id: 'Both', status: 'leave' }))
  for (;;) {
    const { payload } = await ann.push('room')
    if (payload['change'] !== 'left') continue
    expect(payload['users']).toMatchObject([{ user: bobUser() }])
    break
  }
})

test('a device of Protocol Core is one of MQTT, and the other way round', async () => {
  const clientId = `emqttd_${ann.device}`
  const overMqtt = await login(server.mqtt, { clientId, token: ann.token, phone: ann.phone, phoneId: annId() })
  expect(await ann.closed).toBe(4001)
  const said = record('Message', {
    from: bob.phoneId,
    to: annId(),
    msg_id: 'x',
    files: [record('Desc', { id: 'd', payload: 'to the device' })],
    status: 'client',
  })
  await request(phone, said)
  // It speaks as it did before.
  await tellOf(overMqtt, 'Message', isText('to the device'), { codec: 'json', dialect: 'v11' })
  await overMqtt.disconnect()
  const asCore = await dialCore(server.ws)
  const { user } = await asCore.get('urn:nynja:auth:token', { device: bob.clientId.slice('emqttd_'.length), token: bob.token })
  expect(user).toBe(bobUser())
  await asCore.close()
})

test('an account that moves to another number is called by it from then on, on every connection', async () => {
  const [old, fresh] = ['380670003011', '380670003012']
  const cat = await registerCore(server.ws, old)
  const friend = await registerCore(server.ws, '380670003013')
  await befriendCore(cat, friend)
  const device = await register(server.mqtt, 'catphone', old)
  const overMqtt = await come(server.mqtt, device)
  const roster = device.phoneId.split('_')[1]!
  const [before, after] = [`@${old}_${roster}@localhost`, `@${fresh}_${roster}@localhost`]
  await request(overMqtt, record('Profile', { phone: fresh, status: 'migrate' }))
  const services = [record('Service', { type: 'email', login: fresh, password: testCode })]
  await request(overMqtt, record('Profile', { phone: fresh, services, status: 'phone' }))
  const gone = await friend.pushes.take(
    'the end of the old name',
    ({ type, payload }) => type === 'urn:nynja:on:contact' && payload['user'] === before,
  )
  expect(gone.payload['state']).toBe('none')
  const come1 = await friend.pushes.take(
    'the new name',
    ({ type, payload }) => type === 'urn:nynja:on:contact' && payload['user'] === after,
  )
  expect(come1.payload['state']).toBe('friend')
  // The connection that stands is called by the new number as well.
  await friend.get('urn:nynja:chat:send', { text: 'to the new number' }, after)
  const got = await cat.pushes.take('the message', ({ payload }) => payload['text'] === 'to the new number')
  expect(got.to).toBe(after)
  const profile = await cat.ask('urn:nynja:profile:get')
  expect([profile.to, profile.payload['phone']]).toEqual([after, `%${fresh}:localhost`])
  const { messages } = await friend.get('urn:nynja:chat:history', { limit: 1 }, after)
  expect(messages).toMatchObject([{ chat: after, text: 'to the new number' }])
  const again = await dialCore(server.ws)
  expect(await again.get('urn:nynja:auth:token', { device: cat.device, token: cat.token })).toMatchObject({ user: after })
  await Promise.all([again.close(), friend.close(), overMqtt.disconnect()])
})
