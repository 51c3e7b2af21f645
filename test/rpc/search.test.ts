/** Search by exact phone and nick: who is found, what is shown of them, what is refused. rpc.md 12. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AnyRecord, record, type RecordOf, type Search } from '../../src/protocol/index.js'
import { contacts, profiles, rosters } from '../../src/rpc/documents/index.js'
import type { Caller } from '../../src/rpc/request.js'
import { parsePhoneId, type Phone, type PhoneId, rosterIdOf } from '../../src/topics/index.js'
import { type AccountWorld, ann, boris, clara, openAccountWorld, phoneOf, short, start } from './account-world.js'
import { aContact, aRoom } from './chat-world.js'
import { r1 } from './room-world.js'

const dan = phoneOf('380670004234')
const gone = phoneOf('380670005234')
const stranger = phoneOf('380670009999')

let world: AccountWorld
const callers = new Map<Phone, Caller>()
let pa: PhoneId, pb: PhoneId, pb2: PhoneId, pc: PhoneId, pd: PhoneId

/** Boris is a friend with a second roster, Clara bans Ann, Dan shares a room with her, and the roster of a phone is gone. */
beforeAll(async () => {
  world = await openAccountWorld()
  for (const [i, phone] of [ann, boris, clara, dan, gone].entries()) {
    callers.set(phone, await world.login(await world.register(`reg_S${String(i)}`, phone)))
  }
  ;[pa, pb, pc, pd] = await Promise.all([world.rosterOf(ann), world.rosterOf(boris), world.rosterOf(clara), world.rosterOf(dan)])
  for (const [phone, names, nick] of [
    [ann, 'Anna', 'anna_k'],
    [boris, 'Boris', 'Boris_B'],
    [clara, 'Clara', 'clara'],
    [dan, 'Dan', 'dan_d'],
  ] as const) {
    const id = rosterIdOf(await world.rosterOf(phone))
    const told = await world.ask(callerOf(phone), record('Roster', { id, names, nick, email: 'x@example.org', status: 'patch' }))
    expect(told.error).toBeUndefined()
  }
  const first = rosterIdOf(pb)
  pb2 = parsePhoneId(`${boris}_${String(first + 100)}`)!
  const profile = profiles.decode((await world.store.get(profiles.key(boris)))!)
  const second = {
    id: first + 100,
    names: 'At work',
    surnames: null,
    email: null,
    nick: null,
    avatar: 'https://a',
    created: start,
    update: start,
  }
  await world.put(
    profiles.put({ ...profile, rosters: [first, first + 100] }, boris),
    rosters.put(second, pb2),
    contacts.put(aContact({ state: 'friend' }), pa, pb),
    contacts.put(aContact({ state: 'friend' }), pb, pa),
    contacts.put(aContact({ isBanned: true }), pa, pc),
    contacts.put(aContact({ bans: true }), pc, pa),
    rosters.remove(await world.rosterOf(gone)),
    ...aRoom(r1, [
      [pa, 'owner'],
      [pd, 'member'],
    ]),
  )
  await world.put(...[pa, pd].map((one) => ({ key: `rooms/${one}/${r1}`, value: Buffer.from([0x80]) })))
})
afterAll(() => world.close())

function callerOf(phone: Phone): Caller {
  const caller = callers.get(phone)
  if (caller === undefined) throw new Error(`${phone} is not there`)
  return caller
}

async function search(parts: Partial<Omit<Search, 'tag'>>, by: Phone = ann): Promise<AnyRecord> {
  const defaults = { id: rosterIdOf(await world.rosterOf(by)), ref: 'r', field: 'phone', type: '==', status: 'contact' } as const
  const { answers, pushes } = await world.ask(callerOf(by), record('Search', { ...defaults, ...parts }))
  expect([answers.length, pushes.length]).toEqual([1, 0])
  return answers[0]!
}

function rosterIn(answered: AnyRecord): RecordOf<'Roster'> {
  expect(answered).toMatchObject({ tag: 'io', code: { tag: 'ok', ref: 'r' } })
  const { data } = answered as RecordOf<'io'>
  return data as RecordOf<'Roster'>
}

const foundBy = async (...asked: Parameters<typeof search>) => rosterIn(await search(...asked)).userlist

const shown = (phoneId: PhoneId, fields: Partial<RecordOf<'Contact'>>) =>
  record('Contact', { phone_id: phoneId, presence: 'offline', ...fields })
const people = {
  anna: () => shown(pa, { names: 'Anna', nick: 'anna_k', status: 'friend' }),
  boris: () => shown(pb, { names: 'Boris', nick: 'Boris_B', presence: 'online', status: 'friend' }),
  borisAtWork: () => shown(pb2, { names: 'At work', avatar: 'https://a' }),
  /** Online, and seen to be so because of the room. */
  dan: () => shown(pd, { names: 'Dan', nick: 'dan_d', presence: 'online' }),
}

for (const { rule, asked, finds } of [
  { rule: 'a phone: each of its rosters', asked: { value: [boris] }, finds: ['boris', 'borisAtWork'] },
  { rule: 'a phone as people write it', asked: { value: [`+${boris}`, boris] }, finds: ['boris', 'borisAtWork'] },
  {
    rule: 'phones of an address book, those that are none among them',
    asked: { value: [dan, 'home', '', stranger, ann] },
    finds: ['dan', 'anna'],
  },
  { rule: 'somebody who bans the caller', asked: { value: [clara] }, finds: [] },
  { rule: 'somebody who bans the caller, by nick', asked: { field: 'nick', value: ['clara'] }, finds: [] },
  { rule: 'a roster that is gone', asked: { value: [gone] }, finds: [] },
  { rule: 'no value', asked: { value: [] }, finds: [] },
  { rule: 'a nick, case ignored', asked: { field: 'nick', value: ['bORIS_b'] }, finds: ['boris'] },
  { rule: 'a part of a nick', asked: { field: 'nick', value: ['boris'] }, finds: [] },
  { rule: 'what can be no nick', asked: { field: 'nick', value: ['', 'a/b', '\u0000'] }, finds: [] },
  { rule: 'the own nick', asked: { field: 'nick', value: ['anna_k'] }, finds: [] },
  { rule: 'profile: as contact', asked: { value: [dan], status: 'profile' }, finds: ['dan'] },
  { rule: 'member: as contact', asked: { value: [dan], status: 'member' }, finds: ['dan'] },
  { rule: 'roster: own contacts only', asked: { value: [boris, dan], status: 'roster' }, finds: ['boris'] },
] as const)
  test(`found by ${rule}`, async () => {
    expect(await foundBy(asked)).toEqual(finds.map((one) => people[one]()))
  })

test('a stranger is told neither presence nor e-mail address, and the state towards the other only', async () => {
  expect(await foundBy({ value: [ann] }, dan)).toEqual([{ ...people.anna(), presence: 'online', status: null }])
  await world.put({ key: `rooms/${pd}/${r1}`, value: undefined })
  expect(await foundBy({ value: [ann] }, dan)).toEqual([{ ...people.anna(), status: null }])
  await world.put(contacts.put(aContact({ state: 'request' }), pd, pa))
  expect(await foundBy({ value: [ann] }, dan)).toEqual([{ ...people.anna(), status: 'request' }])
  expect(await foundBy({ value: [ann] }, clara)).toEqual([{ ...people.anna(), status: 'banned' }])
  await world.put({ key: `rooms/${pd}/${r1}`, value: Buffer.from([0x80]) })
})

test('the answer is a Roster of the asking roster with nothing in it but those found, and echoes the status', async () => {
  const answered = rosterIn(await search({ id: pa, value: [], status: 'member' }))
  expect(answered).toEqual(record('Roster', { id: rosterIdOf(pa), status: 'member' }))
})

for (const { asked, told } of [
  { asked: { id: 1_000_000 }, told: 'error roster_not_found' },
  { asked: { id: null }, told: 'error roster_not_found' },
  { asked: { id: 1_000_000, type: 'like' }, told: 'error roster_not_found' },
  { asked: { type: 'like' }, told: 'error invalid_data' },
  { asked: { type: '!=', status: 'roster' }, told: 'error invalid_data' },
  { asked: { type: null }, told: 'error invalid_data' },
  { asked: { field: 'names' }, told: 'error invalid_data' },
  { asked: { field: null }, told: 'error invalid_data' },
  { asked: { value: [380670002234] }, told: 'error invalid_data' },
  { asked: { status: 'room' }, told: 'error invalid_data' },
  { asked: { status: null }, told: 'error invalid_data' },
  { asked: { value: Array.from({ length: 1_000 }, (_, i) => `38099${String(i)}`) }, told: 'ok null' },
  { asked: { value: Array.from({ length: 1_001 }, (_, i) => `38099${String(i)}`) }, told: 'error invalid_data' },
] as const)
  test(`${JSON.stringify(asked).slice(0, 60)}: ${told}`, async () => {
    expect(short(await search({ value: [boris], ...asked }))).toBe(told)
  })
