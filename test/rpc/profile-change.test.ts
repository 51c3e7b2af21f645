/** Profile update, patch and set, as rpc.md 6 has them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Feature, type Profile, record, type Service } from '../../protocol/index.js'
import { contacts, type ProfileDocument, profiles } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { type PhoneId, rosterIdOf } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { type AccountWorld, ann, boris, clara, openAccountWorld, short, start } from './account-world.js'

let world: AccountWorld
let annCaller: Caller
let pa: PhoneId
/** A second roster of Ann. */
let second: PhoneId
let pb: PhoneId
let pc: PhoneId

/** Boris is a friend of Ann's first roster, Clara of her second. */
beforeAll(async () => {
  world = await openAccountWorld()
  annCaller = await world.login(await world.register('reg_A1', ann))
  await world.register('reg_A2', ann)
  await world.register('reg_B1', boris)
  await world.register('reg_C1', clara)
  ;[pa, pb, pc] = [await world.rosterOf(ann), await world.rosterOf(boris), await world.rosterOf(clara)]
  const { answers } = await world.ask(annCaller, record('Roster', { names: 'Anna', status: 'create' }))
  second = `${ann}_${String((answers[0] as { id?: unknown }).id)}` as PhoneId
  const contact = { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start } as const
  const friends = [
    [pa, pb],
    [second, pc],
  ] as const
  await world.put(...friends.flatMap(([a, b]) => [contacts.put(contact, a, b), contacts.put(contact, b, a)]))
})
afterAll(() => world.close())
beforeEach(async () => {
  world.now = start
  await store({ settings: [], services: [] })
})

const feature = (key: string, value: string | null, group: string | null = 'G'): Feature =>
  record('Feature', { id: `${key}-id`, key, value, group })
const service = (fields: Partial<Service>): Service => record('Service', fields)

async function stored(): Promise<ProfileDocument> {
  const bytes = await world.store.get(profiles.key(ann))
  if (bytes === undefined) throw new Error('no profile')
  return profiles.decode(bytes)
}

async function store(parts: Partial<ProfileDocument>): Promise<void> {
  await world.put(profiles.put({ ...(await stored()), ...parts }, ann))
}

const ask = (status: Profile['status'], fields: Partial<Profile> = {}, caller = annCaller) =>
  world.ask(caller, record('Profile', { phone: ann, ...fields, status }))

const newsService: Caller = {
  client: { kind: 'service', clientId: clientIdOf('sys_news'), userName: 'api', name: 'news' },
  ...{ clientId: clientIdOf('sys_news'), dialect: 'v1', codec: 'bert', address: '', token: null },
}

for (const status of ['update', 'patch', 'set'] as const)
  for (const { rule, phone, caller, told } of [
    { rule: 'of the own profile', phone: ann, caller: () => annCaller, told: `Profile ${status === 'set' ? 'set' : 'update'}` },
    { rule: 'without a phone', phone: null, caller: () => annCaller, told: `Profile ${status === 'set' ? 'set' : 'update'}` },
    { rule: 'of another', phone: boris, caller: () => annCaller, told: 'error not_authorized' },
    { rule: 'of any, by a service', phone: ann, caller: () => newsService, told: `Profile ${status === 'set' ? 'set' : 'update'}` },
    { rule: 'of none, by a service', phone: '380679999999', caller: () => newsService, told: 'error profile_not_found' },
  ])
    test(`${status} ${rule}: ${told}`, async () => {
      const before = await world.store.get(profiles.key(boris))
      const { answers, pushes } = await ask(status, { phone, settings: [feature('A', '1')] }, caller())
      expect(answers.map(short)).toEqual([told])
      if (told.startsWith('error')) expect(pushes).toEqual([])
      expect(await world.store.get(profiles.key(boris))).toEqual(before)
    })

describe('update', () => {
  test('merges by key and group, deletes what is empty, and tells the time of the server', async () => {
    await store({ settings: [feature('A', '1'), feature('A', '2', 'H'), feature('B', '3')] })
    world.now += 7
    const { answers } = await ask('update', { settings: [feature('A', '9'), feature('B', ''), feature('C', '4', null)], update: 5 })
    const settings = [feature('A', '9'), feature('A', '2', 'H'), feature('C', '4', null)]
    const rosters = [rosterIdOf(pa), rosterIdOf(second)]
    const shown = { phone: ann, settings, rosters, services: [], update: start + 7, balance: 0, presence: 'online' } as const
    expect(answers).toEqual([record('Profile', { ...shown, status: 'update' })])
    expect(await stored()).toMatchObject({ settings, update: start + 7 })
  })

  test('is told to the other own devices on ses, and to the friends of each roster on its ac', async () => {
    world.now += 8
    const { answers, pushes } = await ask('patch', { settings: [feature('A', '1')] })
    expect(pushes).toEqual([
      { topic: `ses/${ann}`, to: ['emqttd_A2'], isLive: false, record: answers[0] },
      { topic: `ac/${pa}`, to: ['emqttd_B1'], isLive: false, record: record('Contact', { phone_id: pa, update: start + 8 }) },
      { topic: `ac/${second}`, to: ['emqttd_C1'], isLive: false, record: record('Contact', { phone_id: second, update: start + 8 }) },
    ])
  })

  test('by a service is told to every device of the phone', async () => {
    const { pushes } = await ask('update', {}, newsService)
    expect(pushes[0]).toMatchObject({ topic: `ses/${ann}`, to: ['emqttd_A1', 'emqttd_A2'] })
  })

  test('leaves everything else as it is', async () => {
    await store({ services: [service({ type: 'vox', login: 'v', status: 'added' })] })
    const before = await stored()
    await ask('update', { services: [service({ type: 'email', login: 'a@b.cd', status: 'verified' })], balance: 1_000, rosters: [1] })
    expect(await stored()).toEqual({ ...before, update: start })
  })
})

describe('set', () => {
  test('replaces the settings as a whole and tells nobody else', async () => {
    await store({ settings: [feature('A', '1'), feature('B', '2')] })
    world.now += 9
    const { answers, pushes } = await ask('set', { settings: [feature('C', '3'), feature('D', '')], update: 5 })
    expect(answers).toMatchObject([{ status: 'set', settings: [feature('C', '3')], update: start + 9, presence: 'online' }])
    expect(pushes).toEqual([])
    await ask('set')
    expect(await stored()).toMatchObject({ settings: [], update: start + 9 })
  })

  test('never touches phone, rosters, balance, presence or a verified service', async () => {
    const verified = service({ type: 'email', login: 'a@b.cd', password: null, status: 'verified' })
    await store({ services: [verified, service({ type: 'vox', login: 'old', status: 'added' })] })
    const before = await stored()
    await ask('set', {
      services: [
        service({ type: 'email', login: 'A@B.cd', password: 'mine', status: 'added' }),
        service({ type: 'email', login: 'other@b.cd', status: 'verified' }),
        service({ type: 'vox', login: 'new' }),
      ],
      ...{ rosters: [1], balance: 1_000, presence: 'offline' },
    })
    const services = [
      verified,
      service({ type: 'email', login: 'other@b.cd', status: 'added' }),
      service({ type: 'vox', login: 'new', status: 'added' }),
    ]
    expect(await stored()).toEqual({ ...before, services, update: start })
    await ask('set')
    expect(await stored()).toMatchObject({ services })
  })
})

for (const status of ['update', 'set'] as const)
  test(`${status}: a profile that would outgrow a PUBLISH is refused and stays as it was`, async () => {
    await ask('update', { settings: [feature('A', 'x'.repeat(40_000))] })
    const before = await stored()
    const large = { settings: [feature('B', 'x'.repeat(40_000))], services: [service({ type: 'vox', login: 'x'.repeat(40_000) })] }
    const { error, pushes } = await ask(status, large)
    expect([error, pushes]).toEqual(['invalid_data', []])
    expect(await stored()).toEqual(before)
  })
