import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, defaultsOf, encode, record, type RecordOf, recordTags } from '../../protocol/index.js'
import { contacts, devices, sessions } from '../../rpc/documents/index.js'
import { putBans } from '../../rpc/views/parting.js'
import { p2pTopic, phoneOf, type PhoneId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { aContact, ann, boris, clara, dan, friends, now } from './chat-world.js'
import { asks, listing, openRoomWorld, type RoomWorld, type SendOptions, type Sent, told } from './room-world.js'

let world: RoomWorld

beforeEach(async () => {
  world = await openRoomWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.put(devices.put({ clients: ['emqttd_A1', 'emqttd_A2'].map(clientIdOf) }, phoneOf(ann)))
  await world.send(ann, asks('create', { name: 'Trip', members: listing(boris, clara) }))
  await world.send(ann, asks('create', { id: 'news', type: 'channel', name: 'News', members: listing(boris) }))
})
afterEach(() => world.close())

const chat = p2pTopic(ann, boris)
const bytes = Buffer.from('no term at all')
const say = (from: PhoneId, fields: object = {}) =>
  record('Message', { from, files: [record('Desc', { payload: 'hi' })], status: 'client', ...fields })
const contactOf = (phone_id: PhoneId) => record('Contact', { phone_id, avatar: 'https://files/1' })

/** What stands alone in no feed: bytes like any others. */
const parts = ['muc', 'p2p', 'act', 'mqi', 'Desc', 'Feature', 'Service', 'Cursor', 'ok', 'error', 'ok2', 'error2', 'Token', 'Client']

const publish = (who: PhoneId, topic: string, payload: AnyRecord | Uint8Array, options?: SendOptions): Promise<readonly Sent[]> =>
  world.publish(who, topic, payload, options)

describe('who may, and who receives it', () => {
  const a = ['emqttd_A1', 'emqttd_A2']
  for (const { rule, who, topic, to, asService = false } of [
    { rule: 'ses reaches all devices of the phone, the sender too', who: ann, topic: 'ses/380670001234', to: a },
    { rule: 'nobody else publishes on ses', who: boris, topic: 'ses/380670001234', to: null },
    { rule: 'ac reaches the friends, not the owner', who: ann, topic: `ac/${ann}`, to: ['emqttd_B1', 'emqttd_C1'] },
    { rule: 'nobody else publishes on ac', who: boris, topic: `ac/${ann}`, to: null },
    { rule: 'a chat reaches both', who: boris, topic: chat, to: [...a, 'emqttd_B1'] },
    { rule: 'a chat is found under its unsorted name', who: boris, topic: `p2p/${boris}/${ann}`, to: [...a, 'emqttd_B1'] },
    { rule: 'strangers do not reach a chat', who: clara, topic: chat, to: null },
    { rule: 'a chat with oneself is open', who: boris, topic: `p2p/${boris}/${boris}`, to: ['emqttd_B1'] },
    { rule: 'those who are no friends have no chat', who: boris, topic: p2pTopic(boris, clara), to: null },
    { rule: 'a group reaches its members', who: clara, topic: 'room/r1', to: [...a, 'emqttd_B1', 'emqttd_C1'] },
    { rule: 'strangers do not reach a group', who: dan, topic: 'room/r1', to: null },
    { rule: 'members do not talk in a channel', who: boris, topic: 'room/news', to: null },
    { rule: 'an unknown room is nowhere', who: ann, topic: 'room/r2', to: null },
    { rule: 'devices do not publish on muc', who: ann, topic: `muc/${ann}`, to: null },
    { rule: 'devices do not publish answers', who: ann, topic: 'actions/1/api/emqttd_A1', to: null },
    { rule: 'nobody publishes a version', who: ann, topic: 'version/1', to: null },
    { rule: 'a service reaches friends', who: ann, topic: `ac/${ann}`, to: ['emqttd_B1', 'emqttd_C1'], asService: true },
    { rule: 'a service reaches fellow members', who: ann, topic: `muc/${boris}`, to: [...a, 'emqttd_C1'], asService: true },
    { rule: 'a service reaches a channel', who: ann, topic: 'room/news', to: [...a, 'emqttd_B1'], asService: true },
  ]) {
    test(rule, async () => {
      const sent = await publish(who, topic, bytes, { asService })
      expect(sent.map((one) => one.to)).toEqual(to === null ? [] : [to])
      for (const one of sent) expect(one).toMatchObject({ isLive: false, payload: bytes })
    })
  }

  test('a ban closes the chat and the broadcast between the two', async () => {
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), ann, boris))
    await world.put(contacts.put(aContact({ state: 'friend', bans: true }), boris, ann))
    await world.put(...putBans(phoneOf(boris), phoneOf(ann), { own: { by: boris, at: now }, other: null }))
    expect(await publish(ann, chat, bytes)).toEqual([])
    expect(await publish(ann, `ac/${ann}`, bytes)).toMatchObject([{ to: ['emqttd_C1'] }])
    expect(await publish(ann, `muc/${ann}`, bytes, { asService: true })).toMatchObject([{ to: ['emqttd_C1'] }])
  })

  test('a service answers a device that exists, and no other', async () => {
    const session = { phone: phoneOf(boris), userId: boris, devKey: null, token: { hash: '', issued: now }, renewal: null, created: now }
    await world.put(
      sessions.put(
        { ...session, lastOnline: now, push: null, os: null, settings: [], dialect: 'v1', codec: 'bert' },
        clientIdOf('emqttd_B1'),
      ),
    )
    expect(await publish(ann, 'actions/1/api/emqttd_B1', bytes, { asService: true })).toMatchObject([{ to: ['emqttd_B1'] }])
    expect(await publish(ann, 'actions/1/api/emqttd_Z9', bytes, { asService: true })).toEqual([])
  })
})

describe('messages', () => {
  test('a message without id is posted: stored, numbered, once for a msg_id', async () => {
    const message = say(ann, { to: boris, msg_id: 'A1-1' })
    const [first] = await publish(ann, chat, message)
    expect(first).toMatchObject({ topic: chat, payload: { status: 'sent', from: ann, to: boris, feed_id: { from: ann, to: boris } } })
    expect((first?.payload as { id: number }).id).toBeGreaterThan(0)
    expect(told(await publish(ann, chat, message))).toEqual(['act Message/sent hi'])
  })

  test('in a room the topic names the feed', async () => {
    expect(told(await publish(clara, 'room/r1', say(clara)))).toEqual(['room/r1 Message/sent hi'])
  })

  for (const { rule, who, topic, message } of [
    { rule: 'under another name it vanishes', who: ann, topic: chat, message: say(boris) },
    { rule: 'without the right it vanishes', who: clara, topic: chat, message: say(clara) },
    {
      rule: 'naming another feed it vanishes',
      who: ann,
      topic: chat,
      message: say(ann, { feed_id: record('p2p', { from: ann, to: clara }) }),
    },
    { rule: 'with broken content it vanishes', who: ann, topic: chat, message: say(ann, { files: [] }) },
    { rule: 'in a channel a member has no voice', who: boris, topic: 'room/news', message: say(boris) },
  ]) {
    test(rule, async () => expect(await publish(who, topic, message)).toEqual([]))
  }

  const withField = (field: string, value: unknown): Buffer => {
    const map = JSON.parse(Buffer.from(encode(say(ann, { to: boris }), { codec: 'json', dialect: 'v1' })).toString()) as object
    return Buffer.from(JSON.stringify({ ...map, [field]: value }))
  }

  test('what stands in a field that posting does not use is all the same, in one that it uses the message vanishes', async () => {
    for (const [field, value] of [
      ['prev', 'x'],
      ['seenby', [[]]],
      ['created', []],
    ] as const)
      expect(told(await publish(ann, chat, withField(field, value)))).toEqual([`${chat} Message/sent hi`])
    for (const [field, value] of [
      ['msg_id', 7],
      ['files', [[]]],
      ['files', [{ tag: 'Desc', payload: 'hi', size: 'x' }]],
    ] as const)
      expect(await publish(ann, chat, withField(field, value))).toEqual([])
  })

  test('a service posts for everybody', async () => {
    expect(told(await publish(ann, chat, say(boris), { asService: true }))).toEqual([`${chat} Message/sent hi`])
  })
})

describe('what only the server says', () => {
  const chatFeed = record('p2p', { from: ann, to: boris })
  const room = record('muc', { name: 'r1' })

  for (const { rule, payload } of [
    { rule: 'a changed room', payload: record('Room', { id: 'r1', name: 'Mine', status: 'patch' }) },
    { rule: 'a deleted room', payload: record('Room', { id: 'r1', status: 'delete' }) },
    { rule: 'a member put out', payload: record('Room', { id: 'r1', members: listing(boris), status: 'ban' }) },
    { rule: 'the cursor of another', payload: record('History', { roster_id: boris, feed: room, entity_id: 1, status: 'update' }) },
    { rule: "another's message removed", payload: say(ann, { id: 1, feed_id: room, status: 'delete' }) },
    { rule: 'a stored message of another', payload: say(boris, { id: 1, feed_id: room, status: 'sent' }) },
    { rule: 'a token', payload: record('io', { code: record('ok2', { code: 'login', src: { tuple: ['emqttd_B1', 'token'] } }) }) },
    { rule: 'a removed account', payload: record('Profile', { phone: phoneOf(ann), status: 'remove' }) },
    { rule: 'a Contact of somebody else', payload: contactOf(ann) },
    { rule: 'a Contact of oneself', payload: contactOf(clara) },
    { rule: 'a Member of oneself', payload: record('Member', { phone_id: clara }) },
    { rule: 'where one is', payload: record('Loc', { x: 30.52, y: 50.45 }) },
  ] as const) {
    test(`${rule} is not relayed from a member`, async () => {
      const before = await world.room()
      for (const dialect of ['v1', 'v11'] as const)
        for (const codec of ['bert', 'json', 'msgpack'] as const)
          expect(await publish(clara, 'room/r1', encode(payload, { codec, dialect }))).toEqual([])
      expect(await world.room()).toEqual(before)
    })
  }

  test('no record of any tag, codec or dialect is, nor what a tolerant decoder might take for one', async () => {
    const broken = (bytes: Buffer, tag: string): Buffer[] => {
      const cut = bytes.toString('latin1').endsWith(tag) ? [] : [bytes.subarray(0, -1)]
      return [...cut, Buffer.concat([bytes, Buffer.from([0])])]
    }
    for (const tag of recordTags) {
      for (const dialect of ['v1', 'v11'] as const) {
        for (const codec of ['bert', 'json', 'msgpack'] as const) {
          if (tag === 'Typing' || parts.includes(tag)) continue
          const bytes = Buffer.from(encode(record(tag, defaultsOf(tag)) as AnyRecord, { codec, dialect }))
          for (const spelt of [bytes, ...broken(bytes, tag)]) {
            expect({ tag, sent: await publish(clara, 'room/r1', spelt) }).toEqual({ tag, sent: [] })
            expect({ tag, sent: await publish(ann, 'ses/380670001234', spelt) }).toEqual({ tag, sent: [] })
          }
        }
      }
    }
  })

  test('what its publisher may make true is made true, as the request would', async () => {
    const [posted] = await publish(ann, chat, say(ann, { to: boris, msg_id: 'A1-9' }))
    const { id } = posted?.payload as RecordOf<'Message'>
    const edited = say(ann, { id, feed_id: chatFeed, status: 'edit', files: [record('Desc', { payload: 'changed' })] })
    expect(told(await publish(boris, chat, edited))).toEqual([])
    expect(told(await publish(ann, chat, edited))).toEqual([`${chat} Message/edit changed`])
    expect(told(await publish(ann, 'room/r1', record('Room', { id: 'r1', name: 'Voyage', status: 'patch' })))).toContainEqual(
      expect.stringContaining('Room/patch'),
    )
    expect((await world.room())?.name).toBe('Voyage')
  })

  test('a record about one feed does nothing on the topic of another', async () => {
    const named = record('Room', { id: 'r1', name: 'Voyage', status: 'patch' })
    expect(await publish(ann, chat, named)).toEqual([])
    expect(await publish(ann, 'room/news', named)).toEqual([])
    expect((await world.room())?.name).toBe('Trip')
  })
})

describe('what is relayed', () => {
  const broadcast = `ac/${boris}`

  for (const { rule, payload, isRelayed } of [
    { rule: 'the Contact of oneself', payload: contactOf(boris), isRelayed: true },
    { rule: 'the Contact of somebody else', payload: contactOf(ann), isRelayed: false },
    { rule: 'the Contact of nobody', payload: record('Contact', { avatar: 'https://files/1' }), isRelayed: false },
    { rule: 'where one is', payload: record('Loc', { x: 30.52, y: 50.45 }), isRelayed: true },
    { rule: 'that one is nowhere on earth', payload: record('Loc', { x: 300, y: 50.45 }), isRelayed: false },
    { rule: 'that one is nowhere any more', payload: record('Loc', {}), isRelayed: true },
    { rule: 'a Profile', payload: record('Profile', { phone: phoneOf(boris), status: 'patch' }), isRelayed: false },
  ]) {
    test(`to friends, ${rule} is ${isRelayed ? 'relayed' : 'dropped'}`, async () => {
      const sent = await publish(boris, broadcast, payload)
      expect(sent).toMatchObject(isRelayed ? [{ payload: { tag: payload.tag } }] : [])
      expect(sent).toHaveLength(isRelayed ? 1 : 0)
    })
  }

  test('a record is relayed as the server writes it, whatever its spelling', async () => {
    const spelt = Buffer.from(String.raw`{ "tag": "Profile", "x": 30.5, "y": 50.4, "t\u0061g": "Loc" }`)
    const [sent] = await publish(boris, broadcast, spelt)
    expect(sent).toMatchObject({ payload: { tag: 'Loc', x: 30.5 } })
  })

  test('of the Contact of oneself goes out what one is, not what the server tells', async () => {
    const forged = { last_msg: say(ann, { id: 7 }), unread: 9, reader: 9, settings: [record('Feature', { key: 'k' })], status: 'ban' }
    const [sent] = await publish(boris, broadcast, record('Contact', { ...contactOf(boris), ...forged } as object))
    expect(sent?.payload).toEqual(contactOf(boris))
  })

  for (const [spelling, spelt] of [
    ['JSON with escapes of JavaScript', String.raw`{"\x74ag":'R\u{6f}om'}`],
    ['JSON with a space of another kind', '{"tag":\u00a0"Room"}'],
    ['JSON with a key in capitals', '{"Tag":"Room"}'],
    ['JSON with a comment', '{"tag"/**/:"Room"}'],
    ['JSON with a broken line', '{"ta\\\ng":"Room"}'],
    ['a map of Erlang', '\x83t\0\0\0\x01w\x03tagw\x04Room'],
    ['a map of Erlang with binaries', '\x83t\0\0\0\x01m\0\0\0\x03tagm\0\0\0\x04Room'],
  ] as const) {
    test(`${spelling} is not relayed where it could be taken for a record`, async () => {
      expect(await publish(clara, 'room/r1', Buffer.from(spelt, 'latin1'))).toEqual([])
    })
  }

  test('a record in which a value does not fit is not relayed', async () => {
    expect(await publish(boris, broadcast, Buffer.from(JSON.stringify({ tag: 'Loc', x: 'east' })))).toEqual([])
  })

  test('a service speaks for every account', async () => {
    expect(await publish(ann, `ac/${ann}`, contactOf(ann), { asService: true })).toHaveLength(1)
    const deleted = record('Room', { id: 'r1', status: 'delete' })
    expect(await publish(ann, 'room/r1', deleted, { asService: true })).toHaveLength(1)
  })

  test('Typing goes out under its true author, to those connected', async () => {
    const forged = record('Typing', { from: ann, to: 'nowhere' })
    const [inChat] = await publish(boris, chat, forged)
    expect(inChat).toMatchObject({ isLive: true, payload: { from: boris, to: ann } })
    const [inRoom] = await publish(clara, 'room/r1', forged)
    expect(inRoom).toMatchObject({
      topic: 'room/r1',
      isLive: true,
      to: ['380670001234', '380670002234', '380670003234'],
      payload: { from: clara, to: 'r1' },
    })
  })
})
