/**
 * What becomes of accounts, over real sockets: sessions are seen and ended from another device, an account moves to another number and takes
 * everything along, twice and back, and is removed. The devices of a chat speak different dialects and codecs.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import {
  type AnyRecord,
  type Encoding,
  type History,
  p2pFeed,
  type Profile,
  record,
  type RecordOf,
  type Roster,
} from '../../protocol/index.js'
import { parsePhoneId } from '../../topics/index.js'
import { type Account, fence, recordOf, register, request } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer()
})
afterAll(() => server.close())

const [bertV1, jsonV1, bertV11, packV11]: readonly [Encoding, Encoding, Encoding, Encoding] = [
  { codec: 'bert', dialect: 'v1' },
  { codec: 'json', dialect: 'v1' },
  { codec: 'bert', dialect: 'v11' },
  { codec: 'msgpack', dialect: 'v11' },
]

/** A device and what it speaks. */
interface Speaker {
  readonly account: Account
  readonly encoding: Encoding
  device: WireDevice
}

const willOf = ({ dialect }: Encoding) => ({ topic: dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.of() })

async function connect(account: Account, encoding: Encoding): Promise<Speaker> {
  const device = dial(server.mqtt)
  const { returnCode } = await device.connect({ clientId: account.clientId, password: account.token, will: willOf(encoding) })
  expect(returnCode).toBe(0)
  const speaker = { account, encoding, device }
  await everything(speaker)
  return speaker
}

async function join(name: string, phone: string, encoding: Encoding): Promise<Speaker> {
  return connect(await register(server.mqtt, `${name}${phone}`, phone), encoding)
}

const tell = ({ device, encoding }: Speaker, asked: AnyRecord): Promise<void> => request(device, asked, encoding)
const read = ({ encoding }: Speaker, push: IPublishPacket): AnyRecord => recordOf(push, encoding.dialect)

/** Everything that has come by now, as topic and record. */
async function everything(speaker: Speaker): Promise<readonly (readonly [topic: string, record: AnyRecord])[]> {
  await fence(speaker.device, speaker.encoding)
  return speaker.device.pushes.takeAll().map((push) => [push.topic, read(speaker, push)] as const)
}

/** The next record of that tag, and the topic on which it comes. */
async function next<T extends AnyRecord['tag']>(speaker: Speaker, tag: T, topic?: string): Promise<RecordOf<T>> {
  const isIt = (push: IPublishPacket): boolean => read(speaker, push).tag === tag && (topic === undefined || push.topic === topic)
  return read(speaker, await speaker.device.pushes.take(`${tag} on ${topic ?? 'any topic'}`, isIt)) as RecordOf<T>
}

const actions = ({ account }: Speaker): string => `actions/1/api/${account.clientId}`

/** Asks, and takes the first record of that tag on the `actions` topic. */
async function ask<T extends AnyRecord['tag']>(speaker: Speaker, asked: AnyRecord, tag: T): Promise<RecordOf<T>> {
  await tell(speaker, asked)
  return next(speaker, tag, actions(speaker))
}

/** `ok migration`, `error wrong_code` … */
async function answerTo(speaker: Speaker, asked: AnyRecord): Promise<string> {
  const { code } = await ask(speaker, asked, 'io')
  return typeof code === 'object' && code !== null && 'tag' in code && 'code' in code ? `${code.tag} ${String(code.code)}` : 'io'
}

/** The one roster of a Profile. */
function rosterIn({ rosters }: Profile): Roster {
  const [roster] = rosters
  if (typeof roster !== 'object') throw new Error('a profile has a roster')
  return roster
}

const profileOf = (speaker: Speaker): Promise<Profile> => ask(speaker, record('Profile', { status: 'get' }), 'Profile')

/** Who is in somebody's list, with what matters of them. */
async function contactsOf(speaker: Speaker): Promise<readonly (readonly [string | null, string | null, number | null])[]> {
  const { userlist } = rosterIn(await profileOf(speaker))
  return userlist.flatMap((one) => (typeof one === 'object' ? [[one.phone_id, one.status, one.unread] as const] : []))
}

const feedOf = (a: string, b: string) => p2pFeed(parsePhoneId(a)!, parsePhoneId(b)!)
const topicOf = (a: string, b: string): string => {
  const { from, to } = feedOf(a, b)
  return `p2p/${from}/${to}`
}

const message = (from: string, to: string, text: string) =>
  record('Message', { from, to, msg_id: text, files: [record('Desc', { id: 'd', payload: text })], status: 'client' })

const historyOf = (owner: string, other: string) =>
  record('History', { roster_id: owner, feed: feedOf(owner, other), size: 100, entity_id: 0, status: 'get' })

/** What was said: who, to whom, what. */
const saidIn = ({ data }: History): readonly string[] =>
  data.flatMap((one) =>
    one.tag === 'Message' && one.files[0]?.payload ? [`${one.from ?? ''} ${one.to ?? ''} ${one.files[0].payload}`] : [],
  )

async function befriend(a: Speaker, b: Speaker): Promise<void> {
  const [of, by] = [a.account.phoneId, b.account.phoneId]
  await tell(a, record('Friend', { phone_id: of, friend_id: by, status: 'request' }))
  await next(b, 'Contact')
  await tell(b, record('Friend', { phone_id: by, friend_id: of, status: 'confirm' }))
  await next(a, 'Message')
  await everything(b)
  await everything(a)
}

async function returnCodeOf({ clientId, token }: Account): Promise<number | undefined> {
  const device = dial(server.mqtt)
  const { returnCode } = await device.connect({ clientId, password: token })
  device.cut()
  return returnCode
}

describe('sessions', () => {
  for (const { name, encoding, phone } of [
    { name: 'v11, BERT', encoding: bertV11, phone: '380671000001' },
    { name: 'v11, MessagePack', encoding: packV11, phone: '380671000002' },
  ])
    test(`are listed and ended from another device (${name})`, async () => {
      const [a1, a2, a3] = [await join('1', phone, bertV1), await join('2', phone, encoding), await join('3', phone, jsonV1)]
      await tell(a2, record('Auth', { type: 'list' }))
      const listed = [await next(a2, 'Auth'), await next(a2, 'Auth'), await next(a2, 'Auth')]
      expect(listed.map(({ client_id }) => client_id)).toEqual([a2, a1, a3].map(({ account }) => account.clientId))
      expect(
        listed.every(
          ({ token, sms_code, attempts, phone: of }) => token === null && sms_code === null && attempts === null && of === phone,
        ),
      ).toBe(true)

      expect(await answerTo(a2, record('Auth', { client_id: a1.account.clientId, type: 'delete' }))).toBe('ok logout')
      await a1.device.closed
      expect(await returnCodeOf(a1.account)).toBe(4)
      expect(a3.device.isClosed).toBe(false)

      // v1 lists by another atom, and sees the same.
      await tell(a3, record('Auth', { type: 'list' }))
      expect([(await next(a3, 'Auth')).client_id, (await next(a3, 'Auth')).client_id]).toEqual([a3.account.clientId, a2.account.clientId])

      expect(await answerTo(a2, record('Auth', { type: 'clear' }))).toBe('ok cleared')
      await a3.device.closed
      expect(await returnCodeOf(a3.account)).toBe(4)
      expect(await returnCodeOf(a2.account)).toBe(0)
    })

  test('are ended for others only: the own one, and those of other phones, are refused', async () => {
    const [a, b] = [await join('1', '380671000003', bertV11), await join('1', '380671000004', bertV1)]
    expect(await answerTo(a, record('Auth', { client_id: a.account.clientId, type: 'delete' }))).toBe('error invalid_data')
    expect(await answerTo(a, record('Auth', { client_id: b.account.clientId, type: 'delete' }))).toBe('error session_not_found')
    expect([a.device.isClosed, b.device.isClosed]).toEqual([false, false])
  })
})

const isAmongUs = ({ payload }: IPublishPacket): boolean => payload.toString() === 'among us'

/** Moves the account of a device to another number. @returns what the device is told */
async function move(speaker: Speaker, number: string): Promise<Profile> {
  expect(await answerTo(speaker, record('Profile', { phone: number, status: 'migrate' }))).toBe('ok migration')
  const services = [record('Service', { type: 'email', login: number, password: testCode })]
  return ask(speaker, record('Profile', { phone: number, services, status: 'phone' }), 'Profile')
}

for (const { name, speakers, digit } of [
  { name: 'a v1 device moves it', speakers: [bertV1, packV11, jsonV1, bertV11], digit: 1 },
  { name: 'a v11 device moves it', speakers: [packV11, jsonV1, bertV11, bertV1], digit: 2 },
])
  describe(`an account that moves to another number (${name})`, () => {
    const numberOf = (place: number): string => `38067200${String(digit)}0${String(place).padStart(2, '0')}`
    const [old, fresh, third] = [numberOf(1), numberOf(2), numberOf(3)]
    const [enc1, enc2, encB, encC] = speakers as [Encoding, Encoding, Encoding, Encoding]
    let a1: Speaker
    let a2: Speaker
    let b: Speaker
    let c: Speaker
    let d: Speaker
    /** phone_id of the account under a number. */
    let named: (number: string) => string
    const room = `trip${String(digit)}`

    beforeAll(async () => {
      a1 = await join('1', old, enc1)
      a2 = await join('2', old, enc2)
      b = await join('b', numberOf(11), encB)
      c = await join('c', numberOf(12), encC)
      d = await join('d', numberOf(13), bertV1)
      const rosterId = a1.account.phoneId.split('_')[1] ?? ''
      named = (number) => `${number}_${rosterId}`
      await tell(a1, record('Roster', { id: Number(rosterId), names: 'Anna', nick: `anna_${String(digit)}`, status: 'patch' }))
      await befriend(a1, b)
      const [pa, pb] = [a1.account.phoneId, b.account.phoneId]
      for (const [from, to, text] of [
        [pa, pb, 'one'],
        [pb, pa, 'two'],
        [pb, pa, 'three'],
      ] as const) {
        await tell(from === pa ? a1 : b, message(from, to, text))
        await next(b, 'Message', topicOf(pa, pb))
      }
      await tell(a1, message(pa, pa, 'note to self'))
      // C asks A and waits; D has A in its address book.
      await tell(c, record('Friend', { phone_id: c.account.phoneId, friend_id: pa, status: 'request' }))
      await tell(
        d,
        record('Roster', { id: Number(d.account.phoneId.split('_')[1]), userlist: [record('Contact', { phone_id: pa })], status: 'add' }),
      )
      await tell(
        a1,
        record('Room', { id: room, name: 'Trip', type: 'group', members: [record('Member', { phone_id: pb })], status: 'create' }),
      )
      await next(b, 'Message', `room/${room}`)
      for (const one of [a1, a2, b, c, d]) await everything(one)
    })
    afterAll(() => {
      for (const one of [a1, a2, b, c, d]) one.device.cut()
    })

    test('needs the code: a wrong one, and a number that has an account, are refused', async () => {
      expect(await answerTo(a1, record('Profile', { phone: numberOf(11), status: 'migrate' }))).toBe('error invalid_data')
      expect(await answerTo(a1, record('Profile', { phone: old, status: 'migrate' }))).toBe('error invalid_data')
      const enter = (password: string) =>
        record('Profile', { phone: fresh, services: [record('Service', { type: 'email', login: fresh, password })], status: 'phone' })
      expect(await answerTo(a1, enter(testCode))).toBe('error not_authorized')
      expect(await answerTo(a1, record('Profile', { phone: fresh, status: 'migrate' }))).toBe('ok migration')
      expect(await answerTo(a1, enter('000000'))).toBe('error wrong_code')
      expect((await profileOf(a1)).phone).toBe(old)
      expect(await contactsOf(b)).toEqual(expect.arrayContaining([[named(old), 'friend', 0]]))
      for (const one of [b, c, d]) expect(await everything(one)).toEqual([])
    })

    test('tells its devices, which stay connected, those who know it, and its rooms', async () => {
      expect(await move(a1, fresh)).toMatchObject({ phone: fresh, status: 'phone' })
      expect(await next(a2, 'Profile', actions(a2))).toMatchObject({ phone: fresh, status: 'phone' })

      for (const [one, state] of [
        [b, 'friend'],
        [c, 'request'],
        [d, 'internal'],
      ] as const) {
        const topic = `ses/${one.account.phone}`
        expect(await next(one, 'Contact', topic)).toMatchObject({ phone_id: named(old), status: 'deleted' })
        expect(await next(one, 'Contact', topic)).toMatchObject({
          phone_id: named(fresh),
          names: 'Anna',
          nick: state !== 'friend' ? null : `anna_${String(digit)}`,
          status: state,
        })
      }
      for (const one of [b, a1, a2])
        expect(await next(one, 'Member', `room/${room}`)).toMatchObject({ phone_id: named(fresh), status: 'patch' })
      for (const one of [a1, a2, b, c, d]) {
        expect(one.device.isClosed).toBe(false)
        expect(await everything(one)).toEqual([])
      }
    })

    test('keeps its contacts, chats, unread, nick, sessions and settings under the new names', async () => {
      const { phone, rosters } = await profileOf(a1)
      expect([phone, rosters.length]).toEqual([fresh, 1])
      expect(await contactsOf(a1)).toEqual(
        expect.arrayContaining([
          [named(fresh), 'friend', 0],
          [b.account.phoneId, 'friend', 2],
          [c.account.phoneId, 'authorization', 0],
        ]),
      )
      expect(await contactsOf(b)).toEqual(expect.arrayContaining([[named(fresh), 'friend', 0]]))
      expect((await contactsOf(b)).some(([name]) => name === named(old))).toBe(false)
      const said = [
        `${named(fresh)} ${b.account.phoneId} one`,
        ...['two', 'three'].map((text) => `${b.account.phoneId} ${named(fresh)} ${text}`),
      ]
      expect(saidIn(await ask(b, historyOf(b.account.phoneId, named(fresh)), 'History'))).toEqual(said)
      expect(saidIn(await ask(a2, historyOf(named(fresh), b.account.phoneId), 'History'))).toEqual(said)
      expect(saidIn(await ask(a1, historyOf(named(fresh), named(fresh)), 'History'))).toEqual([
        `${named(fresh)} ${named(fresh)} note to self`,
      ])

      await tell(a1, record('Auth', { type: 'list' }))
      const sessions = [await next(a1, 'Auth'), await next(a1, 'Auth')]
      expect(sessions.map(({ client_id, phone: of, user_id }) => [client_id, of, user_id])).toEqual(
        [a1, a2].map(({ account }) => [account.clientId, fresh, named(fresh)]),
      )
      expect(await ask(a1, record('Person', { id: fresh, status: 'get' }), 'Person')).toMatchObject({ id: fresh })
    })

    test('talks and is talked to under the new name, on the topics of that name', async () => {
      const [pb, topic] = [b.account.phoneId, topicOf(named(fresh), b.account.phoneId)]
      await tell(b, message(pb, named(fresh), 'four'))
      for (const one of [a1, a2, b])
        expect(await next(one, 'Message', topic)).toMatchObject({ from: pb, to: named(fresh), feed_id: feedOf(pb, named(fresh)) })
      await tell(a2, message(named(fresh), pb, 'five'))
      for (const one of [a1, a2, b]) expect(await next(one, 'Message', topic)).toMatchObject({ from: named(fresh), to: pb })
      await tell(a1, message(named(fresh), pb, 'one'))
      // It was sent before the move: a repetition is known by its msg_id.
      expect(await next(a1, 'Message', actions(a1))).toMatchObject({ from: named(fresh), msg_id: 'one' })
      expect(await a1.device.subscribe(`ses/${fresh}`, `ses/${old}`, topic, topicOf(named(old), pb))).toEqual([2, 128, 2, 128])
      await a1.device.publish(`ses/${fresh}`, Buffer.from('among us'))
      for (const { device } of [a1, a2]) expect((await device.pushes.take('bytes', isAmongUs)).topic).toBe(`ses/${fresh}`)
      for (const one of [a1, a2, b]) await everything(one)
    })

    test('is nobody under the old name', async () => {
      const pb = b.account.phoneId
      const [refused, unknown] = [await answerTo(b, message(pb, named(old), 'lost')), await answerTo(b, historyOf(pb, named(old)))]
      expect([refused, unknown]).toEqual(['error not_authorized', 'error invalid_data'])
      expect(await answerTo(a1, message(named(old), pb, 'still me?'))).toBe('error not_authorized')
      expect(await answerTo(d, record('Friend', { phone_id: d.account.phoneId, friend_id: named(old), status: 'request' }))).toBe(
        'error contact_not_found',
      )
      const search = (value: string) =>
        record('Search', {
          id: Number(d.account.phoneId.split('_')[1]),
          ref: 'r',
          field: 'phone',
          type: '==',
          value: [value],
          status: 'contact',
        })
      const found = async (value: string) => (await ask(d, search(value), 'io')).data
      expect(await found(old)).toMatchObject({ userlist: [] })
      expect(await found(`+${fresh}`)).toMatchObject({ userlist: [{ phone_id: named(fresh), names: 'Anna', nick: null }] })
    })

    test('comes back with the same token, and with a new device by the new number', async () => {
      a1.device.cut()
      a1 = { ...a1, device: dial(server.mqtt) }
      await a1.device.connect({ clientId: a1.account.clientId, password: a1.account.token, will: willOf(a1.encoding) })
      expect(await next(a1, 'Profile')).toMatchObject({ phone: fresh, status: 'init' })
      const a3 = await join('3', fresh, jsonV1)
      expect(a3.account.phoneId).toBe(named(fresh))
      expect((await contactsOf(a3)).length).toBe(3)
      a3.device.cut()
      for (const one of [a1, a2, b, c, d]) await everything(one)
    })

    let newcomer: Speaker
    test('leaves its old number to somebody new, who sees nothing of it', async () => {
      newcomer = await join('n', old, bertV11)
      expect(newcomer.account.phoneId).not.toBe(named(old))
      expect(newcomer.account.phoneId.startsWith(`${old}_`)).toBe(true)
      expect(await contactsOf(newcomer)).toEqual([[newcomer.account.phoneId, 'friend', 0]])
      expect(await answerTo(newcomer, historyOf(newcomer.account.phoneId, b.account.phoneId))).toBe('error invalid_data')
      expect(await answerTo(newcomer, historyOf(named(old), b.account.phoneId))).toBe('error not_authorized')
      await befriend(newcomer, b)
      await tell(newcomer, message(newcomer.account.phoneId, b.account.phoneId, 'I am new'))
      const topic = topicOf(newcomer.account.phoneId, b.account.phoneId)
      expect(await next(b, 'Message', topic)).toMatchObject({ from: newcomer.account.phoneId })
      expect(await contactsOf(b)).toEqual(
        expect.arrayContaining([
          [newcomer.account.phoneId, 'friend', 1],
          [named(fresh), 'friend', 1],
        ]),
      )
      for (const one of [a1, a2, b, c, d]) await everything(one)
    })

    test('moves on, and those who were away find the two names in their order', async () => {
      await b.device.disconnect()
      await tell(a2, message(named(fresh), b.account.phoneId, 'while you were away'))
      expect(await move(a2, third)).toMatchObject({ phone: third })
      expect(await next(a1, 'Profile', actions(a1))).toMatchObject({ phone: third })
      const back = { ...b, device: dial(server.mqtt) }
      await back.device.connect({ clientId: b.account.clientId, password: b.account.token, will: willOf(b.encoding) })
      b = back
      expect(await next(b, 'Profile')).toMatchObject({ status: 'init' })
      expect(await next(b, 'Contact', `ses/${b.account.phone}`)).toMatchObject({ phone_id: named(fresh), status: 'deleted' })
      expect(await next(b, 'Contact', `ses/${b.account.phone}`)).toMatchObject({ phone_id: named(third), status: 'friend' })
      expect(saidIn(await ask(b, historyOf(b.account.phoneId, named(third)), 'History'))).toContain(
        `${named(third)} ${b.account.phoneId} one`,
      )
      // What was said before the move comes on the topic of the new name, too.
      const topic = topicOf(named(third), b.account.phoneId)
      expect(await next(b, 'Message', topic)).toMatchObject({ from: named(third), msg_id: 'while you were away' })
      // The newcomer takes the number in between: three accounts have changed places.
      expect(await move(newcomer, fresh)).toMatchObject({ phone: fresh })
      const renamed = `${fresh}_${newcomer.account.phoneId.split('_')[1] ?? ''}`
      expect(await next(b, 'Contact', `ses/${b.account.phone}`)).toMatchObject({ phone_id: newcomer.account.phoneId, status: 'deleted' })
      expect(await next(b, 'Contact', `ses/${b.account.phone}`)).toMatchObject({ phone_id: renamed })
      expect(saidIn(await ask(b, historyOf(b.account.phoneId, renamed), 'History'))).toEqual([`${renamed} ${b.account.phoneId} I am new`])
      // And the first account goes home.
      expect(await move(a1, old)).toMatchObject({ phone: old })
      expect((await contactsOf(b)).map(([name]) => name).sort()).toEqual([b.account.phoneId, named(old), renamed].sort())
      expect(saidIn(await ask(b, historyOf(b.account.phoneId, named(old)), 'History'))).toContain(`${named(old)} ${b.account.phoneId} one`)
      newcomer.device.cut()
      for (const one of [a1, a2, b, c, d]) await everything(one)
    })

    test('is removed: devices are told and closed, those who know it are told, and its number is free', async () => {
      // Its connection may be closed before the publish is acknowledged.
      tell(a1, record('Profile', { phone: old, status: 'remove' })).catch(() => undefined)
      for (const one of [a1, a2]) {
        expect(await next(one, 'Profile', actions(one))).toMatchObject({ phone: old, status: 'remove' })
        await one.device.closed
        expect(await returnCodeOf(one.account)).toBe(4)
      }
      for (const one of [b, c, d])
        expect(await next(one, 'Contact', `ses/${one.account.phone}`)).toMatchObject({ phone_id: named(old), status: 'deleted' })
      expect(await next(b, 'Room', `room/${room}`)).toMatchObject({ status: 'leave', members: [{ phone_id: named(old), names: 'Anna' }] })
      expect(await next(b, 'Member', `room/${room}`)).toMatchObject({ phone_id: b.account.phoneId, status: 'patch' })
      expect((await contactsOf(b)).some(([name]) => name === named(old))).toBe(false)
      // What it has said stays with those to whom it was said.
      expect(saidIn(await ask(b, historyOf(b.account.phoneId, named(old)), 'History'))).toContain(`${named(old)} ${b.account.phoneId} one`)
      const again = await join('1', old, enc1)
      expect(again.account.phoneId).not.toBe(named(old))
      expect(await contactsOf(again)).toEqual([[again.account.phoneId, 'friend', 0]])
      again.device.cut()
    })
  })

for (const { name, encoding, phones } of [
  { name: 'v1, JSON', encoding: jsonV1, phones: ['380673000001', '380673000002'] },
  { name: 'v11, BERT', encoding: bertV11, phones: ['380673000003', '380673000004'] },
])
  test(`a roster of several is removed, and its devices stay (${name})`, async () => {
    const [a, b] = [await join('a', phones[0]!, encoding), await join('b', phones[1]!, encoding)]
    expect(await answerTo(a, record('Roster', { id: Number(a.account.phoneId.split('_')[1]), status: 'remove' }))).toBe(
      'error invalid_data',
    )
    const made = await ask(a, record('Roster', { names: 'Work', status: 'create' }), 'Roster')
    const second = `${a.account.phone}_${String(made.id)}`
    await befriend({ ...a, account: { ...a.account, phoneId: second } }, b)
    expect(await answerTo(a, record('Roster', { id: made.id, status: 'remove' }))).toBe('ok removed')
    const status = encoding.dialect === 'v1' ? 'remove' : 'deleted'
    expect(await next(b, 'Contact', `ac/${second}`)).toMatchObject({ phone_id: second, status })
    expect((await contactsOf(b)).map(([id]) => id)).toEqual([b.account.phoneId])
    expect(await answerTo(a, record('Roster', { id: made.id, status: 'remove' }))).toBe('error roster_not_found')
    expect(await answerTo(a, message(second, b.account.phoneId, 'gone'))).toBe('error not_authorized')
    expect(a.device.isClosed).toBe(false)
    for (const one of [a, b]) one.device.cut()
  })
