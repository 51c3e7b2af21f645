/** What a stranger may ask and learn about people. docs/decisions/0205. */
import { afterEach, expect, test } from '@jest/globals'
import { type AnyRecord, type Io, record, type RecordOf } from '../../protocol/index.js'
import { protocolLimits, type RpcContext } from '../../rpc/context.js'
import type { Caller } from '../../rpc/request.js'
import { type Phone, type PhoneId, rosterIdOf } from '../../topics/index.js'
import { type AccountWorld, ann, boris, clara, openAccountWorld, phoneOf } from './account-world.js'

const hourMs = 60 * 60_000
const dan = phoneOf('380670004234')

let world: AccountWorld
afterEach(() => world.close())

/** Four people who do not know each other, with names, surnames, nicks and pictures. */
async function open(limits: Partial<RpcContext['limits']> = {}, parts: Partial<RpcContext> = {}): Promise<ReadonlyMap<Phone, Person>> {
  world = await openAccountWorld({ limits: { ...protocolLimits, ...limits }, ...parts })
  const people = new Map<Phone, Person>()
  for (const [i, phone] of [ann, boris, clara, dan].entries()) {
    const caller = await world.login(await world.register(`reg_P${String(i)}`, phone))
    const roster = await world.rosterOf(phone)
    const fields = { names: `Name${String(i)}`, surnames: 'Sur', nick: `nick_${String(i)}`, avatar: 'https://a' }
    await world.ask(caller, record('Roster', { id: rosterIdOf(roster), ...fields, status: 'patch' }))
    people.set(phone, { caller: { ...caller, address: '192.0.2.7' }, roster })
  }
  // What their nicks have used is back.
  world.now += 24 * hourMs
  return people
}

interface Person {
  readonly caller: Caller
  readonly roster: PhoneId
}

const searchFor = ({ roster }: Person, value: readonly string[], parts: Partial<RecordOf<'Search'>> = {}): AnyRecord =>
  record('Search', { id: rosterIdOf(roster), ref: 'r', field: 'phone', type: '==', value, status: 'contact', ...parts })
const befriend = ({ roster }: Person, other: string, status: 'request' | 'ban' = 'request'): AnyRecord =>
  record('Friend', { phone_id: roster, friend_id: other, status })
const addTo = ({ roster }: Person, others: readonly string[]): AnyRecord =>
  record('Roster', { id: rosterIdOf(roster), userlist: others.map((phone_id) => record('Contact', { phone_id })), status: 'add' })

const nick = ({ roster }: Person, wanted: string, status: 'nick' | 'patch'): AnyRecord =>
  record('Roster', { id: rosterIdOf(roster), nick: wanted, status })
const banFrom = (whom: readonly string[]): AnyRecord =>
  record('Room', { id: 'own', members: whom.map((phone_id) => record('Member', { phone_id })), status: 'ban' })

/** Doors at which somebody unknown is asked about, one person at a time. */
const doors: Readonly<Record<string, (me: Person, i: number) => AnyRecord>> = {
  'Search by phone': (me, i) => searchFor(me, [`38067100000${String(i)}`]),
  'Search by nick': (me, i) => searchFor(me, [`nobody_${String(i)}`], { field: 'nick' }),
  'Search by a part of names': (me, i) => searchFor(me, [`xyz${String(i)}`], { field: 'names', type: 'like' }),
  'Friend/request': (me, i) => befriend(me, `38067100000${String(i)}_1`),
  'Friend/ban': (me, i) => befriend(me, `38067100000${String(i)}_1`, 'ban'),
  'Profile/migrate to a number that is taken': () => record('Profile', { phone: boris, status: 'migrate' }),
  'Roster/nick': (me, i) => nick(me, i % 2 === 0 ? 'nick_1' : `free_${String(i)}`, 'nick'),
  'Roster/patch with a nick': (me) => nick(me, 'nick_1', 'patch'),
  'Room/ban': (_me, i) => banFrom([`38067100000${String(i)}_1`]),
  'Roster/add': (me, i) => addTo(me, [`38067100000${String(i)}_1`]),
}

test.each(Object.entries(doors))('%s: what a day allows by account, then a refusal that says when', async (_, ask) => {
  const me = (await open({ peoplePerAccount: 4 })).get(ann)!
  await world.ask(me.caller, record('Room', { id: 'own', name: 'Own', status: 'create' }))
  for (let i = 0; i < 4; i++) expect((await world.ask(me.caller, ask(me, i))).error).not.toBe('attempts_expired')
  const refused = await world.ask(me.caller, ask(me, 5))
  expect(refused.error).toBe('attempts_expired')
  expect((refused.answers[0] as Io).data).toBe((6 * hourMs) / 1_000)
  world.now += 6 * hourMs
  expect((await world.ask(me.caller, ask(me, 6))).error).not.toBe('attempts_expired')
  expect((await world.ask(me.caller, ask(me, 7))).error).toBe('attempts_expired')
})

test('accounts behind one address share its budget, and one at another address is not in their way', async () => {
  const people = await open({ peoplePerAddress: 2 })
  const [a, b] = [people.get(ann)!, people.get(boris)!]
  expect((await world.ask(a.caller, searchFor(a, ['380671000001', '380671000002']))).error).toBeUndefined()
  expect((await world.ask(b.caller, searchFor(b, ['380671000003']))).error).toBe('attempts_expired')
  const elsewhere = { ...b.caller, address: '198.51.100.1' }
  expect((await world.ask(elsewhere, searchFor(b, ['380671000003']))).error).toBeUndefined()
})

test('connections of which no address is known share what one address has', async () => {
  const people = await open({ peoplePerAddress: 2 })
  const unknown = (phone: Phone): Caller => ({ ...people.get(phone)!.caller, address: '' })
  const ask = async (phone: Phone) => (await world.ask(unknown(phone), searchFor(people.get(phone)!, ['380671000001']))).error
  expect([await ask(ann), await ask(boris), await ask(clara)]).toEqual([undefined, undefined, 'attempts_expired'])
})

test('a first address book of 1,000 can be looked for and added; 30,000 numbers cannot be tried', async () => {
  const me = (await open()).get(ann)!
  const book = (from: number) => Array.from({ length: 1_000 }, (_, i) => String(380_680_000_000 + from + i))
  expect((await world.ask(me.caller, searchFor(me, book(0)))).error).toBeUndefined()
  expect(
    (
      await world.ask(
        me.caller,
        addTo(
          me,
          book(0).map((phone) => `${phone}_1`),
        ),
      )
    ).error,
  ).toBe('contacts_not_found')
  const tried: (string | undefined)[] = []
  for (let i = 1; i < 30; i++) tried.push((await world.ask(me.caller, searchFor(me, book(i * 1_000)))).error)
  expect(tried.filter((error) => error === undefined)).toHaveLength(1)
})

test('own contacts cost nothing, neither to filter nor to add again', async () => {
  const people = await open({ peoplePerAccount: 1 })
  const [a, b] = [people.get(ann)!, people.get(boris)!]
  expect((await world.ask(a.caller, addTo(a, [b.roster]))).error).toBeUndefined()
  expect((await world.ask(a.caller, addTo(a, [b.roster]))).error).toBeUndefined()
  expect((await world.ask(a.caller, befriend(a, b.roster))).error).toBeUndefined()
  expect((await world.ask(a.caller, searchFor(a, [boris], { status: 'roster' }))).error).toBeUndefined()
  expect((await world.ask(a.caller, searchFor(a, [clara]))).error).toBe('attempts_expired')
})

for (const [strangersLearn, more] of [
  ['name', { surnames: null, nick: null, avatar: null }],
  ['all', { surnames: 'Sur', nick: 'nick_1', avatar: 'https://a' }],
] as const)
  test(`a stranger learns: ${strangersLearn}; whoever was asked and a friend see the rest`, async () => {
    const people = await open({}, { strangersLearn })
    const [a, b] = [people.get(ann)!, people.get(boris)!]
    const found = await world.ask(a.caller, searchFor(a, [boris]))
    expect(((found.answers[0] as Io).data as RecordOf<'Roster'>).userlist[0] as RecordOf<'Contact'>).toMatchObject({
      names: 'Name1',
      ...more,
    })
    const asked = await world.ask(a.caller, befriend(a, b.roster))
    const pushed = asked.pushes.map(({ record: one }) => one as RecordOf<'Contact'>)
    expect(pushed[0]).toMatchObject({ phone_id: b.roster, names: 'Name1', ...more })
    expect(pushed[1]).toMatchObject({ phone_id: a.roster, names: 'Name0', surnames: 'Sur', nick: 'nick_0', avatar: 'https://a' })
    const confirmed = await world.ask(b.caller, befriend(b, a.roster))
    expect(confirmed.pushes.map(({ record: one }) => one)).toContainEqual(
      expect.objectContaining({ phone_id: b.roster, surnames: 'Sur', nick: 'nick_1' }),
    )
  })
