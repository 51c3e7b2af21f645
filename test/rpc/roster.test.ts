import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { err, record, type Roster } from '../../protocol/index.js'
import { contacts, nicks, presences, rosters } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { type PhoneId, rosterIdOf } from '../../topics/index.js'
import { type AccountWorld, ann, boris, clara, openAccountWorld, start } from './account-world.js'
import { clientIdOf } from '../acl/cast.js'

let world: AccountWorld
let annCaller: Caller
let clareCaller: Caller
let pa: PhoneId
let pb: PhoneId
let pc: PhoneId

/** Boris is a friend of Ann; Clara has asked him and he has banned her. */
beforeAll(async () => {
  world = await openAccountWorld()
  annCaller = await world.login(await world.register('reg_A1', ann))
  await world.register('reg_A2', ann)
  await world.register('reg_B1', boris)
  clareCaller = await world.login(await world.register('reg_C1', clara))
  ;[pa, pb, pc] = [await world.rosterOf(ann), await world.rosterOf(boris), await world.rosterOf(clara)]
  const contact = { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start } as const
  await world.put(contacts.put(contact, pa, pb), contacts.put(contact, pb, pa))
  await world.put(contacts.put({ ...contact, isBanned: true }, pa, pc), contacts.put({ ...contact, bans: true }, pc, pa))
})
afterAll(() => world.close())
beforeEach(() => {
  world.now = start
})

const ask = (status: Roster['status'], fields: Partial<Roster> = {}, caller = annCaller) =>
  world.ask(caller, record('Roster', { id: rosterIdOf(caller === annCaller ? pa : pc), ...fields, status }))

async function stored(phoneId = pa) {
  const bytes = await world.store.get(rosters.key(phoneId))
  return bytes && rosters.decode(bytes)
}

async function holderOf(nick: string): Promise<PhoneId | undefined> {
  const bytes = await world.store.get(nicks.key(nick))
  return bytes && nicks.decode(bytes)
}

describe('patch', () => {
  test('is told to the own devices with the self-contact, and to friends in part', async () => {
    world.now += 5
    const { answers, pushes } = await ask('patch', {
      names: 'Anna',
      surnames: 'Koval',
      email: 'a@b.c',
      avatar: 'https://a',
      nick: 'Anna_K',
    })
    expect(answers).toEqual([])
    const changed = { names: 'Anna', surnames: 'Koval', email: 'a@b.c', avatar: 'https://a', nick: 'Anna_K', update: start + 5 }
    const self = record('Contact', { phone_id: pa, ...changed, created: start, presence: 'offline', status: 'friend' })
    expect(pushes).toEqual([
      {
        topic: `ses/${ann}`,
        to: ['emqttd_A1', 'emqttd_A2'],
        isLive: false,
        record: record('Roster', { id: rosterIdOf(pa), ...changed, phone: ann, userlist: [self], status: 'patch' }),
      },
      { topic: `ac/${pa}`, to: ['emqttd_B1'], isLive: false, record: record('Contact', { phone_id: pa, ...changed }) },
    ])
  })

  test('leaves out what is not given and clears what is empty', async () => {
    world.now += 6
    const { pushes } = await ask('update', { surnames: '', email: '', avatar: '' })
    expect(await stored()).toMatchObject({ names: 'Anna', surnames: null, email: null, avatar: null, nick: 'Anna_K', update: start + 6 })
    expect(pushes[0]?.record).toMatchObject({ status: 'update', names: 'Anna', surnames: null })
    expect(pushes[1]?.record).toEqual(record('Contact', { phone_id: pa, surnames: '', email: '', avatar: '', update: start + 6 }))
  })

  test('names the roster by integer, decimal or phone_id', async () => {
    for (const id of [rosterIdOf(pa), String(rosterIdOf(pa)), pa]) expect((await ask('patch', { id, names: 'Anna' })).error).toBeUndefined()
  })

  for (const { rule, fields, error } of [
    { rule: 'one character as names', fields: { names: 'A' }, error: 'invalid_data' },
    { rule: 'names cleared', fields: { names: '' }, error: 'invalid_data' },
    { rule: '33 characters as names', fields: { names: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: '32 emoji as names', fields: { names: '😀'.repeat(32) }, error: undefined },
    { rule: 'a line break in names', fields: { names: 'An\nna' }, error: 'invalid_data' },
    { rule: '33 characters as surnames', fields: { surnames: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: 'a bad nick', fields: { names: 'Olga', nick: 'a b' }, error: 'invalid_nick' },
    { rule: 'a nick of 33 characters', fields: { nick: 'x'.repeat(33) }, error: 'invalid_nick' },
    { rule: 'a roster of another', fields: () => ({ id: pb, names: 'Olga' }), error: 'not_found' },
    { rule: 'the right number with the phone of another', fields: () => ({ id: `${boris}_${rosterIdOf(pa)}` }), error: 'not_found' },
    { rule: 'no roster', fields: { id: null, names: 'Olga' }, error: 'not_found' },
  ])
    test(`${rule}: ${error ?? 'accepted'}`, async () => {
      const before = await stored()
      const result = await ask('patch', typeof fields === 'function' ? fields() : fields)
      expect(result.error).toBe(error)
      if (error === undefined) return
      expect(result.pushes).toEqual([])
      expect(await stored()).toEqual(before)
    })
})

describe('nick', () => {
  test('is taken, kept in other case, exchanged and given up', async () => {
    expect((await ask('nick', { nick: 'Neo' })).pushes.map(({ topic }) => topic)).toEqual([`ses/${ann}`, `ac/${pa}`])
    expect([await holderOf('neo'), await holderOf('anna_k')]).toEqual([pa, undefined])
    expect((await ask('nick', { nick: 'NEO' })).error).toBeUndefined()
    expect(await stored()).toMatchObject({ nick: 'NEO' })
    expect((await ask('nick', { nick: 'neo' }, clareCaller)).error).toBe('nick')
    expect((await ask('patch', { names: 'Clara', nick: 'nEo' }, clareCaller)).error).toBe('nick')
    expect(await stored(pc)).toMatchObject({ names: null })
    const { pushes } = await ask('nick', { nick: '' })
    expect(pushes[1]?.record).toEqual(record('Contact', { phone_id: pa, nick: '', update: start }))
    expect(await holderOf('neo')).toBeUndefined()
    expect((await ask('nick', { nick: 'neo' }, clareCaller)).error).toBeUndefined()
  })

  test('asked for by two at the same time is given to one', async () => {
    const results = await Promise.all([ask('nick', { nick: 'Trinity' }), ask('patch', { nick: 'trinity' }, clareCaller)])
    expect(results.map(({ error }) => error ?? 'taken').sort()).toEqual(['nick', 'taken'])
  })

  for (const [nick, error] of [
    [null, 'invalid_nick'],
    ['a', 'invalid_nick'],
    ['Ънна', 'invalid_nick'],
  ] as const)
    test(`${String(nick)} is refused`, async () => {
      expect((await ask('nick', { nick })).answers).toEqual([err(error)])
    })

  test('of a roster that is not own is not_found, whatever the nick', async () => {
    expect((await ask('nick', { id: pb, nick: '!' })).error).toBe('not_found')
  })
})

test('get answers the complete own roster, a friend as it is known, one who bans as offline and without address', async () => {
  const online = { devices: [{ client: clientIdOf('emqttd_B1'), boot: 'first' }], update: start + 9 }
  await world.put(presences.put(online, boris), presences.put(online, clara))
  for (const [phoneId, names] of [
    [pb, 'Boris'],
    [pc, 'Clara'],
  ] as const) {
    const roster = await stored(phoneId)
    if (roster !== undefined) await world.put(rosters.put({ ...roster, names, email: 'x@y.z' }, phoneId))
  }
  const [roster] = (await ask('get', { id: pa })).answers
  expect(roster).toMatchObject({ tag: 'Roster', id: rosterIdOf(pa), phone: ann, roomlist: [], status: 'get' })
  const known = roster?.tag === 'Roster' ? roster.userlist : []
  expect(known.map((one) => (typeof one === 'object' ? [one.phone_id, one.status, one.presence, one.email] : one))).toEqual([
    [pa, 'friend', 'offline', null],
    [pb, 'friend', 'online', 'x@y.z'],
    [pc, 'ban', 'offline', null],
  ])
  expect((await ask('get', { id: pb })).error).toBe('roster_not_found')
})

test('list answers every own roster without its lists', async () => {
  const [answer] = (await ask('list', { id: null })).answers
  expect(answer).toMatchObject({ tag: 'io', code: [{ tag: 'Roster', id: rosterIdOf(pa), userlist: [], roomlist: [] }], data: '' })
})
