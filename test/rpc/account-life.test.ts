/** Accounts move to another number and end, rosters end: what is refused, what is stored, who is told what. Names are those accounts are filed under. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, type Contact, err, type Friend, ok, type Profile, record } from '../../protocol/index.js'
import {
  chores,
  type ContactDocument,
  contacts,
  cursors,
  feedLevel,
  listedBy,
  members,
  messages,
  migrations,
  partings,
  nicks,
  persons,
  presences,
  profiles,
  rooms,
  roomsOf,
  rosters,
  sentIds,
  sessions,
} from '../../rpc/documents/index.js'
import { newIndexer } from '../../rpc/people-index/indexer.js'
import { newReadCache } from '../../rpc/read-cache.js'
import type { Caller } from '../../rpc/request.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import { choreTables, timerClient } from '../../rpc/runtime/worker/timed-tables.js'
import { putBans } from '../../rpc/views/parting.js'
import { newTimers } from '../../rpc/runtime/worker/timers.js'
import { p2pTopic, parsePhoneId, parseRoomId, type PhoneId, phoneIdOf, rosterIdOf, sesTopic } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf } from '../acl/cast.js'
import {
  type AccountWorld,
  ann,
  boris,
  clara,
  type Device,
  minute,
  openAccountWorld,
  phoneOf,
  type Result,
  short,
  start,
} from './account-world.js'
import { aContact, aRoom, sentBy, type Sent } from './chat-world.js'

const fresh = phoneOf('380990001111')
const testNumber = phoneOf('380670009999')
const trip = parseRoomId('trip')!

let world: AccountWorld
let a1: Device
let annCaller: Caller
let annOther: Caller
let pa: PhoneId
let pb: PhoneId
let pc: PhoneId

const friend: ContactDocument = aContact({ state: 'friend' })

/** Ann has two devices connected and one away; Boris is her friend and in her room; Clara has her in an address book. */
beforeEach(async () => {
  world = await openAccountWorld({ testNumbers: { prefixes: ['38067000999'], code: '481516' } })
  a1 = await world.register('reg_A1', ann)
  annCaller = await world.login(a1)
  annOther = await world.login(await world.register('reg_A2', ann), { dialect: 'v11' })
  await world.register('reg_A3', ann)
  await world.register('reg_B1', boris)
  await world.register('reg_C1', clara)
  ;[pa, pb, pc] = [await world.rosterOf(ann), await world.rosterOf(boris), await world.rosterOf(clara)]
  // Boris had her in his address book before.
  await world.put(contacts.put(friend, pa, pb), contacts.put(friend, pb, pa), listedBy.put(true, pa, pb))
  await world.put(contacts.put(aContact({ state: 'internal' }), pc, pa), listedBy.put(true, pa, pc))
  await world.put(
    ...aRoom(
      trip,
      [
        [pa, 'owner'],
        [pb, 'member'],
      ],
      { owner: pa },
    ),
    roomsOf.put({ joined: start }, pa, trip),
    roomsOf.put({ joined: start }, pb, trip),
  )
})
afterEach(() => world.close())

const profile = (fields: Partial<Profile>, caller = annCaller): Promise<Result> => world.ask(caller, record('Profile', fields))
const migrate = (phone: string | null, caller = annCaller): Promise<Result> => profile({ phone, status: 'migrate' }, caller)
const service = (login: string | null, password: string | null) => record('Service', { type: 'email', login, password })
const enter = (phone: string, code: string | null, caller = annCaller, login: string | null = phone): Promise<Result> =>
  profile({ phone, services: code === null ? [] : [service(login, code)], status: 'phone' }, caller)

const friendAsks = (caller: Caller, self: PhoneId, other: PhoneId, status: Friend['status'] = 'request'): Promise<Result> =>
  world.ask(caller, record('Friend', { phone_id: self, friend_id: other, status }))
const contact = (owner: PhoneId, other: PhoneId) => stored(contacts, owner, other)

/** Begins a move, and tells the code that was sent. */
async function codeFor(phone: string): Promise<string> {
  const { jobs } = await migrate(phone)
  return jobs[0]?.code ?? '481516'
}

async function stored<D>(
  table: { key: (...parts: never) => string; decode: (bytes: Uint8Array) => D },
  ...key: readonly string[]
): Promise<D | undefined> {
  const bytes = await world.store.get(table.key(...(key as never)))
  return bytes && table.decode(bytes)
}

/** Keys of everything that is stored about somebody, by prefix of its tables. */
async function rowsOf(name: string): Promise<readonly string[]> {
  const rows = await world.store.scan('', { limit: 10_000 })
  return rows.map(({ key }) => key).filter((key) => key.split('/').includes(name))
}

describe('Profile/migrate', () => {
  test('sends a code to the new number', async () => {
    const { answers, jobs } = await migrate(`+${fresh}`)
    expect(answers).toEqual([ok('migration')])
    expect(jobs).toEqual([
      { kind: 'sms', phone: fresh, text: expect.stringContaining(jobs[0]!.code), code: expect.stringMatching(/^\d{6}$/) },
    ])
    expect(await stored(migrations, ann)).toMatchObject({ number: fresh, code: jobs[0]?.code, expires: start + 10 * minute })
  })

  test('to a test number takes the test code and no SMS', async () => {
    const { answers, jobs } = await migrate(testNumber)
    expect([answers, jobs]).toEqual([[ok('migration')], []])
    expect(await stored(migrations, ann)).toMatchObject({ code: '481516' })
  })

  test('asked again at once keeps the code, later sends another', async () => {
    const first = await codeFor(fresh)
    expect(await migrate(fresh)).toMatchObject({ answers: [ok('migration')], jobs: [] })
    world.now += minute
    const { jobs } = await migrate(fresh)
    expect(jobs).toHaveLength(1)
    expect(await stored(migrations, ann)).toMatchObject({ code: jobs[0]?.code })
    expect(first).toMatch(/^\d{6}$/)
  })

  for (const { rule, asked, refused, seconds } of [
    { rule: 'what is no number', asked: () => migrate('12'), refused: 'invalid_data' },
    { rule: 'no number', asked: () => migrate(null), refused: 'invalid_data' },
    { rule: 'the own number', asked: () => migrate(ann), refused: 'invalid_data' },
    { rule: 'a number that has a profile', asked: () => migrate(boris), refused: 'invalid_data' },
    {
      rule: 'the sixth code within an hour',
      asked: async () => {
        for (let i = 0; i < 5; i++) {
          world.now += minute
          expect((await migrate(fresh)).error).toBeUndefined()
        }
        world.now += minute
        return migrate(fresh)
      },
      refused: 'attempts_expired',
      // An hour after the first of them.
      seconds: 55 * 60,
    },
    { rule: 'a service, which has no account', asked: () => migrate(fresh, serviceCaller), refused: 'not_authorized' },
  ])
    test(`refuses ${rule} as ${refused}`, async () => {
      const before = await stored(migrations, ann)
      const result = await asked()
      expect(result.answers).toEqual([err(refused as never, seconds)])
      expect(result.pushes).toEqual([])
      if (rule !== 'the sixth code within an hour') expect(await stored(migrations, ann)).toEqual(before)
    })
})

const serviceCaller: Caller = {
  client: { kind: 'service', clientId: clientIdOf('sys_news'), userName: 'api', name: 'news' },
  ...{ clientId: clientIdOf('sys_news'), dialect: 'v1', codec: 'bert', address: '', token: null },
}

describe('Profile/phone', () => {
  test('tells every own device, then everybody who knows the account, then its rooms', async () => {
    const code = await codeFor(fresh)
    world.now += 5
    const { answers, pushes } = await enter(fresh, code)
    // In the names of the files, which are translated when they are sent: `ann` reads as the new number now.
    const told = record('Profile', { phone: ann, update: start + 5, status: 'phone' })
    expect(answers).toEqual([told])
    const own = pushes.filter(({ topic }) => topic.startsWith('actions/'))
    expect(own).toEqual(['emqttd_A2', 'emqttd_A3'].map((id) => ({ topic: `actions/1/api/${id}`, to: [id], isLive: false, record: told })))
    const contact = (name: string, status: Contact['status']) => expect.objectContaining({ tag: 'Contact', phone_id: name, status })
    expect(pushes.filter(({ topic }) => topic === sesTopic(boris)).map(({ record: one }) => one)).toEqual([
      contact(`=${pa}`, 'deleted'),
      contact(pa, 'friend'),
    ])
    expect(pushes.filter(({ topic }) => topic === sesTopic(clara)).map(({ record: one }) => one)).toEqual([
      contact(`=${pa}`, 'deleted'),
      contact(pa, 'internal'),
    ])
    expect(pushes.filter(({ topic }) => topic === 'room/trip')).toEqual([
      expect.objectContaining({
        to: expect.arrayContaining(['emqttd_A1', 'emqttd_B1']),
        record: expect.objectContaining({ tag: 'Member', phone_id: pa, status: 'patch' }),
      }),
    ])
    expect(pushes).toHaveLength(2 + 4 + 1)
    expect(await stored(migrations, ann)).toBeUndefined()
    expect(await rowsOf('all')).toEqual(['move/all/0000000000000001', 'moves/all'])
  })

  for (const { rule, asked, refused } of [
    { rule: 'no pending move', asked: () => enter(fresh, '123456'), refused: 'not_authorized' },
    {
      rule: 'a move to another number',
      asked: async () => {
        await codeFor(testNumber)
        return enter(fresh, '481516')
      },
      refused: 'not_authorized',
    },
    {
      rule: 'a code older than ten minutes',
      asked: async () => {
        const code = await codeFor(fresh)
        world.now += 10 * minute
        return enter(fresh, code)
      },
      refused: 'not_authorized',
    },
    { rule: 'what is no number', asked: () => enter('x', '123456'), refused: 'invalid_data' },
    {
      rule: 'no code',
      asked: async () => {
        await codeFor(fresh)
        return enter(fresh, null)
      },
      refused: 'invalid_data',
    },
    {
      rule: 'a code for another number',
      asked: async () => enter(fresh, await codeFor(fresh), annCaller, clara),
      refused: 'invalid_data',
    },
    {
      rule: 'a wrong code',
      asked: async () => {
        const code = await codeFor(fresh)
        return enter(fresh, code === '000000' ? '000001' : '000000')
      },
      refused: 'wrong_code',
    },
    {
      rule: 'a number that has registered meanwhile',
      asked: async () => {
        const code = await codeFor(fresh)
        await world.register('reg_N', fresh)
        return enter(fresh, code)
      },
      refused: 'invalid_data',
    },
    { rule: 'a service', asked: () => enter(fresh, '123456', serviceCaller), refused: 'not_authorized' },
  ])
    test(`refuses ${rule} as ${refused}`, async () => {
      const result = await asked()
      expect(result.answers).toEqual([err(refused as never)])
      expect(result.pushes).toEqual([])
      expect(await rowsOf('all')).toEqual([])
    })

  test('the fifth wrong code burns the code of the move, and nobody else is kept from the number', async () => {
    const code = await codeFor(fresh)
    const wrong = code === '000000' ? '000001' : '000000'
    for (let i = 0; i < 4; i++) expect((await enter(fresh, wrong)).error).toBe('wrong_code')
    const burnt = [err('attempts_expired', 0)]
    expect((await enter(fresh, wrong)).answers).toEqual(burnt)
    expect(await stored(migrations, ann)).toMatchObject({ code: '' })
    expect((await enter(fresh, code)).answers).toEqual(burnt)
    expect((await world.auth('reg_N', { phone: fresh, type: 'reg' })).answers).toEqual([ok('sms_sent')])
    const again = await codeFor(fresh)
    expect((await enter(fresh, again)).error).toBeUndefined()
  })

  test('a registration that was under way for the new number registers a device of the account that has it now', async () => {
    const { jobs } = await world.auth('reg_N', { phone: fresh, type: 'reg' })
    expect((await enter(fresh, await codeFor(fresh))).error).toBeUndefined()
    const { answers } = await world.auth('reg_N', { type: 'verify', sms_code: jobs[0]?.code ?? '' })
    expect(answers.map(short)).toEqual(['ok2 login', 'Profile init'])
    expect(await stored(sessions, 'emqttd_N')).toMatchObject({ phone: ann, userId: pa })
  })

  test('the old number may register as somebody new, who is filed elsewhere', async () => {
    await enter(fresh, await codeFor(fresh))
    await world.register('reg_O', ann)
    const session = await stored(sessions, 'emqttd_O')
    expect(session).toMatchObject({ phone: fresh })
    expect(rosterIdOf(session!.userId)).toBeGreaterThan(rosterIdOf(pc))
    expect(await stored(contacts, session!.userId, pb)).toBeUndefined()
    // What is new is called by the old number, and the account that has moved by the new one.
    expect((await world.store.scan('move/', { limit: 10 })).length).toBe(2)
  })

  test('a ban goes with the account, and not with the number that it leaves', async () => {
    await friendAsks(await borisCaller(), pb, pa, 'ban')
    await world.ask(annCaller, record('Roster', { id: rosterIdOf(pa), names: 'Words', status: 'patch' }))
    const { pushes } = await enter(fresh, await codeFor(fresh))
    expect(pushes.filter(({ topic }) => topic === sesTopic(boris)).map(({ record: one }) => one)).toMatchObject([
      { status: 'deleted' },
      { phone_id: pa, names: null, status: 'banned' },
    ])
    expect((await friendAsks(annCaller, pa, pb)).error).toBe('not_authorized')
    const newcomer = await world.login(await world.register('reg_O', ann))
    const { userId } = (await stored(sessions, 'emqttd_O'))!
    expect((await friendAsks(newcomer, userId, pb)).error).toBeUndefined()
    expect(await contact(pb, userId)).toMatchObject({ state: 'authorization', bans: false })
  })
})

describe('Profile/remove', () => {
  const remove = (caller = annCaller, phone: string | null = null): Promise<Result> => profile({ phone, status: 'remove' }, caller)

  test('tells the devices that are connected, counterparties and rooms, and closes the connections', async () => {
    const { answers, pushes, closed } = await remove()
    const told = record('Profile', { phone: ann, status: 'remove' })
    expect(answers).toEqual([told])
    expect(pushes.filter(({ record: one }) => one.tag === 'Profile')).toEqual([
      { topic: 'actions/1/api/emqttd_A2', to: ['emqttd_A2'], isLive: false, record: told },
    ])
    for (const phone of [boris, clara])
      expect(
        pushes.filter(({ topic, record: one }) => topic === sesTopic(phone) && one.tag === 'Contact').map(({ record: one }) => one),
      ).toEqual([record('Contact', { phone_id: pa, status: 'deleted' })])
    const inRoom = pushes.filter(({ topic }) => topic === 'room/trip')
    expect(inRoom.map(({ record: one }) => short(one))).toEqual(['Room leave', 'Message muc', 'Member patch'])
    expect(inRoom.every(({ to }) => to.join() === 'emqttd_B1')).toBe(true)
    expect(closed).toEqual(['emqttd_A1', 'emqttd_A2', 'emqttd_A3'])
  })

  test('leaves nothing of the account but what it has said', async () => {
    const chat = p2pTopic(pa, pb)
    const said = (from: PhoneId, to: PhoneId, msgId: string) =>
      record('Message', { from, to, msg_id: msgId, files: [record('Desc', { payload: 'hello' })], status: 'client' })
    const nick = record('Roster', { id: rosterIdOf(pa), nick: 'anna', status: 'nick' })
    for (const one of [said(pa, pb, 'm1'), said(pa, pa, 'note'), nick]) expect((await world.ask(annCaller, one)).error).toBeUndefined()
    await world.ask(annCaller, record('Tag', { roster_id: rosterIdOf(pa), name: 'work', color: '', status: 'create' }))
    expect(await stored(nicks, 'anna')).toBe(pa)
    await remove()
    await finish()
    const gone = [
      profiles.key(ann),
      persons.key(ann),
      presences.key(ann),
      ...['emqttd_A1', 'emqttd_A2', 'emqttd_A3'].map((id) => `session/${id}`),
    ]
    for (const key of gone) expect(await world.store.get(key)).toBeUndefined()
    expect(await stored(nicks, 'anna')).toBeUndefined()
    // Nothing is filed under the roster, nor anywhere beside others, but in the messages and cursors of the chat.
    expect(await rowsOf(pa)).toEqual([])
    expect(await stored(cursors, pa, feedLevel(chat))).toBeUndefined()
    expect(await stored(sentIds, pa, '=m1')).toBeUndefined()
    const [mine] = await world.store.feedPage(chat, { from: 0, direction: 'older', limit: 1 })
    expect(messages.decode(mine!.message)).toMatchObject({ from: pa, status: 'sent' })
    const [note] = await world.store.feedPage(p2pTopic(pa, pa), { from: 0, direction: 'older', limit: 1 })
    expect(note?.message).toHaveLength(0)
    expect(await stored(members, trip, pa)).toBeUndefined()
    expect(await stored(rooms, trip)).toMatchObject({ owner: pb, memberCount: 1 })
  })

  test('the token is void at once, and the number registers as a new user', async () => {
    await remove()
    expect(await world.connect(a1.id, a1.token)).toEqual({ kind: 'refused', code: 4 })
    const again = await world.login(await world.register('reg_A1', ann))
    expect(again.client).toMatchObject({ phone: ann })
    expect(await stored(profiles, ann)).toMatchObject({ rosters: [rosterIdOf(pc) + 1] })
    expect((await world.ask(again, record('Friend', { phone_id: pa, friend_id: pb, status: 'request' }))).error).toBe('not_authorized')
  })

  test('a ban of the account outlives it, and binds whoever registers its number, until it is lifted', async () => {
    const bob = await borisCaller()
    await friendAsks(bob, pb, pa, 'ban')
    await remove()
    await finish()
    const again = await world.login(await world.register('reg_A1', ann))
    const roster = await world.rosterOf(ann)
    expect((await friendAsks(again, roster, pb)).error).toBe('not_authorized')
    expect((await friendAsks(bob, pb, roster, 'unban')).answers).toMatchObject([{ code: { tag: 'ok' } }])
    expect((await friendAsks(again, roster, pb)).error).toBeUndefined()
  })

  test('the bans that the account has made are gone with it, but not those of who registers its number meanwhile', async () => {
    const bob = await borisCaller()
    const others = Array.from({ length: 250 }, (_, i) => phoneOf(String(380_600_000_000 + i)))
    await world.put(...others.flatMap((other) => putBans(ann, other, { own: { by: pa, at: start }, other: null })))
    await friendAsks(annCaller, pa, pb, 'ban')
    await friendAsks(bob, pb, pa, 'ban')
    await remove()
    const again = await world.login(await world.register('reg_A1', ann))
    const roster = await world.rosterOf(ann)
    await friendAsks(again, roster, pc, 'ban')
    await finish()
    const bans = (await world.store.scan(`parting/${ann}/`, { limit: 1_000 })).map(({ key, value }) => [key, partings.decode(value)])
    expect(bans).toEqual([
      [`parting/${ann}/${boris}`, { own: null, other: { by: pb, at: start } }],
      [`parting/${ann}/${clara}`, { own: { by: roster, at: start }, other: null }],
    ])
    expect(await world.store.scan(`parting/${others[0]!}/`, { limit: 9 })).toEqual([])
  })

  test('a connection that is still open can do nothing more', async () => {
    await remove()
    expect((await remove(annOther)).error).toBe('not_found')
    const message = record('Message', { from: pa, to: pb, files: [record('Desc', { payload: 'late' })], status: 'client' })
    expect((await world.ask(annOther, message)).error).toBe('not_authorized')
    expect(await world.disconnect(annOther)).toMatchObject({ answers: [], pushes: [] })
    expect(await stored(presences, ann)).toBeUndefined()
  })

  test('a service removes any account, and is told, too', async () => {
    const { answers, closed } = await remove(serviceCaller, boris)
    expect(answers).toEqual([record('Profile', { phone: boris, status: 'remove' })])
    expect(closed).toEqual(['emqttd_B1'])
  })

  for (const { rule, caller, phone, refused } of [
    { rule: 'the phone of another', caller: () => annCaller, phone: boris, refused: 'not_authorized' },
    { rule: 'no phone, from a service', caller: () => serviceCaller, phone: null, refused: 'not_authorized' },
    { rule: 'a phone without a profile', caller: () => serviceCaller, phone: fresh, refused: 'not_found' },
  ])
    test(`refuses ${rule} as ${refused}`, async () => {
      const result = await remove(caller(), phone)
      expect(result).toMatchObject({ answers: [err(refused as never)], pushes: [], closed: [] })
    })
})

describe('Roster/remove', () => {
  let second: PhoneId
  beforeEach(async () => {
    await world.ask(annCaller, record('Roster', { names: 'Work', status: 'create' }))
    second = phoneIdOf(ann, (await stored(profiles, ann))?.rosters[1] ?? 0)!
    annCaller = { ...annCaller, client: { ...annCaller.client, rosters: [pa, second] } as Caller['client'] }
    await world.put(contacts.put(friend, second, pc), contacts.put(friend, pc, second))
    await world.put(
      contacts.put(aContact({ state: 'request' }), second, pb),
      contacts.put(aContact({ state: 'authorization' }), pb, second),
    )
  })

  const remove = (id: string | number | null, caller = annCaller): Promise<Result> =>
    world.ask(caller, record('Roster', { id, status: 'remove' }))

  test('is told to friends and fellows, to others who knew it, and to the other own devices', async () => {
    world.now += 5
    const { answers, pushes, closed } = await remove(rosterIdOf(second))
    expect([answers, closed]).toEqual([[ok('removed')], []])
    expect(pushes).toEqual([
      {
        topic: `ac/${second}`,
        to: ['emqttd_C1'],
        isLive: false,
        record: record('Contact', { phone_id: second, update: start + 5, status: 'remove' }),
      },
      {
        topic: sesTopic(ann),
        to: ['emqttd_A2', 'emqttd_A3'],
        isLive: false,
        record: record('Roster', { id: rosterIdOf(second), phone: ann, update: start + 5, status: 'remove' }),
      },
      { topic: sesTopic(boris), to: ['emqttd_B1'], isLive: false, record: record('Contact', { phone_id: second, status: 'deleted' }) },
    ])
    await finish()
    expect(await rowsOf(second)).toEqual([])
    expect(await stored(profiles, ann)).toMatchObject({ rosters: [rosterIdOf(pa)] })
  })

  test('of the first leaves the sessions in the name of the second, and the rooms', async () => {
    const { pushes } = await remove(pa)
    expect(await stored(sessions, 'emqttd_A3')).toMatchObject({ userId: second })
    expect(pushes.filter(({ topic }) => topic === `muc/${pa}`)).toEqual([
      expect.objectContaining({ to: ['emqttd_B1'], record: expect.objectContaining({ status: 'remove' }) }),
    ])
    expect(pushes.filter(({ topic }) => topic === 'room/trip').map(({ record: one }) => short(one))).toEqual([
      'Room leave',
      'Message muc',
      'Member patch',
    ])
    expect(await stored(rosters, pa)).toBeUndefined()
    expect((await world.ask(annCaller, record('Roster', { id: rosterIdOf(pa), status: 'get' }))).error).toBe('roster_not_found')
  })

  for (const { rule, id, caller, refused } of [
    { rule: 'one that is not own', id: () => rosterIdOf(pb), caller: () => annCaller, refused: 'roster_not_found' },
    { rule: 'none', id: () => null, caller: () => annCaller, refused: 'roster_not_found' },
    {
      rule: 'the last one',
      id: () => rosterIdOf(pb),
      caller: () => world.login({ id: 'emqttd_B1', token: '' }).catch(() => borisCaller()),
      refused: 'invalid_data',
    },
  ])
    test(`refuses ${rule} as ${refused}`, async () => {
      const result = await remove(id(), await caller())
      expect(result).toMatchObject({ answers: [err(refused as never)], pushes: [] })
    })

  test('refuses whoever has no profile any more as profile_not_found', async () => {
    await world.put(profiles.remove(ann))
    expect((await remove(pa)).error).toBe('profile_not_found')
  })
})

const borisCaller = async (): Promise<Caller> => world.login(await world.register('reg_B1', boris))

/** Runs chores until none is left, or until `steps` have been committed, and makes the people index follow. */
async function finish(steps = Infinity): Promise<readonly Sent[]> {
  const sent: Sent[] = []
  let left = steps
  const cache = newReadCache(1_000)
  const timers = newTimers({
    store: world.store,
    now: () => world.now,
    tables: choreTables({ now: () => world.now }),
    async run(item) {
      world.now += 1
      if (left-- <= 0) throw new Error('the worker has died')
      const parts = {
        store: world.store,
        cache,
        boot: world.boot,
        elapsed: () => reading(0),
        newId: () => 'id',
        onConflict: () => undefined,
      }
      const batch = await runBatch([item], { clientId: timerClient, marks: undefined }, noDeadline, {
        ...parts,
        onOutcome: () => undefined,
        wait: () => Promise.resolve(),
        onFault(fault) {
          throw fault
        },
      })
      sent.push(...sentBy(batch, { clientId: timerClient }))
    },
  })
  world.now += 1
  await timers.pass().catch((error: unknown) => {
    if (steps === Infinity) throw error
  })
  await newIndexer({ store: world.store, now: () => world.now, pause: () => Promise.resolve() }).pass()
  return sent
}

describe('an account that many know', () => {
  const count = 450
  const others = Array.from({ length: count }, (_, i) => parsePhoneId(`38099${String(i).padStart(7, '0')}_${String(i + 1_000)}`)!)
  const roomNames = Array.from({ length: 12 }, (_, i) => parseRoomId(`room${String(i)}`)!)
  beforeEach(async () => {
    const roster = { id: 1, names: 'Friend', surnames: null, email: null, nick: null, avatar: null, created: start, update: start }
    await world.put(
      ...others.flatMap((other, i) => [
        contacts.put(friend, pa, other),
        contacts.put(friend, other, pa),
        rosters.put(roster, other),
        // Each has one device, so that it is seen what it is told.
        ...devicesPut(other, i),
      ]),
      ...roomNames.flatMap((name) => [
        ...aRoom(
          name,
          [
            [pb, 'owner'],
            [pa, 'member'],
          ],
          { owner: pb },
        ),
        roomsOf.put({ joined: start }, pa, name),
      ]),
    )
  })

  const devicesPut = (other: PhoneId, i: number) => [
    { key: `devices/${other.split('_')[0] ?? ''}`, value: profilesEncoder({ clients: [clientIdOf(`emqttd_F${String(i)}`)] }) },
  ]
  const profilesEncoder = (document: unknown): Uint8Array => profiles.encode(document as never)

  /** What each was told of, in order, whichever step told it; dies after every step, and the clock is set back meanwhile. */
  async function workOff(first: Result, told: (one: AnyRecord) => string | undefined): Promise<Map<string, string[]>> {
    const byDevice = new Map<string, string[]>()
    const note = (sent: readonly { readonly to: readonly string[]; readonly record: AnyRecord }[]): void => {
      for (const { to, record: one } of sent) {
        const words = told(one)
        if (words !== undefined) for (const client of to) byDevice.set(client, [...(byDevice.get(client) ?? []), words])
      }
    }
    note(first.pushes)
    for (let life = 0; (await world.store.scan(chores.prefix(), { limit: 1 })).length > 0; life++) {
      expect(life).toBeLessThan(60)
      if (life === 1) world.now -= 60 * 60_000
      note(await finish(1))
    }
    return byDevice
  }

  test('moves in one commit, and tells everybody once, whatever dies', async () => {
    const code = await codeFor(fresh)
    const first = await enter(fresh, code)
    expect(first.error).toBeUndefined()
    expect((await rowsOf('all')).length).toBe(2)
    const contactsTold = await workOff(first, (one) => (one.tag === 'Contact' ? `${one.phone_id ?? ''} ${one.status ?? ''}` : undefined))
    for (const i of others.keys()) expect(contactsTold.get(`emqttd_F${String(i)}`)).toEqual([`=${pa} deleted`, `${pa} friend`])
    expect(contactsTold.get('emqttd_C1')).toEqual([`=${pa} deleted`, `${pa} internal`])
    expect(contactsTold.size).toBe(count + 2)
  })

  test('is gone in one commit; everybody is told once, every room is left once, and nothing remains, whatever dies', async () => {
    await world.ask(annCaller, record('Roster', { id: rosterIdOf(pa), names: 'Anna', status: 'patch' }))
    const first = await profile({ status: 'remove' })
    const told = await workOff(first, (one) => {
      if (one.tag === 'Contact') return `${one.phone_id ?? ''} ${one.status ?? ''}`
      return one.tag === 'Room' ? `${one.id ?? ''} ${one.status ?? ''} ${one.members[0]?.names ?? ''}` : undefined
    })
    for (const i of others.keys()) expect(told.get(`emqttd_F${String(i)}`)).toEqual([`${pa} deleted`])
    expect([...(told.get('emqttd_B1') ?? [])].sort()).toEqual(
      [`${pa} deleted`, ...['trip', ...roomNames].map((name) => `${name} leave Anna`)].sort(),
    )
    expect(await rowsOf(pa)).toEqual([])
    for (const name of roomNames) expect(await stored(rooms, name)).toMatchObject({ memberCount: 1 })
  })
})
