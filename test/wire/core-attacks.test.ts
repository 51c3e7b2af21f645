/** What a client of Protocol Core might try: to read what is not his, to speak in another's name, to take over or to choke a session. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { p2pTopic, parsePhoneId } from '../../topics/index.js'
import { befriendCore, type CoreMessage, type CorePerson, dialCore, registerCore } from './core-client.js'
import { come, register } from './requests.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

let server: WireServer
let ann: CorePerson
let bob: CorePerson
let eve: CorePerson
/** A message of Ann to Bob, and one in a room of theirs. */
let secret: string
let inRoom: string
const room = '!secret@localhost'

beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0' })
  ann = await registerCore(server.ws, '380670007001')
  bob = await registerCore(server.ws, '380670007002')
  eve = await registerCore(server.ws, '380670007003')
  await befriendCore(ann, bob)
  await befriendCore(bob, eve)
  secret = String((await ann.get('urn:nynja:chat:send', { text: 'secret' }, bob.user))['message'])
  await ann.get('urn:nynja:rooms:create', { name: 'Secret', room, members: [bob.user] })
  inRoom = String((await bob.get('urn:nynja:chat:send', { text: 'secret in the room' }, room))['message'])
})
afterAll(() => server.close())

const codeOf = ({ payload }: CoreMessage): unknown => payload['errCode']
const said = (message: unknown): boolean => JSON.stringify(message).includes('secret')

test('the messages of others are neither read, nor changed, nor marked, nor repeated', async () => {
  const answers = [
    await eve.ask('urn:nynja:chat:history', {}, ann.user),
    await eve.ask('urn:nynja:chat:history', { from: secret, direction: 'newer' }, bob.user),
    await eve.ask('urn:nynja:chat:history', { from: inRoom, limit: 1_000 }, bob.user),
    await eve.ask('urn:nynja:chat:history', {}, room),
    await eve.ask('urn:nynja:rooms:get', {}, room),
    await eve.ask('urn:nynja:search:rooms', { name: 'Secret' }),
    await eve.ask('urn:nynja:search:resolve', { entity: room }),
    await eve.ask('urn:nynja:chat:edit', { message: secret, text: 'x' }),
    await eve.ask('urn:nynja:chat:delete', { message: secret }),
    await eve.ask('urn:nynja:chat:delete', { message: inRoom, for: 'me' }),
    await eve.ask('urn:nynja:chat:read', { message: secret }, ann.user),
    await eve.ask('urn:nynja:chat:read', { message: inRoom }, room),
    await eve.ask('urn:nynja:chat:send', { text: 'look', forwardOf: secret }, bob.user),
    await eve.ask('urn:nynja:chat:send', { text: 'look', replyTo: inRoom }, bob.user),
    await eve.ask('urn:nynja:chat:send', { text: 'x' }, room),
    await eve.ask('urn:nynja:rooms:invite', { users: [eve.user] }, room),
    await eve.ask('urn:nynja:rooms:remove', { users: [bob.user] }, room),
    await eve.ask('urn:nynja:rooms:patch', { name: 'Mine' }, room),
    await eve.ask('urn:cadmium:chat:history:sync', { chatID: room }),
  ]
  // What names a room is said back to the one who named it, and to nobody else.
  expect(answers.filter(({ ok, payload }) => ok === true && said({ ...payload, entity: '' }))).toEqual([])
  expect(answers.slice(7).map(codeOf)).toEqual([9, 9, 9, 8, 8, 502, 502, 500, 9, 9, 9, 9])
  const { messages } = await bob.get('urn:nynja:chat:history', {}, ann.user)
  expect(messages).toContainEqual(expect.objectContaining({ message: secret, text: 'secret', state: 'sent' }))
  expect(eve.pushes.items.filter(said)).toEqual([])
})

test('nobody speaks in the name of another', async () => {
  const asAnn = { id: 'a', type: 'urn:nynja:chat:send', from: ann.user, to: bob.user, payload: { text: 'it is me' } }
  for (const from of [ann.user, `%${ann.phone}:localhost`, 'localhost', room, '@380670007003_9@localhost', '@380670007003_3@other']) {
    eve.socket.send(JSON.stringify({ ...asAnn, from }))
    expect(codeOf(await eve.pushes.take('an answer', ({ id }) => id === 'a'))).toBe(6)
  }
  const stranger = await dialCore(server.ws)
  expect(codeOf(await stranger.say(JSON.stringify(asAnn)))).toBe(5)
  await stranger.close()
})

test('a code belongs to the connection that asked for it, and a login cannot be laid over another', async () => {
  const asker = await dialCore(server.ws)
  const thief = await dialCore(server.ws)
  await asker.get('urn:nynja:auth:code', { phone: '380670007004' })
  expect(codeOf(await thief.ask('urn:nynja:auth:verify', { code: testCode }))).toBe(101)
  await thief.get('urn:nynja:auth:code', { phone: '380670007005' })
  const fields = { username: '380670007004', password: testCode }
  expect(codeOf(await thief.ask('urn:cadmium:auth', { type: 'urn:cadmium:auth:login_password', fields }))).toBe(901)
  for (const name of [
    'urn:nynja:auth:token',
    'urn:nynja:auth:verify',
    'urn:nynja:auth:code',
    'urn:cadmium:profile:register',
    'urn:cadmium:auth',
  ]) {
    const payload = {
      ...{ device: bob.device, token: bob.token, code: testCode, phone: bob.phone, thirdPIDs: [{ type: 'msisdn', value: bob.phone }] },
      ...{ type: 'urn:cadmium:auth:token', fields: { token: `${bob.device}.${bob.token}` } },
    }
    expect(codeOf(await eve.ask(name, payload))).toBe(105)
  }
  expect(await eve.get('urn:nynja:profile:get')).toMatchObject({ user: eve.user })
  expect(bob.socket.readyState).toBe(bob.socket.OPEN)
  for (const device of ['', 'x'.repeat(129), '+', `${bob.device}/x`, 'reg_x', 'sys_news', '../x']) {
    expect([2, 104]).toContain(codeOf(await thief.ask('urn:nynja:auth:token', { device, token: bob.token })))
  }
  await Promise.all([asker.close(), thief.close()])
})

test('what a device publishes by itself is no push of the server', async () => {
  const account = await register(server.mqtt, 'mallory', '380670007006')
  const mallory = await come(server.mqtt, account)
  const user = `@${account.phoneId}@localhost`
  await bob.get('urn:nynja:contacts:request', {}, user)
  const confirm = { tag: 'Friend', phone_id: account.phoneId, friend_id: bob.user.split('@')[1], status: 'confirm' }
  await mallory.publish('events/1//api/anon//', Buffer.from(JSON.stringify(confirm)))
  await bob.pushes.take(
    'the friendship',
    ({ type, payload }) => type === 'urn:nynja:on:contact' && payload['user'] === user && payload['state'] === 'friend',
  )
  await bob.push('message')
  bob.pushes.takeAll()
  const [own, other] = [parsePhoneId(account.phoneId)!, parsePhoneId(bob.user.split('@')[1]!)!]
  const chat = p2pTopic(own, other)
  const annId = ann.user.split('@')[1]
  const forged = [
    {
      tag: 'Message',
      id: 9,
      feed_id: { tag: 'p2p', from: annId, to: other },
      from: annId,
      to: other,
      files: [{ tag: 'Desc', payload: 'forged' }],
      status: null,
    },
    { tag: 'Contact', phone_id: annId, names: 'forged', status: 'ban' },
    { tag: 'Room', id: 'secret', name: 'forged', status: 'delete' },
    { tag: 'Roster', id: 2, names: 'forged' },
    { tag: 'History', roster_id: annId, feed: { tag: 'p2p', from: annId, to: other }, entity_id: 99, status: 'updated' },
  ]
  for (const one of forged) await mallory.publish(chat, Buffer.from(JSON.stringify(one)))
  for (const topic of [`ses/${bob.phone}`, `actions/1/api/emqttd_${bob.device}`, `ac/${String(annId)}`]) {
    for (const one of forged) await mallory.publish(topic, Buffer.from(JSON.stringify(one)))
  }
  // What a friend tells of himself may come; nothing of it is about anybody else.
  const real = { tag: 'Message', from: own, to: other, files: [{ tag: 'Desc', id: 'd', payload: 'real' }], status: 'client' }
  await mallory.publish('events/1//api/anon//', Buffer.from(JSON.stringify(real)))
  await bob.pushes.take('what was sent last', ({ payload }) => payload['text'] === 'real')
  expect(bob.pushes.items.filter((push) => JSON.stringify(push).includes('forged') && push.from !== user)).toEqual([])
  expect(bob.pushes.items.filter(({ type, from }) => type !== 'urn:nynja:on:message' && from !== user)).toEqual([])
  await mallory.disconnect()
})

test('messages of any shape are answered, and the session goes on', async () => {
  const shapes = [
    '{"id":"1","type":"__proto__"}',
    '{"id":"1","type":"constructor"}',
    '{"id":"1","type":"toString","payload":{"__proto__":{}}}',
  ]
  for (const shape of shapes) expect(codeOf(await eve.say(shape))).toBe(0)
  const lone = await eve.get('urn:nynja:chat:send', { text: 'a\ud800b' }, eve.user)
  expect((await eve.get('urn:nynja:chat:history', { limit: 1 }, eve.user))['messages']).toMatchObject([
    { message: lone['message'], text: 'a\ufffdb' },
  ])
  const inherits = { text: 'x', key: 'constructor' }
  expect((await eve.ask('urn:nynja:chat:send', inherits, eve.user)).ok).toBe(true)
  expect((await eve.ask('urn:nynja:profile:set', { names: 'e\u0000' })).payload['errPayload']).toEqual({ field: 'payload.names' })
})
