import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Auth, err, ok, ok2, pair, type Profile, record } from '../../protocol/index.js'
import { protocolLimits } from '../../rpc/context.js'
import { devices, formerInitTokens, type PendingSession, pendingSessions, sessions } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import { hashToken } from '../../rpc/tokens.js'
import type { Phone } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import {
  type AccountWorld,
  ann,
  boris,
  day,
  deviceIn,
  minute,
  openAccountWorld,
  phoneOf,
  registrationOf,
  short,
  start,
} from './account-world.js'

let world: AccountWorld
beforeAll(async () => {
  // How many codes there are is not what these are about.
  const uncounted = { codesPerReceiverHour: Infinity, codesPerReceiverDay: Infinity, codesPerAddressHour: Infinity }
  const limits = { ...protocolLimits, ...uncounted, codesPerAddressDay: Infinity, codesPerDay: Infinity }
  world = await openAccountWorld({ testNumbers: { prefixes: ['999'], code: '112233' }, limits })
})
afterAll(() => world.close())
beforeEach(() => {
  world.now = start
})

let phones = 0
/** A phone nobody has used yet. */
function newPhone(): Phone {
  return phoneOf(`38050000${String(phones++).padStart(4, '0')}`)
}

interface Begun {
  readonly phone: Phone
  readonly client: string
  readonly code: string
  verify(fields: Partial<Auth>): ReturnType<AccountWorld['auth']>
}

/** A registration whose code has been sent. */
async function begun(parts: Partial<Auth> = {}): Promise<Begun> {
  const phone = newPhone()
  const client = `reg_${phone}`
  const { jobs } = await world.auth(client, { phone, dev_key: 'K', type: 'reg', ...parts })
  return { phone, client, code: jobs[0]?.code ?? '', verify: (fields) => world.auth(client, { type: 'verify', ...fields }) }
}
const wrong = (code: string): string => (code === '000000' ? '000001' : '000000')

async function pendingOf(client: string): Promise<PendingSession | undefined> {
  const bytes = await world.store.get(pendingSessions.key(clientIdOf(client)))
  return bytes && pendingSessions.decode(bytes)
}

async function pushesOf(phone: Phone): Promise<readonly string[]> {
  const bytes = await world.store.get(devices.key(phone))
  return (bytes && devices.decode(bytes).pushes) ?? []
}

function phoneOfCaller({ client }: Caller): Phone {
  if (client.kind !== 'device') throw new Error('not a device')
  return client.phone
}

async function devicesOf(phone: Phone): Promise<readonly string[]> {
  const bytes = await world.store.get(devices.key(phone))
  return bytes === undefined ? [] : devices.decode(bytes).clients
}

async function sessionOf(client: string) {
  const bytes = await world.store.get(sessions.key(clientIdOf(client)))
  return bytes && sessions.decode(bytes)
}

/** A device that is registered and connected. */
async function loggedIn(phone = newPhone(), name = phone as string): Promise<Caller> {
  return world.login(await world.register(`reg_${name}`, phone, { dev_key: `K-${name}`, os: 'ios' }))
}

describe('reg', () => {
  test('sends a code of six digits to the phone, a leading + stripped, and answers after it', async () => {
    const result = await world.auth('reg_new', { client_id: 'reg_new', phone: `+${ann}`, type: 'reg' })
    expect(result.answers).toEqual([ok('sms_sent')])
    expect(result.jobs).toEqual([
      { kind: 'sms', phone: ann, text: expect.stringMatching(/\d{6}$/), code: expect.stringMatching(/^\d{6}$/) },
    ])
  })

  for (const { rule, fields, error } of [
    { rule: 'a phone with letters', fields: { phone: '38o670001234' }, error: 'invalid_data' },
    { rule: 'two leading pluses', fields: { phone: '++380670001234' }, error: 'invalid_data' },
    { rule: 'no phone', fields: {}, error: 'invalid_data' },
    { rule: 'jwt without a provider', fields: { phone: ann, services: ['jwt'] }, error: 'invalid_data' },
    { rule: 'the client id of another', fields: { phone: ann, client_id: 'reg_other' }, error: 'mismatch_user_data' },
    { rule: 'both a bad phone and another client id', fields: { phone: '1', client_id: 'reg_other' }, error: 'invalid_data' },
  ])
    test(`refuses ${rule}: ${error}`, async () => {
      expect((await world.auth('reg_bad', { type: 'reg', ...fields })).error).toBe(error)
      expect(await pendingOf('reg_bad')).toBeUndefined()
    })

  test('refuses a device that is logged in', async () => {
    expect((await world.ask(await loggedIn(), record('Auth', { type: 'reg', phone: ann }))).error).toBe('invalid_data')
  })

  test('within 30 s keeps the code and sends nothing, then or for another phone makes a new one', async () => {
    const { phone, client, code } = await begun()
    world.now += 29_999
    const again = await world.auth(client, { phone, type: 'reg' })
    expect(again).toMatchObject({ answers: [ok('sms_sent')], jobs: [] })
    expect((await pendingOf(client))?.code).toBe(code)
    world.now += 1
    expect((await world.auth(client, { phone, type: 'reg' })).jobs).toHaveLength(1)
    const other = newPhone()
    expect((await world.auth(client, { phone: other, type: 'reg' })).jobs).toMatchObject([{ phone: other }])
  })

  test('gives a test number its fixed code and no SMS', async () => {
    const result = await world.auth('reg_test', { phone: '9991234567', type: 'reg' })
    expect(result).toMatchObject({ answers: [ok('sms_sent')], jobs: [] })
    expect((await world.auth('reg_test', { type: 'voice', services: ['ua'] })).jobs).toEqual([])
    expect(deviceIn((await world.auth('reg_test', { type: 'verify', sms_code: '112233' })).answers).id).toBe('emqttd_test')
  })
})

describe('resend and voice', () => {
  test('repeat the code, resend with its life begun anew', async () => {
    const { client, phone, code } = await begun()
    world.now += 9 * minute
    expect(await world.auth(client, { type: 'resend' })).toMatchObject({ answers: [ok('sms_sent')], jobs: [{ kind: 'sms', phone, code }] })
    world.now += 9 * minute
    const spoken = await world.auth(client, { type: 'voice', services: ['it'] })
    expect(spoken).toMatchObject({
      answers: [ok('call_in_progress', pair('Auth', ''))],
      jobs: [{ kind: 'voice', phone, code, language: 'it' }],
    })
    world.now += minute
    expect((await world.auth(client, { type: 'voice' })).error).toBe('session_not_found')
  })

  test('speak English where the language is unknown', async () => {
    const { client } = await begun()
    expect((await world.auth(client, { type: 'voice', services: ['tlh'] })).jobs).toMatchObject([{ language: 'en' }])
  })

  test('are good for three repetitions together', async () => {
    const { client } = await begun()
    for (const type of ['resend', 'voice', 'resend'] as const) expect((await world.auth(client, { type })).error).toBeUndefined()
    for (const type of ['voice', 'resend'] as const)
      expect((await world.auth(client, { type })).answers).toEqual([err('attempts_expired', 0)])
  })

  for (const type of ['resend', 'voice', 'verify'] as const)
    for (const { rule, fields, error } of [
      { rule: 'another client id', fields: { client_id: 'reg_other' }, error: 'mismatch_user_data' },
      { rule: 'another dev_key', fields: { dev_key: 'L' }, error: 'mismatch_user_data' },
      { rule: 'another phone', fields: { phone: boris }, error: 'mismatch_user_data' },
      { rule: 'nothing', fields: {}, error: type === 'verify' ? 'invalid_sms_code' : undefined },
    ])
      test(`${type} that names ${rule}: ${error ?? 'goes on'}`, async () => {
        const { client } = await begun()
        expect((await world.auth(client, { type, ...fields })).error).toBe(error)
        expect((await world.auth(`${client}_`, { type, ...fields })).error).toBe('session_not_found')
      })
})

describe('verify', () => {
  test('of a new phone makes its account and its device, and tells the registration both', async () => {
    const { phone, code, client, verify } = await begun()
    const { answers, pushes } = await verify({ dev_key: 'K', phone: `+${phone}`, sms_code: code })
    const device = deviceIn(answers)
    expect(device).toEqual({ id: `emqttd_${phone}`, token: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const rosterId = Number((await world.rosterOf(phone)).split('_')[1])
    const self = record('Contact', { phone_id: `${phone}_${rosterId}`, created: start, presence: 'offline', status: 'friend' })
    expect(answers).toEqual([
      ok2('login', pair(device.id, device.token)),
      record('Profile', {
        phone,
        rosters: [record('Roster', { id: rosterId, userlist: [self], phone })],
        update: start,
        presence: 'offline',
        status: 'init',
      }),
    ])
    expect(pushes).toEqual([])
    expect(await sessionOf(device.id)).toMatchObject({
      phone,
      userId: `${phone}_${rosterId}`,
      devKey: 'K',
      token: { hash: hashToken(device.token) },
    })
    expect((await verify({ sms_code: code })).error).toBe('session_not_found')
    expect(await pendingOf(client)).toBeUndefined()
  })

  test('gives every phone a roster id of its own, at the same time as well', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => begun()))
    await Promise.all(many.map(({ verify, code }) => verify({ sms_code: code })))
    const ids = await Promise.all(many.map(async ({ phone }) => (await world.rosterOf(phone)).split('_')[1]))
    expect(new Set(ids).size).toBe(8)
  })

  test('ends 10 minutes after reg', async () => {
    const { code, verify } = await begun()
    world.now += 10 * minute - 1
    expect((await verify({ sms_code: wrong(code) })).error).toBe('invalid_sms_code')
    world.now += 1
    expect((await verify({ sms_code: code })).error).toBe('session_not_found')
  })

  test('takes five wrong codes of a registration, then its code is good for nothing', async () => {
    const { phone, client, code, verify } = await begun()
    for (let i = 0; i < 3; i++) expect((await verify({ sms_code: wrong(code) })).error).toBe('invalid_sms_code')
    expect((await verify({ services: ['jwt'], sms_code: 'jwt' })).error).toBe('invalid_jwt_code')
    // Repeating it gives no further tries.
    world.now += 9 * minute
    await world.auth(client, { type: 'resend' })
    expect((await verify({ sms_code: wrong(code) })).answers).toEqual([err('attempts_expired', 0)])
    expect((await verify({ sms_code: code })).answers).toEqual([err('attempts_expired', 0)])
    // Another one can be had at once, with as many tries.
    const { jobs } = await world.auth(client, { phone, type: 'reg', dev_key: 'K' })
    expect(jobs).toHaveLength(1)
    for (let i = 0; i < 4; i++) expect((await verify({ sms_code: wrong(jobs[0]!.code) })).error).toBe('invalid_sms_code')
    expect((await verify({ sms_code: jobs[0]!.code })).error).toBeUndefined()
  })

  test('set back, the clock lengthens the life of a code by no more than as much again', async () => {
    for (const { backBy, error } of [
      { backBy: 5 * minute, error: undefined },
      { backBy: 60 * minute, error: 'session_not_found' },
    ]) {
      const { code, verify } = await begun()
      world.now -= backBy
      expect((await verify({ sms_code: code })).error).toBe(error)
    }
  })

  test('set back, the clock keeps no code from being sent anew', async () => {
    const { phone, client } = await begun()
    world.now -= 60 * minute
    expect((await world.auth(client, { phone, type: 'reg' })).jobs).toHaveLength(1)
  })

  test('of the same device again replaces its token and closes its connection; others stay', async () => {
    const phone = newPhone()
    const first = await world.register('reg_same1', phone, { dev_key: 'K' })
    const other = await world.login(await world.register('reg_same2', phone))
    await world.login(first)
    await world.auth('reg_same1', { phone, type: 'reg', dev_key: 'another key' })
    const { code } = (await pendingOf('reg_same1')) ?? { code: '' }
    const { answers, closed } = await world.auth('reg_same1', { type: 'verify', sms_code: code })
    const again = deviceIn(answers)
    expect(again.id).toBe(first.id)
    expect(closed).toEqual([first.id])
    expect(answers[1]).toMatchObject({ presence: 'online', rosters: [{ userlist: [{ status: 'friend' }] }] })
    expect(await devicesOf(phone)).toEqual([first.id, other.clientId])
    expect(await world.connect(first.id, first.token)).toEqual({ kind: 'refused', code: 4 })
    expect((await world.connect(again.id, again.token)).kind).toBe('connected')
  })

  test('of the same client id for another phone takes it over with the same dev_key only', async () => {
    const [from, to] = [newPhone(), newPhone()]
    const first = await world.register('reg_move', from, { dev_key: 'K' })
    const stranger = await world.register('reg_move', to, { dev_key: 'other' })
    expect(stranger.id).toMatch(/^emqttd_move_[0-9a-f]{24}$/)
    expect((await world.connect(first.id, first.token)).kind).toBe('connected')
    const { jobs } = await world.auth('reg_move', { phone: to, type: 'reg', dev_key: 'K' })
    const { answers, closed, cleared } = await world.auth('reg_move', { type: 'verify', sms_code: jobs[0]?.code ?? '' })
    const moved = deviceIn(answers)
    expect([moved.id, closed, cleared]).toEqual([first.id, [first.id], [first.id]])
    expect(await devicesOf(from)).toEqual([])
    expect(await devicesOf(to)).toEqual([stranger.id, moved.id])
    expect(await world.connect(first.id, first.token)).toEqual({ kind: 'refused', code: 4 })
    expect((await world.connect(moved.id, moved.token)).kind).toBe('connected')
  })

  test('finds another client id where none follows from that of the registration', async () => {
    const taken = await world.register('reg_reg_1', newPhone())
    expect(taken.id).toMatch(/^emqttd_[0-9a-f]{24}$/)
    const long = await world.register(`reg_${'x'.repeat(124)}`, newPhone())
    expect(long.id).toMatch(/^emqttd_[0-9a-f]{24}$/)
  })

  test('logs out the device longest unused beyond ten, a connected one last', async () => {
    const phone = newPhone()
    const oldest = await world.login(await world.register('reg_many0', phone))
    for (let i = 1; i < 10; i++) {
      world.now += 1_000
      await world.register(`reg_many${String(i)}`, phone)
    }
    await world.auth('reg_many10', { phone, type: 'reg' })
    const { code } = (await pendingOf('reg_many10')) ?? { code: '' }
    const { cleared, closed } = await world.auth('reg_many10', { type: 'verify', sms_code: code })
    expect([cleared, closed]).toEqual([['emqttd_many10', 'emqttd_many1'], ['emqttd_many1']])
    expect(await devicesOf(phone)).toHaveLength(10)
    expect(await sessionOf('emqttd_many1')).toBeUndefined()
    expect(await sessionOf(oldest.clientId)).toBeDefined()
  })

  test('logs out devices unused for 180 days', async () => {
    const phone = newPhone()
    await world.register('reg_unused', phone)
    world.now += 180 * day
    await world.register('reg_used', phone)
    expect(await devicesOf(phone)).toEqual(['emqttd_used'])
  })
})

describe('login as a request', () => {
  test('tells an unauthenticated connection whether a token is valid', async () => {
    const device = await world.register('reg_ask', newPhone())
    const ask = (fields: Partial<Auth>) => world.auth('reg_asking', { type: 'login', ...fields })
    expect((await ask({ client_id: device.id, token: device.token })).answers).toEqual([ok2('login', pair(device.id, device.token))])
    for (const fields of [
      { client_id: device.id, token: 'x' },
      { client_id: device.id },
      { client_id: 'emqttd_nobody', token: device.token },
      {},
    ]) {
      expect((await ask(fields)).error).toBe('session_not_found')
    }
    world.now += 30 * day
    const renewed = deviceIn((await ask({ client_id: device.id, token: device.token })).answers)
    expect(renewed.token).not.toBe(device.token)
    expect((await world.connect(device.id, renewed.token)).kind).toBe('connected')
    world.now += 180 * day
    expect((await ask({ client_id: device.id, token: renewed.token })).error).toBe('session_not_found')
  })

  test('answers a device that is logged in only if its token has ended meanwhile', async () => {
    const caller = await loggedIn()
    const asked = record('Auth', { type: 'login', client_id: caller.clientId })
    expect((await world.ask(caller, asked)).answers).toEqual([])
    world.now += 30 * day
    expect(deviceIn((await world.ask(caller, asked)).answers).id).toBe(caller.clientId)
  })
})

describe('sessions of a phone', () => {
  test('list: one Auth each, the own first, with no secret but the own push token', async () => {
    const phone = newPhone()
    const other = await loggedIn(phone, 'list1')
    const own = await loggedIn(phone, 'list2')
    await world.ask(own, record('Auth', { type: 'push', push: 'own token', os: 'ios' }))
    await world.ask(other, record('Auth', { type: 'push', push: 'other token', os: 'ios' }))
    const userId = await world.rosterOf(phone)
    const listed = (name: string, push: string | null) =>
      record('Auth', {
        ...{ client_id: `emqttd_${name}`, dev_key: `K-${name}`, user_id: userId, phone, type: 'list', push, os: 'ios' },
        ...{ created: start, last_online: start },
      })
    expect((await world.ask(own, record('Auth', { type: 'list' }))).answers).toEqual([listed('list2', 'own token'), listed('list1', null)])
  })

  test('logout answers the token it removes, then forgets the device and closes it; others stay', async () => {
    const phone = newPhone()
    const stays = await loggedIn(phone, 'out1')
    const goes = await loggedIn(phone, 'out2')
    const result = await world.ask(goes, record('Auth', { type: 'logout', dev_key: 'ignored', phone: '1' }))
    expect(result.answers).toEqual([ok('logout', pair('Auth', goes.token ?? ''))])
    expect([result.cleared, result.closed]).toEqual([[goes.clientId], [goes.clientId]])
    expect(await sessionOf(goes.clientId)).toBeUndefined()
    expect(await devicesOf(phone)).toEqual([stays.clientId])
    expect((await world.ask(goes, record('Auth', { type: 'list' }))).error).toBe('not_authorized')
    expect(await world.connect(goes.clientId, goes.token)).toEqual({ kind: 'refused', code: 4 })
    expect(await world.rosterOf(phone)).toBeDefined()
  })

  test('delete logs out another device of the phone, clear all of them (v11)', async () => {
    const phone = newPhone()
    const own = { ...(await loggedIn(phone, 'del0')), dialect: 'v11' } as const
    for (const name of ['del1', 'del2', 'del3']) await world.register(`reg_${name}`, phone)
    const stranger = await loggedIn()
    const remove = (client_id: string | null) => world.ask(own, record('Auth', { type: 'delete', client_id }))
    expect((await remove(null)).error).toBe('invalid_data')
    expect((await remove(own.clientId)).error).toBe('invalid_data')
    expect((await remove(stranger.clientId)).error).toBe('session_not_found')
    expect(await remove('emqttd_del2')).toMatchObject({ answers: [ok('logout')], closed: ['emqttd_del2'], cleared: ['emqttd_del2'] })
    const cleared = await world.ask(own, record('Auth', { type: 'clear' }))
    expect(cleared).toMatchObject({ answers: [ok('cleared')], closed: ['emqttd_del1', 'emqttd_del3'] })
    expect(await devicesOf(phone)).toEqual([own.clientId])
    expect(await world.ask(own, record('Auth', { type: 'clear' }))).toMatchObject({ answers: [ok('cleared')], closed: [] })
  })

  test('update merges settings into the own session (v11)', async () => {
    const own = await loggedIn()
    const setting = (key: string, value: string) => record('Feature', { key, value, group: 'AUTH_DATA' })
    const update = async (...settings: ReturnType<typeof setting>[]) => {
      const [answer] = (await world.ask(own, record('Auth', { type: 'update', settings }))).answers
      return answer?.tag === 'Auth' ? answer.settings : undefined
    }
    expect(await update(setting('OS', '17'), setting('City', 'Kyiv'))).toEqual([setting('OS', '17'), setting('City', 'Kyiv')])
    expect(await update(setting('OS', '18'), setting('City', ''))).toEqual([setting('OS', '18')])
  })

  test('push stores and removes a push token and answers in the way of the dialect', async () => {
    const own = await loggedIn()
    const ask = (fields: Partial<Auth>, dialect: 'v1' | 'v11' = 'v1') =>
      world.ask({ ...own, dialect }, record('Auth', { type: 'push', ...fields }))
    expect((await ask({ push: 'T', os: 'android' })).answers).toEqual([record('io', { code: '', data: '' })])
    expect(await sessionOf(own.clientId)).toMatchObject({ push: 'T', os: 'android' })
    for (const fields of [{ client_id: 'emqttd_other' }, { dev_key: 'x' }, { phone: boris }]) {
      expect((await ask({ push: 'U', os: 'ios', ...fields })).error).toBe('mismatch_user_data')
    }
    expect((await ask({ push: null, os: 'ios' }, 'v11')).answers).toEqual([ok('push')])
    expect(await sessionOf(own.clientId)).toMatchObject({ push: null, os: 'ios' })
  })

  test('push takes the token away from the session that had it before, of this account or of another', async () => {
    const phone = newPhone()
    const [first, second, stranger] = [await loggedIn(phone, 'push1'), await loggedIn(phone, 'push2'), await loggedIn(newPhone(), 'push3')]
    const report = (who: Caller, push: string | null) => world.ask(who, record('Auth', { type: 'push', push, os: 'ios' }))
    const state = async () => ({
      tokens: await Promise.all([first, second, stranger].map(async ({ clientId }) => (await sessionOf(clientId))?.push)),
      listed: [await pushesOf(phone), await pushesOf(phoneOfCaller(stranger))],
    })
    await report(first, 'T')
    await report(second, 'T')
    expect(await state()).toEqual({ tokens: [null, 'T', null], listed: [[second.clientId], []] })
    await report(first, 'U')
    await report(stranger, 'T')
    expect(await state()).toEqual({ tokens: ['U', null, 'T'], listed: [[first.clientId], [stranger.clientId]] })
    // Who has reported another one since has nothing to lose, and nobody takes an absent token from anybody.
    await report(stranger, 'V')
    await report(second, 'T')
    await report(second, null)
    expect(await state()).toEqual({ tokens: ['U', null, 'V'], listed: [[first.clientId], [stranger.clientId]] })
  })

  test('are nobody else’s: registrations and unknown devices are not authorized', async () => {
    for (const type of ['logout', 'push', 'list', 'delete', 'clear', 'update'] as const) {
      expect((await world.auth('reg_x', { type })).answers).toEqual([err('not_authorized')])
    }
    const anonymous: Caller = {
      ...registrationOf('emqttd_x'),
      client: { kind: 'anonymous', clientId: clientIdOf('emqttd_x'), userName: '' },
    }
    expect((await world.ask(anonymous, record('Auth', { type: 'reg', phone: ann }))).error).toBe('not_authorized')
  })
})

describe('INIT', () => {
  const ask = async (caller: Caller, token: string | null): Promise<string> => {
    const [answer] = (await world.ask(caller, record('init', { token }))).answers
    if (answer?.tag !== 'io' || answer.code !== '') throw new Error('not answered')
    const { data } = answer
    return typeof data === 'object' && data !== null && 'tag' in data && data.tag === 'Token' ? (data.token ?? '') : ''
  }

  test('answers a token of the client id, and stores nothing', async () => {
    const [one, two] = [registrationOf('reg_init1'), registrationOf('reg_init2')]
    const token = await ask(one, null)
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(await ask(one, token)).toBe(token)
    expect(await ask(two, token)).not.toBe(token)
    expect(await ask(one, 'made up')).not.toBe('made up')
    expect(await world.store.scan(formerInitTokens.prefix(), { limit: 1 })).toEqual([])
  })

  test('answers a device its login token', async () => {
    const caller = await loggedIn()
    expect(await ask(caller, 'anything')).toBe(caller.token)
  })
})

test('flow 1: registration, a wrong code, login, a name, a nick', async () => {
  const phone = newPhone()
  const reg = (fields: Partial<Auth>) => world.auth('reg_flow', { client_id: 'reg_flow', dev_key: 'DEV-A1', phone, ...fields })
  const { jobs } = await reg({ type: 'reg', os: 'ios' })
  expect((await reg({ type: 'verify', sms_code: wrong(jobs[0]?.code ?? '') })).answers).toEqual([err('invalid_sms_code')])
  const verified = await reg({ type: 'verify', sms_code: jobs[0]?.code ?? '' })
  const device = deviceIn(verified.answers)
  const connection = await world.connect(device.id, device.token)
  if (connection.kind === 'refused') throw new Error('refused')
  expect(connection.result.answers).toEqual([record('vnode_max', { node: 4 }), { ...(verified.answers[1] as Profile), presence: 'online' }])
  const id = Number((await world.rosterOf(phone)).split('_')[1])
  world.now += 1
  const named = await world.ask(connection.caller, record('Roster', { id, names: 'Anna', surnames: 'Koval', status: 'patch' }))
  world.now += 1
  const nicked = await world.ask(connection.caller, record('Roster', { id, nick: 'anna_k', status: 'nick' }))
  for (const [{ answers, pushes }, nick, status, update] of [
    [named, null, 'patch', start + 1],
    [nicked, 'anna_k', 'nick', start + 2],
  ] as const) {
    expect(answers).toEqual([])
    expect(pushes.map(({ topic, to, record: pushed }) => [topic, to, short(pushed)])).toEqual([
      [`ses/${phone}`, [device.id], `Roster ${status}`],
    ])
    expect(pushes[0]?.record).toMatchObject({
      id,
      names: 'Anna',
      surnames: 'Koval',
      nick,
      phone,
      update,
      userlist: [{ names: 'Anna', nick, update }],
    })
  }
})
