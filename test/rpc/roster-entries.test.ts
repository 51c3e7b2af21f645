/** Roster create, add and del, as rpc.md 8 has them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Contact, err, ok, ok2, record, type Roster } from '../../protocol/index.js'
import { type ContactDocument, contacts, profiles } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { parsePhoneId, type PhoneId, rosterIdOf } from '../../topics/index.js'
import {
  type AccountWorld,
  ann,
  boris,
  clara,
  openAccountWorld,
  phoneOf,
  registrationOf,
  type Result,
  short,
  start,
} from './account-world.js'

const dan = phoneOf('380670004234')

let world: AccountWorld
let annCaller: Caller
let [pa, pb, pc, pd]: PhoneId[] = []

/** Ann has two devices, one of them connected; nobody knows anybody. */
beforeEach(async () => {
  world = await openAccountWorld()
  annCaller = await world.login(await world.register('reg_A1', ann))
  await world.register('reg_A2', ann)
  for (const [i, phone] of [boris, clara, dan].entries()) await world.register(`reg_${'BCD'[i] ?? ''}1`, phone)
  ;[pa, pb, pc, pd] = await Promise.all([ann, boris, clara, dan].map((phone) => world.rosterOf(phone)))
})
afterEach(() => world.close())

const ask = (status: Roster['status'], fields: Partial<Roster> = {}, caller = annCaller): Promise<Result> =>
  world.ask(caller, record('Roster', { id: rosterIdOf(pa!), ...fields, status }))
const named = (...others: readonly (string | null | undefined)[]): Partial<Roster> => ({
  userlist: others.map((phone_id) => record('Contact', { phone_id: phone_id ?? null })),
})

async function contact(owner: PhoneId, other: PhoneId): Promise<ContactDocument | undefined> {
  const bytes = await world.store.get(contacts.key(owner, other))
  return bytes && contacts.decode(bytes)
}

function side(parts: Partial<ContactDocument>): ContactDocument {
  return { state: 'none', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start, ...parts }
}

/** Stores what Ann holds of another, and he of her. */
async function acquaint(other: PhoneId, own: Partial<ContactDocument>, others?: Partial<ContactDocument>): Promise<void> {
  await world.put(contacts.put(side(own), pa!, other), ...(others === undefined ? [] : [contacts.put(side(others), other, pa!)]))
}

describe('create', () => {
  test('makes a roster with a self-contact, and tells it to act and to ses', async () => {
    world.now += 5
    const fields = { names: 'Anna', surnames: 'Koval', email: 'a@b.cd', avatar: 'https://a' }
    const { answers, pushes } = await ask('create', { id: 77, ...fields, nick: 'taken', ...named(pb) })
    const id = rosterIdOf(pd!) + 1
    const shown = { ...fields, nick: null, update: start + 5 }
    const self = record('Contact', {
      ...{ phone_id: `${ann}_${String(id)}`, ...shown },
      ...{ created: start + 5, presence: 'offline', status: 'friend' },
    })
    const made = record('Roster', { id, ...shown, phone: ann, userlist: [self], status: 'create' })
    expect(answers).toEqual([made])
    expect(pushes).toEqual([{ topic: `ses/${ann}`, to: ['emqttd_A1', 'emqttd_A2'], isLive: false, record: made }])
  })

  test('takes names later, by patch, at once and on the same connection', async () => {
    const { answers } = await ask('create', { names: null })
    const [made] = answers
    const id = made?.tag === 'Roster' ? made.id : null
    expect(made).toMatchObject({ names: null })
    expect((await ask('patch', { id, names: 'Anna' })).error).toBeUndefined()
    const second = parsePhoneId(`${ann}_${String(id)}`)!
    expect((await ask('get', { id: second })).answers).toMatchObject([{ names: 'Anna', userlist: [{ phone_id: second }] }])
    const asked = record('Friend', { phone_id: second, friend_id: pb!, status: 'request' })
    expect((await world.ask(annCaller, asked)).pushes.map(({ topic }) => topic)).toEqual([`ses/${ann}`, `ses/${boris}`])
    expect((await ask('list')).answers).toMatchObject([{ code: [{ id: rosterIdOf(pa!) }, { id }] }])
  })

  test('is refused beyond 5 rosters', async () => {
    for (let i = 0; i < 4; i++) expect((await ask('create')).error).toBeUndefined()
    const { answers, pushes } = await ask('create')
    expect([answers.map(short), pushes]).toEqual([['error invalid_data'], []])
  })

  test('asked for by two phones at the same time gives two ids', async () => {
    const borisCaller = await world.login(await world.register('reg_B2', boris))
    const results = await Promise.all([ask('create'), ask('create', {}, borisCaller)])
    expect(new Set(results.map(({ answers }) => (answers[0] as { id?: unknown }).id)).size).toBe(2)
  })

  for (const { rule, fields, error } of [
    { rule: 'one character as names', fields: { names: 'A' }, error: 'invalid_data' },
    { rule: 'empty names', fields: { names: '' }, error: 'invalid_data' },
    { rule: '33 characters as surnames', fields: { surnames: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: 'an endless avatar', fields: { avatar: 'x'.repeat(5_000) }, error: 'invalid_data' },
  ])
    test(`with ${rule}: ${error}, and nothing is made`, async () => {
      const { answers, pushes } = await ask('create', fields)
      expect([answers.map(short), pushes]).toEqual([[`error ${error}`], []])
      expect((await ask('list')).answers).toMatchObject([{ code: [{ id: rosterIdOf(pa!) }] }])
    })

  test('without a profile: profile_not_found', async () => {
    await world.put(profiles.remove(ann))
    expect((await ask('create')).error).toBe('profile_not_found')
  })

  test('without a login: not_authorized', async () => {
    expect((await ask('create', {}, registrationOf('reg_X'))).error).toBe('not_authorized')
  })
})

describe('add', () => {
  test('makes internal entries; the other own devices are told, those who were added are not', async () => {
    world.now += 5
    const { answers, pushes } = await ask('add', named(pb, pc, pb, '380999999999_1', 'nonsense', null))
    expect(answers).toEqual([ok('added')])
    expect(pushes.map(({ topic, to }) => [topic, to])).toEqual([[`ses/${ann}`, ['emqttd_A2']]])
    const { record: told } = pushes[0]!
    expect(told).toMatchObject({ tag: 'Roster', id: rosterIdOf(pa!), phone: ann, status: 'add' })
    const told_ = told.tag === 'Roster' ? told.userlist.map((one) => (typeof one === 'object' ? one : null)) : []
    expect(told_).toMatchObject([
      { phone_id: pb, presence: 'offline', status: 'internal', update: start + 5, created: start + 5 },
      { phone_id: pc, presence: 'offline', status: 'internal' },
    ])
    expect(await contact(pa!, pb!)).toEqual(side({ state: 'internal', created: start + 5, update: start + 5 }))
    expect(await contact(pb!, pa!)).toBeUndefined()
  })

  test('shows no presence of those added', async () => {
    await ask('add', named(pb))
    await world.login(await world.register('reg_B2', boris))
    const [roster] = (await ask('get')).answers
    expect(roster).toMatchObject({ userlist: [{ phone_id: pa }, { phone_id: pb, presence: 'offline', status: 'internal' }] })
  })

  test('an entry becomes a request by Friend/request', async () => {
    await ask('add', named(pb))
    await world.ask(annCaller, record('Friend', { phone_id: pa!, friend_id: pb!, status: 'request' }))
    expect([(await contact(pa!, pb!))?.state, (await contact(pb!, pa!))?.state]).toEqual(['request', 'authorization'])
  })

  test('tells which were there already if none is new, and keeps them as they are', async () => {
    await acquaint(pb!, { state: 'friend' }, { state: 'friend' })
    await acquaint(pc!, { bans: true }, { isBanned: true })
    const { answers, pushes } = await ask('add', named(pc, pb, pa, '380999999999_1'))
    expect(answers).toEqual([ok2('already_present', [pc!, pb!, pa!])])
    expect(pushes).toEqual([])
    expect([await contact(pa!, pb!), await contact(pa!, pc!)]).toMatchObject([{ state: 'friend' }, { bans: true, state: 'none' }])
  })

  test('adds what is new beside what was there; whoever bans the owner is not there for him', async () => {
    await acquaint(pb!, { state: 'friend' }, { state: 'friend' })
    expect((await ask('add', named(pb, pc))).answers).toEqual([ok('added')])
    await ask('del', named(pc))
    await acquaint(pc!, { isBanned: true }, { bans: true })
    expect((await ask('add', named(pc))).answers).toEqual([err('contacts_not_found')])
    expect(await contact(pa!, pc!)).toMatchObject({ state: 'none' })
  })
})

describe('del', () => {
  const known: readonly {
    readonly other: () => PhoneId
    readonly own: Partial<ContactDocument>
    readonly others?: Partial<ContactDocument>
  }[] = [
    { other: () => pb!, own: { state: 'friend' }, others: { state: 'friend' } },
    { other: () => pc!, own: { state: 'internal' } },
  ]

  test('revokes friends and removes entries; F are answered in their order', async () => {
    for (const { other, own, others } of known) await acquaint(other(), own, others)
    const { answers, pushes } = await ask('del', named(pc, '380999999999_1', pb, pa, pb))
    expect(answers).toEqual([ok2('removed', [pc!, pb!])])
    expect(pushes.map(({ topic, to, record: told }) => [topic, to, short(told)])).toEqual([
      [`ses/${ann}`, ['emqttd_A1', 'emqttd_A2'], 'Contact revoke'],
      [`ses/${boris}`, ['emqttd_B1'], 'Contact revoke'],
      [`ses/${ann}`, ['emqttd_A2'], 'Roster del'],
    ])
    expect(pushes[2]?.record).toMatchObject({ id: rosterIdOf(pa!), userlist: [{ phone_id: pc }, { phone_id: pb }] })
    expect(await Promise.all([contact(pa!, pb!), contact(pb!, pa!), contact(pa!, pc!)])).toEqual([undefined, undefined, undefined])
  })

  for (const { own, others, both } of [
    { own: 'friend', others: 'friend', both: true },
    { own: 'request', others: 'authorization', both: true },
    { own: 'authorization', others: 'request', both: true },
    { own: 'ignore', others: 'request', both: true },
    { own: 'internal', others: undefined, both: false },
  ] as const)
    test(`one in state ${own} is ${both ? 'revoked' : 'removed'}`, async () => {
      await acquaint(pb!, { state: own }, others && { state: others })
      const { answers, pushes } = await ask('del', named(pb))
      expect(answers).toEqual([ok2('removed', [pb!])])
      const told = pushes.filter(({ topic }) => topic === `ses/${boris}`).map(({ record: one }) => one as Contact)
      expect(told.map(({ phone_id, status }) => [phone_id, status])).toEqual(both ? [[pa, 'revoke']] : [])
      expect([await contact(pa!, pb!), await contact(pb!, pa!)]).toEqual([undefined, undefined])
    })

  for (const { rule, own, others } of [
    { rule: 'one that is banned', own: { state: 'friend', bans: true }, others: { state: 'friend', isBanned: true } },
    { rule: 'a stranger that is banned', own: { bans: true }, others: { isBanned: true } },
    { rule: 'one who bans', own: { state: 'internal', isBanned: true }, others: { bans: true } },
  ] as const)
    test(`${rule} stays`, async () => {
      await acquaint(pb!, own, others)
      const { answers, pushes } = await ask('del', named(pb, pa))
      expect([answers, pushes]).toEqual([[ok2('removed', [])], []])
      expect([await contact(pa!, pb!), await contact(pb!, pa!)]).toEqual([side(own), side(others)])
      expect(await contact(pa!, pa!)).toBeDefined()
    })
})

for (const status of ['add', 'del'] as const)
  for (const { rule, fields, error } of [
    { rule: 'a roster of another', fields: () => ({ id: rosterIdOf(pb!), ...named(pc) }), error: 'roster_not_found' },
    { rule: 'no roster', fields: () => ({ id: null, ...named(pc) }), error: 'roster_not_found' },
    { rule: 'nobody', fields: () => named(), error: 'contacts_not_found' },
    { rule: 'nobody known', fields: () => named('380999999999_1', 'nonsense', null), error: 'contacts_not_found' },
    {
      rule: '1,001 contacts',
      fields: () => named(...Array.from({ length: 1_001 }, (_, i) => (i === 0 ? pc : `380999999999_${String(i)}`))),
      error: 'invalid_data',
    },
  ])
    test(`${status} of ${rule}: ${error}`, async () => {
      const { answers, pushes } = await ask(status, fields())
      expect([answers.map(short), pushes]).toEqual([[`error ${error}`], []])
      expect(await contact(pa!, pc!)).toBeUndefined()
    })
