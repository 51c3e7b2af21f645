/** Profile link and email, as rpc.md 6 has them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { err, ok, type Profile, record, type Service } from '../../protocol/index.js'
import { contacts, emailLinks, profiles, rosters } from '../../rpc/documents/index.js'
import { isEmailAddress } from '../../rpc/handlers/profile/email-service.js'
import type { Caller } from '../../rpc/request.js'
import { type PhoneId, rosterIdOf } from '../../topics/index.js'
import { type AccountWorld, ann, boris, minute, openAccountWorld, type Result, short, start } from './account-world.js'

const address = 'anna.koval+nynja@mail.example.org'

let world: AccountWorld
let annCaller: Caller
let pa: PhoneId
let pb: PhoneId
beforeEach(async () => {
  world = await openAccountWorld()
  annCaller = await world.login(await world.register('reg_A1', ann))
  await world.register('reg_A2', ann)
  await world.register('reg_B1', boris)
  ;[pa, pb] = [await world.rosterOf(ann), await world.rosterOf(boris)]
  const contact = { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start } as const
  await world.put(contacts.put(contact, pa, pb), contacts.put(contact, pb, pa))
})
afterEach(() => world.close())

const service = (fields: Partial<Service>): Service => record('Service', { type: 'email', ...fields })
const ask = (status: Profile['status'], services: readonly Service[], phone: string | null = ann): Promise<Result> =>
  world.ask(annCaller, record('Profile', { phone, services, status }))
const link = (login: string | null = address) => ask('link', [service({ login })])
const verify = (password: string | null, login: string | null = address) => ask('email', [service({ login, password })])

/** The code that was mailed. */
function codeIn({ jobs }: Result): string {
  const [job] = jobs
  if (job?.kind !== 'email') throw new Error('nothing was mailed')
  const [code = ''] = /\d{6}/.exec(job.text) ?? []
  return code
}

/** A code of the same form that is another one. */
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

async function services(): Promise<readonly Service[]> {
  return profiles.decode((await world.store.get(profiles.key(ann)))!).services
}

async function emailOf(phoneId: PhoneId): Promise<string | null> {
  return rosters.decode((await world.store.get(rosters.key(phoneId)))!).email
}

describe('link', () => {
  test('stores the service as added and mails a code, which nobody else learns of', async () => {
    const linked = await link()
    expect(linked.answers).toEqual([ok('email_sent')])
    expect(linked.pushes).toEqual([])
    expect(linked.jobs).toEqual([
      expect.objectContaining({ kind: 'email', to: address, text: expect.stringContaining('60 minutes') as unknown }),
    ])
    expect(codeIn(linked)).toMatch(/^\d{6}$/)
    expect(await services()).toEqual([service({ login: address, status: 'added' })])
  })

  for (const { rule, given, phone, error } of [
    { rule: 'another phone', given: [service({ login: address })], phone: boris, error: 'not_authorized' },
    { rule: 'no service', given: [], error: 'invalid_data' },
    { rule: 'a service of another kind', given: [service({ type: 'vox', login: address })], error: 'invalid_data' },
    { rule: 'no address', given: [service({})], error: 'invalid_data' },
    { rule: 'two addresses', given: [service({ login: address }), service({ login: 'b@c.de' })], error: 'invalid_data' },
    { rule: 'no such address', given: [service({ login: 'anna@' })], error: 'invalid_data' },
    { rule: 'a list of addresses', given: [service({ login: 'a@b.cd,e@f.gh' })], error: 'invalid_data' },
  ])
    test(`with ${rule}: ${error}, and nothing is mailed`, async () => {
      const { answers, jobs } = await ask('link', given, phone ?? null)
      expect([answers.map(short), jobs]).toEqual([[`error ${error}`], []])
      expect(await services()).toEqual([])
      expect(await world.store.get(emailLinks.key(ann))).toBeUndefined()
    })

  test('again at once keeps the code; later, or for another address, a new one is mailed and the old one is void', async () => {
    const first = await link()
    const again = await link(address.toUpperCase())
    expect([again.answers, again.jobs]).toEqual([[ok('email_sent')], []])
    const other = await link('b@c.de')
    expect(other.jobs).toHaveLength(1)
    expect(await services()).toEqual([service({ login: 'b@c.de', status: 'added' })])
    expect((await verify(codeIn(first))).error).toBe('wrong_code')
    world.now += minute / 2
    const later = await link('b@c.de')
    expect(later.jobs).toHaveLength(1)
    expect((await verify(codeIn(later), 'b@c.de')).answers).toEqual([ok('verified')])
  })

  test('mails at most 5 codes within an hour, whatever they were for and whether or not they were used', async () => {
    const first = await link()
    await verify(codeIn(first))
    for (let i = 0; i < 4; i++) expect((await link(`victim${String(i)}@c.de`)).error).toBeUndefined()
    world.now += minute
    const { answers, jobs } = await link('victim5@c.de')
    expect([answers, jobs]).toEqual([[err('attempts_expired', 59 * 60)], []])
    world.now += 59 * minute
    expect((await link('victim5@c.de')).error).toBeUndefined()
  })

  test('is refused beyond 5 verified addresses', async () => {
    for (let i = 0; i < 5; i++) {
      world.now += 20 * minute
      await verify(codeIn(await link(`a${String(i)}@b.cd`)), `a${String(i)}@b.cd`)
    }
    world.now += 60 * minute
    expect((await link('a5@b.cd')).error).toBe('invalid_data')
    expect((await link('a4@b.cd')).error).toBeUndefined()
    expect((await services()).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'verified'))
  })
})

describe('email', () => {
  test('with the right code verifies the address and copies it into rosters without one', async () => {
    await world.ask(annCaller, record('Roster', { names: 'Anna', email: 'own@b.cd', status: 'create' }))
    const code = codeIn(await link())
    world.now += 60 * minute - 1
    const { answers, pushes } = await verify(code, address.toUpperCase())
    expect(answers).toEqual([ok('verified')])
    expect(await services()).toEqual([service({ login: address, status: 'verified' })])
    expect(await emailOf(pa)).toBe(address)
    expect(pushes.map(({ topic, to }) => [topic, to])).toEqual([
      [`ses/${ann}`, ['emqttd_A1', 'emqttd_A2']],
      [`ac/${pa}`, ['emqttd_B1']],
    ])
    expect(pushes[0]?.record).toMatchObject({ tag: 'Roster', id: rosterIdOf(pa), email: address, update: world.now, status: 'patch' })
    expect(pushes[1]?.record).toEqual(record('Contact', { phone_id: pa, email: address, update: world.now }))
    const { answers: listed } = await world.ask(annCaller, record('Roster', { status: 'list' }))
    expect(listed).toMatchObject([{ code: [{ email: address }, { email: 'own@b.cd' }] }])
  })

  test('counts: the fifth wrong code voids the right one', async () => {
    const code = codeIn(await link())
    for (let i = 0; i < 5; i++) expect((await verify(i === 0 ? null : wrong(code))).answers).toEqual([err('wrong_code')])
    expect((await verify(code)).answers).toEqual([err('wrong_code')])
    expect(await services()).toEqual([service({ login: address, status: 'added' })])
  })

  test('after four wrong codes still takes the right one', async () => {
    const code = codeIn(await link())
    for (let i = 0; i < 4; i++) await verify(wrong(code))
    expect((await verify(code)).answers).toEqual([ok('verified')])
  })

  for (const { rule, given, phone, error } of [
    {
      rule: 'another phone',
      given: (code: string) => [service({ login: address, password: code })],
      phone: boris,
      error: 'not_authorized',
    },
    { rule: 'no service', given: () => [], error: 'invalid_data' },
    { rule: 'no address', given: (password: string) => [service({ password })], error: 'invalid_data' },
    { rule: 'another address', given: (password: string) => [service({ login: 'b@c.de', password })], error: 'wrong_code' },
    { rule: 'an empty code', given: () => [service({ login: address, password: '' })], error: 'wrong_code' },
  ])
    test(`with ${rule}: ${error}`, async () => {
      const code = codeIn(await link())
      const { answers, pushes } = await ask('email', given(code), phone ?? null)
      expect([answers.map(short), pushes]).toEqual([[`error ${error}`], []])
      expect(await emailOf(pa)).toBeNull()
      expect((await verify(code)).answers).toEqual([ok('verified')])
    })

  test('takes no code after 60 minutes, none twice, and none where none was mailed', async () => {
    expect((await verify('123456')).error).toBe('wrong_code')
    const code = codeIn(await link())
    world.now += 60 * minute
    expect((await verify(code)).error).toBe('wrong_code')
    const fresh = codeIn(await link())
    expect((await verify(fresh)).answers).toEqual([ok('verified')])
    expect((await verify(fresh)).error).toBe('wrong_code')
    expect((await verify('')).error).toBe('wrong_code')
  })

  test('a verified address stays verified while it is linked again', async () => {
    await verify(codeIn(await link()))
    world.now += minute
    await link()
    expect(await services()).toEqual([service({ login: address, status: 'verified' })])
  })
})

for (const [text, isAddress] of [
  ['a@b.cd', true],
  ["o'neil_{x}=1@sub.b-c.example", true],
  ['anna@пошта.укр', true],
  [`${'a'.repeat(64)}@b.cd`, true],
  [`${'a'.repeat(65)}@b.cd`, false],
  [`a@${'b'.repeat(63)}.cd`, true],
  [`a@${'b'.repeat(64)}.cd`, false],
  [`a@${Array.from({ length: 130 }, () => 'b').join('.')}`, false],
  ['', false],
  ['a', false],
  ['@b.cd', false],
  ['a@b', false],
  ['a@b.', false],
  ['a@.cd', false],
  ['a@-b.cd', false],
  ['a@b@c.de', false],
  ['.a@b.cd', false],
  ['a..b@c.de', false],
  ['a b@c.de', false],
  ['"a b"@c.de', false],
  ['a@127.0.0.1', false],
  ['a@[127.0.0.1]', false],
  ['a@b.cd\r\nBcc: x@y.zz', false],
  ['a@b.cd\n', false],
  ['Anna <a@b.cd>', false],
  ['a@b.cd,e@f.gh', false],
] as const)
  test(`${JSON.stringify(text.slice(0, 40))} is ${isAddress ? 'an' : 'no'} address`, () => {
    expect(isEmailAddress(text)).toBe(isAddress)
  })
