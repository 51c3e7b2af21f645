import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { befriendCore, type CoreMessage, type CorePerson, dialCore, registerCore } from './core-client.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let ann: CorePerson
let bob: CorePerson
let eve: CorePerson
beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0' })
  ann = await registerCore(server.ws, '380670002001')
  bob = await registerCore(server.ws, '380670002002')
  eve = await registerCore(server.ws, '380670002003')
  await befriendCore(ann, bob)
})
afterAll(() => server.close())

const errorOf = ({ payload: { errCode, errPayload } }: CoreMessage): unknown => [
  errCode,
  ...Object.values((errPayload ?? {}) as Record<string, unknown>),
]
const stateAfter = async (who: CorePerson, what: string, other: CorePerson): Promise<unknown> =>
  (await who.get(`urn:nynja:contacts:${what}`, {}, other.user))['state']

/** Acknowledges what has come, so that pushes go on. */
async function clear(...people: readonly CorePerson[]): Promise<void> {
  for (const one of people) {
    await one.ask('urn:nynja:profile:get')
    const seqs = one.pushes.takeAll().map(({ payload }) => Number(payload['seq'] ?? 0))
    if (seqs.length > 0) await one.get('urn:nynja:inbox:ack', { seq: Math.max(...seqs) })
  }
}

test('a code may be asked for by a call, once there is one', async () => {
  const client = await dialCore(server.ws)
  const call = { phone: '380670002009', via: 'call', language: 'ua' }
  expect(errorOf(await client.ask('urn:nynja:auth:code', call))).toEqual([101])
  expect(errorOf(await client.ask('urn:nynja:auth:code', { phone: '38x' }))).toEqual([2, 'payload.phone'])
  expect(errorOf(await client.ask('urn:nynja:auth:code', { phone: '%380670002009:other' }))).toEqual([4, 'payload.phone'])
  expect(await client.get('urn:nynja:auth:code', { phone: '%380670002009:localhost' })).toEqual({ sent: 'sms' })
  expect(await client.get('urn:nynja:auth:code', call)).toEqual({ sent: 'call' })
  expect(errorOf(await client.ask('urn:nynja:auth:code', { ...call, phone: '380670002008' }))).toEqual([101])
  for (let i = 0; i < 4; i++) expect(errorOf(await client.ask('urn:nynja:auth:verify', { code: '000000' }))).toEqual([102])
  expect(errorOf(await client.ask('urn:nynja:auth:verify', { code: '000000' }))).toEqual([103])
  expect(errorOf(await client.ask('urn:nynja:auth:verify', { code: '481516' }))).toEqual([103])
  await client.close()
})

describe('contacts', () => {
  test('every request again is answered with how it stands', async () => {
    expect(await stateAfter(ann, 'request', bob)).toBe('friend')
    expect(await stateAfter(ann, 'confirm', bob)).toBe('friend')
    expect(await stateAfter(ann, 'request', eve)).toBe('requested')
    expect(await stateAfter(ann, 'request', eve)).toBe('requested')
    expect(errorOf(await ann.ask('urn:nynja:contacts:confirm', {}, eve.user))).toEqual([403])
    expect(await stateAfter(ann, 'revoke', eve)).toBe('none')
    expect(await stateAfter(ann, 'revoke', eve)).toBe('none')
    expect(errorOf(await ann.ask('urn:nynja:contacts:revoke', {}, '@380670009999_99@localhost'))).toEqual([8, 'to'])
    expect(errorOf(await ann.ask('urn:nynja:contacts:unban', {}, eve.user))).toEqual([404])
    expect(errorOf(await ann.ask('urn:nynja:contacts:ban', {}, '@380670009999_99@localhost'))).toEqual([8, 'to'])
    expect(errorOf(await ann.ask('urn:nynja:contacts:request', {}, '!room@localhost'))).toEqual([2, 'to'])
  })

  test('a request of the other is confirmed by asking', async () => {
    expect(await stateAfter(eve, 'request', bob)).toBe('requested')
    expect(await stateAfter(bob, 'request', eve)).toBe('friend')
    expect(await stateAfter(bob, 'revoke', eve)).toBe('none')
  })

  test('who is banned is told so by what he asks, and finds nobody', async () => {
    await clear(ann, bob, eve)
    expect(await stateAfter(bob, 'ban', ann)).toBe('banned')
    expect((await ann.push('contact')).payload['state']).toBe('bannedBy')
    expect(errorOf(await ann.ask('urn:nynja:contacts:request', {}, bob.user))).toEqual([401])
    expect(errorOf(await bob.ask('urn:nynja:contacts:request', {}, ann.user))).toEqual([402])
    expect(errorOf(await ann.ask('urn:nynja:chat:send', { text: 'x' }, bob.user))).toEqual([500])
    expect(errorOf(await ann.ask('urn:nynja:presence:get', {}, bob.user))).toEqual([9])
    expect(errorOf(await ann.ask('urn:nynja:search:resolve', { entity: `%${bob.phone}:localhost` }))).toEqual([8, 'payload.entity'])
    expect(await stateAfter(bob, 'unban', ann)).toBe('friend')
    expect((await ann.push('contact')).payload['state']).toBe('friend')
  })

  test('nicks: taken, malformed, cleared, and as a name of their owner', async () => {
    await ann.get('urn:nynja:profile:set', { nick: 'Annie', names: 'Ann' })
    expect(errorOf(await bob.ask('urn:nynja:profile:set', { nick: 'annie' }))).toEqual([300])
    expect(errorOf(await bob.ask('urn:nynja:profile:set', { nick: 'a b' }))).toEqual([301])
    expect(errorOf(await bob.ask('urn:nynja:profile:set', {}))).toEqual([2, 'payload.names'])
    ann.socket.send(JSON.stringify({ id: 'n', type: 'urn:nynja:profile:get', from: '@annie@localhost' }))
    expect((await ann.pushes.take('an answer', ({ id }) => id === 'n')).ok).toBe(true)
    expect(await bob.get('urn:nynja:search:resolve', { entity: '@annie@localhost' })).toEqual({ entity: ann.user })
    expect((await ann.get('urn:nynja:profile:set', { nick: '' }))['nick']).toBeNull()
    expect(errorOf(await bob.ask('urn:nynja:search:resolve', { entity: '@annie@localhost' }))).toEqual([8, 'payload.entity'])
  })
})

describe('messages', () => {
  test('edits, deletions, replies and files are the same for both', async () => {
    await clear(ann, bob)
    const files = [{ mime: 'image', payload: 'https://example.org/a.png', size: 7, name: 'a.png' }]
    const { message } = await ann.get('urn:nynja:chat:send', { text: 'look', files }, bob.user)
    expect((await bob.push('message')).payload).toMatchObject({ message, text: 'look', files, state: 'sent', key: null })
    await bob.get('urn:nynja:chat:send', { text: 'nice', replyTo: message }, ann.user)
    expect((await bob.push('message')).payload).toMatchObject({ replyTo: message, forwardOf: null })
    await ann.get('urn:nynja:chat:edit', { message, text: 'look here' })
    expect((await bob.push('message')).payload).toMatchObject({ message, text: 'look here', files: [], state: 'edited' })
    expect(errorOf(await bob.ask('urn:nynja:chat:edit', { message, text: 'x' }))).toEqual([9])
    expect(errorOf(await bob.ask('urn:nynja:chat:delete', { message }))).toEqual([9])
    await bob.get('urn:nynja:chat:delete', { message, for: 'me' })
    expect((await bob.push('message')).payload).toMatchObject({ message, state: 'deleted', text: null })
    const texts = async (who: CorePerson, other: CorePerson): Promise<unknown[]> => {
      const { messages } = await who.get('urn:nynja:chat:history', { limit: 2 }, other.user)
      return (messages as { text: unknown; state: unknown }[]).map(({ text, state }) => [text, state])
    }
    expect((await texts(bob, ann)).at(-1)).toEqual(['nice', 'sent'])
    expect(await texts(ann, bob)).toEqual([
      ['look here', 'edited'],
      ['nice', 'sent'],
    ])
    await ann.get('urn:nynja:chat:delete', { message })
    await ann.get('urn:nynja:chat:delete', { message })
    expect(errorOf(await ann.ask('urn:nynja:chat:edit', { message, text: 'x' }))).toEqual([501])
    expect(errorOf(await ann.ask('urn:nynja:chat:send', { text: 'x', replyTo: message }, bob.user))).toEqual([502])
  })

  test('what names no message, or nothing of a kind, is told where it stands', async () => {
    const uuid = '&8f1c2c9e-5a4b-4d0e-9b6a-0123456789ab:localhost'
    expect(errorOf(await ann.ask('urn:nynja:chat:delete', { message: uuid }))).toEqual([8, 'payload.message'])
    expect(errorOf(await ann.ask('urn:nynja:chat:delete', { message: '&x' }))).toEqual([3, 'payload.message'])
    expect(errorOf(await ann.ask('urn:nynja:chat:delete', { message: '&8f1c2c9e-5a4b-4d0e-9b6a-0123456789ab:other' }))).toEqual([
      4,
      'payload.message',
    ])
    expect(errorOf(await ann.ask('urn:nynja:chat:delete', { message: ann.user }))).toEqual([2, 'payload.message'])
    expect(errorOf(await ann.ask('urn:nynja:chat:send', {}, bob.user))).toEqual([2, 'payload.text'])
    expect(errorOf(await ann.ask('urn:nynja:chat:send', { text: '' }, bob.user))).toEqual([2, 'payload.text'])
    expect(errorOf(await ann.ask('urn:nynja:chat:send', { text: 'x', key: '\0' }, bob.user))).toEqual([2, 'payload.key'])
    expect(errorOf(await ann.ask('urn:nynja:chat:history', { limit: 1.5 }, bob.user))).toEqual([2, 'payload.limit'])
    expect(await ann.get('urn:nynja:chat:history', {}, '@380670009999_99@localhost')).toEqual({ messages: [], next: null })
  })

  test('pages lead through all of a chat in both directions', async () => {
    for (let i = 0; i < 7; i++) await ann.get('urn:nynja:chat:send', { text: `p${String(i)}` }, bob.user)
    for (const direction of ['older', 'newer']) {
      const ids: unknown[] = []
      let from: unknown
      do {
        const page = await ann.get('urn:nynja:chat:history', { limit: 3, direction, ...(from === undefined ? {} : { from }) }, bob.user)
        const found = (page['messages'] as { message: string }[]).map(({ message }) => message)
        ids.push(...(direction === 'older' ? found.reverse() : found))
        from = page['next']
      } while (from !== null)
      const whole = await ann.get('urn:nynja:chat:history', { limit: 1_000 }, bob.user)
      const all = (whole['messages'] as { message: string }[]).map(({ message }) => message)
      expect(ids).toEqual(direction === 'older' ? all.reverse() : all)
    }
  })

  test('notes to oneself', async () => {
    await clear(ann)
    const { message, chat } = await ann.get('urn:nynja:chat:send', { text: 'milk' }, ann.user)
    expect(chat).toBe(ann.user)
    expect((await ann.push('message')).payload).toMatchObject({ message, chat: ann.user, from: ann.user, text: 'milk' })
  })
})

describe('rooms', () => {
  test('a group: made once, invited to, left, and unknown to strangers', async () => {
    await clear(ann, bob, eve)
    const room = '!8f1c2c9e-5a4b-4d0e-9b6a-0123456789ab@localhost'
    const made = await ann.get('urn:nynja:rooms:create', { name: 'Trip', room })
    expect(made).toMatchObject({ room, kind: 'group', repeated: false, members: [{ user: ann.user }] })
    expect(await ann.get('urn:nynja:rooms:create', { name: 'Trip', room })).toEqual({ ...made, repeated: true })
    expect(errorOf(await bob.ask('urn:nynja:rooms:create', { name: 'Trip', room }))).toEqual([600])
    expect(errorOf(await ann.ask('urn:nynja:rooms:create', { name: 'X', room: ann.user.replace('@', '!') }))).toEqual([2, 'payload.room'])
    expect(errorOf(await ann.ask('urn:nynja:rooms:invite', { users: [eve.user] }, room))).toEqual([603])
    const invited = await ann.get('urn:nynja:rooms:invite', { users: [bob.user, ann.user] }, room)
    expect(invited['members']).toEqual([
      { user: ann.user, role: 'admin' },
      { user: bob.user, role: 'member' },
    ])
    expect((await bob.push('room')).payload).toMatchObject({ room, change: 'added', name: 'Trip', kind: 'group' })
    expect(await ann.get('urn:nynja:rooms:invite', { users: [bob.user] }, room)).toEqual(invited)
    expect(errorOf(await eve.ask('urn:nynja:rooms:get', {}, room))).toEqual([8, 'to'])
    expect(errorOf(await eve.ask('urn:nynja:rooms:join', {}, room))).toEqual([9])
    expect(errorOf(await eve.ask('urn:nynja:chat:send', { text: 'x' }, room))).toEqual([500])
    expect(errorOf(await bob.ask('urn:nynja:rooms:patch', { name: 'X' }, room))).toEqual([9])
    expect(await ann.get('urn:nynja:rooms:patch', { name: 'Trips', description: '' }, room)).toMatchObject({
      name: 'Trips',
      description: null,
    })
    await bob.get('urn:nynja:chat:send', { text: 'hello all' }, room)
    expect((await ann.push('message')).payload).toMatchObject({ chat: room })
    const { rooms } = await bob.get('urn:nynja:rooms:list')
    expect(rooms).toMatchObject([{ room, role: 'member', unread: 0, last: { text: 'hello all' } }])
    expect((await bob.get('urn:nynja:search:rooms', { name: 'trip', match: 'contains' }))['rooms']).toMatchObject([{ room }])
    await ann.get('urn:nynja:rooms:remove', { users: [bob.user] }, room)
    expect(await ann.get('urn:nynja:rooms:remove', { users: [bob.user] }, room)).toMatchObject({ members: [{ user: ann.user }] })
    expect(await bob.get('urn:nynja:rooms:leave', {}, room)).toEqual({})
    expect(errorOf(await bob.ask('urn:nynja:rooms:leave', {}, '!none@localhost'))).toEqual([8, 'to'])
    expect(errorOf(await ann.ask('urn:nynja:rooms:alias:set', { alias: '#trip:localhost' }, room))).toEqual([605])
  })

  test('a channel: named by its aliases, joined by strangers', async () => {
    const { room } = await ann.get('urn:nynja:rooms:create', { name: 'News', kind: 'channel', aliases: ['#news:localhost'] })
    expect(await eve.get('urn:nynja:rooms:get', {}, '#news@localhost')).toMatchObject({ room, members: [], aliases: ['#news:localhost'] })
    expect(await eve.get('urn:nynja:search:resolve', { entity: '#news:localhost' })).toEqual({ entity: room })
    expect(await eve.get('urn:nynja:rooms:join', {}, '#news:localhost')).toMatchObject({ room })
    expect(await eve.get('urn:nynja:rooms:join', {}, '#news:localhost')).toMatchObject({ room })
    expect(errorOf(await eve.ask('urn:nynja:chat:send', { text: 'x' }, '#news:localhost'))).toEqual([500])
    const aliases = ['#two:localhost', '#three:localhost']
    for (const alias of aliases) await ann.get('urn:nynja:rooms:alias:set', { alias }, '#news:localhost')
    expect(errorOf(await ann.ask('urn:nynja:rooms:alias:set', { alias: '#four:localhost' }, '#news:localhost'))).toEqual([602])
    expect(errorOf(await ann.ask('urn:nynja:rooms:alias:set', { alias: '#x.y:localhost' }, '#news:localhost'))).toEqual([
      2,
      'payload.alias',
    ])
    expect(errorOf(await eve.ask('urn:nynja:rooms:alias:remove', { alias: '#two:localhost' }, '#news:localhost'))).toEqual([9])
    await ann.get('urn:nynja:rooms:alias:remove', { alias: '#two:localhost' }, '#news:localhost')
    const after = await ann.get('urn:nynja:rooms:alias:remove', { alias: '#two:localhost' }, '#news:localhost')
    expect(after['aliases']).toEqual(['#news:localhost', '#three:localhost'])
    expect(errorOf(await bob.ask('urn:nynja:rooms:create', { name: 'N', kind: 'channel', aliases: ['#news:localhost'] }))).toEqual([601])
    expect(errorOf(await bob.ask('urn:nynja:rooms:create', { name: 'N', aliases: ['#group:localhost'] }))).toEqual([605])
    expect(errorOf(await bob.ask('urn:nynja:rooms:get', {}, '#two:localhost'))).toEqual([8, 'to'])
  })
})

describe('search and presence', () => {
  test('people are found by number, nick and parts of their names', async () => {
    await eve.get('urn:nynja:profile:set', { names: 'Evelyn', nick: 'eve_lyn' })
    const found = async (payload: object): Promise<unknown> =>
      ((await ann.get('urn:nynja:search:users', payload))['users'] as { user: string }[]).map(({ user }) => user)
    expect(await found({ by: 'phone', values: [`+${eve.phone}`, `%${bob.phone}:localhost`] })).toEqual([eve.user, bob.user])
    expect(await found({ by: 'nick', values: ['eve_lyn'] })).toEqual([eve.user])
    expect(await found({ by: 'nick', values: ['e_ly'], match: 'contains' })).toEqual([eve.user])
    expect(errorOf(await ann.ask('urn:nynja:search:users', { by: 'names', values: ['Eve'], match: 'exact' }))).toEqual([2, 'payload.match'])
    expect(errorOf(await ann.ask('urn:nynja:search:users', { by: 'phone', values: ['x'] }))).toEqual([2, 'payload.values'])
    expect(errorOf(await ann.ask('urn:nynja:search:users', { by: 'names', values: ['Ev'] }))).toEqual([2, 'payload.values'])
  })

  test('who comes and goes is told to friends, and asked for by them', async () => {
    await clear(ann)
    bob.socket.terminate()
    expect((await ann.push('presence')).payload).toMatchObject({ user: bob.user, presence: 'offline' })
    expect(await ann.get('urn:nynja:presence:get', {}, bob.user)).toMatchObject({ presence: 'offline' })
    expect(errorOf(await eve.ask('urn:nynja:presence:get', {}, bob.user))).toEqual([9])
  })
})
