/** Search: who and what is found, what is shown of them, what is refused. How `like` finds is told in people-index.test.ts. rpc.md 12. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AnyRecord, record, type RecordOf, type Search } from '../../protocol/index.js'
import { contacts, profiles, type RosterDocument, rosters, roomsOf } from '../../rpc/documents/index.js'
import { putRoster } from '../../rpc/people-index/put-roster.js'
import type { Caller } from '../../rpc/request.js'
import { parsePhoneId, type Phone, type PhoneId, rosterIdOf } from '../../topics/index.js'
import { type AccountWorld, ann, boris, clara, openAccountWorld, phoneOf, short, start } from './account-world.js'
import { aContact, aRoom } from './chat-world.js'
import { r1, roomNamed } from './room-world.js'

const dan = phoneOf('380670004234')
const gone = phoneOf('380670005234')
/** Known by her roster only: she is asked to be a friend. */
const pe = parsePhoneId('380670006234_70')!
const stranger = phoneOf('380670009999')

let world: AccountWorld
const callers = new Map<Phone, Caller>()
let pa: PhoneId, pb: PhoneId, pb2: PhoneId, pc: PhoneId, pd: PhoneId
const [r2, r3] = [roomNamed('r2'), roomNamed('r3')]

/** Boris is a friend with a second roster, Clara bans Ann, Dan shares a room with her, and the roster of a phone is gone. */
beforeAll(async () => {
  world = await openAccountWorld({ strangersLearn: 'all' })
  for (const [i, phone] of [ann, boris, clara, dan, gone].entries()) {
    callers.set(phone, await world.login(await world.register(`reg_S${String(i)}`, phone)))
  }
  ;[pa, pb, pc, pd] = await Promise.all([world.rosterOf(ann), world.rosterOf(boris), world.rosterOf(clara), world.rosterOf(dan)])
  for (const [phone, names, nick] of [
    [ann, 'Anna', 'anna_k'],
    [boris, 'Boris', 'Boris_B'],
    [clara, 'Clara', 'clara'],
    [dan, 'Dan', 'dan_d'],
    [gone, 'Gone', 'gone'],
  ] as const) {
    const id = rosterIdOf(await world.rosterOf(phone))
    const told = await world.ask(callerOf(phone), record('Roster', { id, names, nick, email: 'x@example.org', status: 'patch' }))
    expect(told.error).toBeUndefined()
  }
  const first = rosterIdOf(pb)
  pb2 = parsePhoneId(`${boris}_${String(first + 100)}`)!
  const profile = profiles.decode((await world.store.get(profiles.key(boris)))!)
  const pg = await world.rosterOf(gone)
  await world.put(
    profiles.put({ ...profile, rosters: [first, first + 100] }, boris),
    ...putRoster(undefined, aRoster({ id: first + 100, names: 'At work', avatar: 'https://a' }), pb2),
    ...putRoster(undefined, aRoster({ id: 70, names: 'Éva', surnames: 'Müller-Brown' }), pe),
    contacts.put(aContact({ state: 'friend' }), pa, pb),
    contacts.put(aContact({ state: 'friend' }), pb, pa),
    contacts.put(aContact({ isBanned: true }), pa, pc),
    contacts.put(aContact({ bans: true }), pc, pa),
    contacts.put(aContact({ state: 'request' }), pa, pe),
    contacts.put(aContact({ state: 'none' }), pa, pd),
    ...putRoster(rosters.decode((await world.store.get(rosters.key(pg)))!), undefined, pg),
    ...aRoom(r1, [
      [pa, 'owner'],
      [pd, 'member'],
    ]),
    ...aRoom(r2, [[pa, 'member']], { name: 'ＴＲＩＰ to Kyiv', type: 'channel' }),
    ...aRoom(r3, [[pd, 'owner']]),
    ...(
      [
        [pa, r1],
        [pd, r1],
        [pa, r2],
        [pd, r3],
      ] as const
    ).map(([one, room]) => roomsOf.put({ joined: start }, one, room)),
  )
})
afterAll(() => world.close())

function aRoster(fields: Pick<RosterDocument, 'id' | 'names'> & Partial<RosterDocument>): RosterDocument {
  return { surnames: null, email: null, nick: null, avatar: null, created: start, update: start, ...fields }
}

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
  eva: () => shown(pe, { names: 'Éva', surnames: 'Müller-Brown', status: 'request' }),
}

const like = { field: 'names', type: 'like' } as const

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
  { rule: 'somebody who bans the caller, by names', asked: { ...like, value: ['clar'] }, finds: [] },
  { rule: 'a roster that is gone', asked: { value: [gone] }, finds: [] },
  { rule: 'a roster that is gone, by names', asked: { ...like, value: ['gone'] }, finds: [] },
  { rule: 'a roster that is gone, by nick', asked: { field: 'nick', value: ['gone'] }, finds: [] },
  { rule: 'no value', asked: { value: [] }, finds: [] },
  { rule: 'a nick, case ignored', asked: { field: 'nick', value: ['bORIS_b'] }, finds: ['boris'] },
  { rule: 'a part of a nick', asked: { field: 'nick', value: ['boris'] }, finds: [] },
  { rule: 'what can be no nick', asked: { field: 'nick', value: ['', 'a/b', '\u0000'] }, finds: [] },
  { rule: 'the own nick', asked: { field: 'nick', value: ['anna_k'] }, finds: [] },
  { rule: 'profile: as contact', asked: { value: [dan], status: 'profile' }, finds: ['dan'] },
  { rule: 'member: as contact', asked: { value: [dan], status: 'member' }, finds: ['dan'] },
  { rule: 'a part of names, case ignored', asked: { ...like, value: ['ORI'] }, finds: ['boris'] },
  { rule: 'a part of surnames', asked: { ...like, value: ['MU\u0308LL'] }, finds: ['eva'] },
  { rule: 'names and surnames, as they are read', asked: { ...like, value: ['éva  mü'] }, finds: ['eva'] },
  { rule: 'a nick that is asked for as names', asked: { ...like, value: ['dan_'] }, finds: [] },
  { rule: 'a part of a nick that is asked for', asked: { ...like, field: 'nick', value: ['S_b'] }, finds: ['boris'] },
  { rule: 'the own names', asked: { ...like, value: ['ann'] }, finds: [] },
  { rule: 'parts, words that begin so first', asked: { ...like, value: ['oris', 'dan', 'xyz', 'oris', 'bor'] }, finds: ['dan', 'boris'] },
  { rule: 'profile, by a part of names', asked: { ...like, value: ['work'], status: 'profile' }, finds: ['borisAtWork'] },
  { rule: 'member, by a part of names', asked: { ...like, value: ['work'], status: 'member' }, finds: ['borisAtWork'] },
  { rule: 'roster: own contacts only', asked: { value: [boris, dan], status: 'roster' }, finds: ['boris'] },
  { rule: 'roster, by nick', asked: { field: 'nick', value: ['boris_b', 'dan_d'], status: 'roster' }, finds: ['boris'] },
  { rule: 'roster, by parts of names', asked: { ...like, value: ['oris', 'dan', 'clar', 'work'], status: 'roster' }, finds: ['boris'] },
  { rule: 'roster, by a part of a nick', asked: { ...like, field: 'nick', value: ['is_', 'n_d'], status: 'roster' }, finds: ['boris'] },
  { rule: 'own contacts without a phone', asked: { type: '!=', value: [boris, 'home'] }, finds: ['eva'] },
  { rule: 'own contacts without a nick', asked: { type: '!=', field: 'nick', value: ['BORIS_b', 'x'] }, finds: ['eva'] },
  { rule: 'own contacts without names', asked: { type: '!=', field: 'names', value: ['ÉVA'] }, finds: ['boris'] },
  { rule: 'own contacts without names and surnames', asked: { type: '!=', field: 'names', value: ['éva müller-brown'] }, finds: ['boris'] },
  {
    rule: 'own contacts without part of surnames',
    asked: { type: '!=', field: 'names', value: ['müller-brown'] },
    finds: ['boris', 'eva'],
  },
  { rule: 'own contacts without anybody', asked: { type: '!=', value: [], status: 'roster' }, finds: ['boris', 'eva'] },
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

for (const { rule, asked, finds } of [
  { rule: 'a part of their names', asked: { type: 'like', value: ['trip'] }, finds: [r1, r2] },
  { rule: 'names, the field of people', asked: { type: 'like', field: 'names', value: ['KYI', 'xyz'] }, finds: [r2] },
  { rule: 'a whole name, case ignored', asked: { type: '==', value: ['tRIP'] }, finds: [r1] },
  { rule: 'no name', asked: { type: '==', value: [] }, finds: [] },
] as const)
  test(`own rooms are found by ${rule}`, async () => {
    const answered = rosterIn(await search({ status: 'room', field: 'name', ...asked }))
    const listed = (await loggedIn(ann)).roomlist
    const entries = listed.filter((room) => (finds as readonly (string | null)[]).includes(room.id))
    expect(answered).toEqual(record('Roster', { id: rosterIdOf(pa), roomlist: entries, status: 'room' }))
    expect(entries.length).toBe(finds.length)
  })

/** The roster of a phone as at login. */
async function loggedIn(phone: Phone): Promise<RecordOf<'Roster'>> {
  const { answers } = await world.ask(callerOf(phone), record('Roster', { id: await world.rosterOf(phone), status: 'get' }))
  return answers[0] as RecordOf<'Roster'>
}

test('fifty are found at most; by phone, all', async () => {
  const many = Array.from({ length: 60 }, (_, i) => parsePhoneId(`3806800000${String(i + 10)}_${String(i + 700)}`)!)
  await world.put(
    ...many.flatMap((one) => putRoster(undefined, aRoster({ id: rosterIdOf(one), names: 'Sixty' }), one)),
    ...many.map((one) =>
      profiles.put(
        { services: [], settings: [], rosters: [rosterIdOf(one)], update: 0, balance: 0, created: 0 },
        one.split('_')[0] as Phone,
      ),
    ),
    ...many.map((one) => contacts.put(aContact({ state: 'friend' }), pb, one)),
  )
  const counts = await Promise.all(
    [
      { ...like, value: ['sixty'] },
      { ...like, value: ['sixty'], status: 'roster' } as const,
      { type: '!=', field: 'names', value: [] } as const,
      { type: '!=', value: [ann] } as const,
      { value: many.map((one) => one.split('_')[0]!) },
    ].map(async (asked) => (await foundBy(asked, boris)).length),
  )
  expect(counts).toEqual([50, 50, 50, 60, 60])
})

for (const { asked, told } of [
  { asked: { id: 1_000_000 }, told: 'error roster_not_found' },
  { asked: { id: null }, told: 'error roster_not_found' },
  { asked: { id: 1_000_000, type: 'like' }, told: 'error roster_not_found' },
  { asked: { type: 'like' }, told: 'error invalid_data' },
  { asked: { type: null }, told: 'error invalid_data' },
  { asked: { field: 'names' }, told: 'error invalid_data' },
  { asked: { field: 'email', type: 'like' }, told: 'error invalid_data' },
  { asked: { field: null }, told: 'error invalid_data' },
  { asked: { field: 'names', type: 'like', value: ['an'] }, told: 'error invalid_data' },
  { asked: { field: 'names', type: 'like', value: [' an '] }, told: 'error invalid_data' },
  { asked: { field: 'names', type: 'like', value: ['anna', 'n\u00adn'] }, told: 'error invalid_data' },
  { asked: { field: 'nick', type: 'like', value: ['an'] }, told: 'error invalid_data' },
  { asked: { value: [380670002234] }, told: 'error invalid_data' },
  { asked: { status: null }, told: 'error invalid_data' },
  { asked: { status: 'room' }, told: 'error invalid_data' },
  { asked: { status: 'room', field: 'nick', type: 'like' }, told: 'error invalid_data' },
  { asked: { status: 'room', field: 'name', type: '!=' }, told: 'error invalid_data' },
  { asked: { status: 'room', field: 'name', type: 'like', value: ['tr'] }, told: 'error invalid_data' },
  { asked: { status: 'room', field: 'name', id: 1_000_000 }, told: 'error roster_not_found' },
  { asked: { status: 'room', field: 'name', value: manyTexts(1_000) }, told: 'ok null' },
  { asked: { status: 'room', field: 'name', value: manyTexts(1_001) }, told: 'error invalid_data' },
  { asked: { field: 'names', type: 'like', value: manyTexts(1_000) }, told: 'ok null' },
  { asked: { field: 'names', type: 'like', value: manyTexts(1_001) }, told: 'error invalid_data' },
  { asked: { value: manyTexts(1_000) }, told: 'ok null' },
  { asked: { value: manyTexts(1_001) }, told: 'error invalid_data' },
] as const)
  test(`${JSON.stringify(asked).slice(0, 60)}: ${told}`, async () => {
    expect(short(await search({ value: [boris], ...asked }))).toBe(told)
  })

function manyTexts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `38099${String(i)}`)
}
