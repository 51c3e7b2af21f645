/** What wrong codes cost, and whom. docs/decisions/0201. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { type Auth, err, record, type RecordOf } from '../../protocol/index.js'
import { protocolLimits, type RpcContext } from '../../rpc/context.js'
import { verifiedSites } from '../../rpc/documents/index.js'
import type { Phone } from '../../topics/index.js'
import { type AccountWorld, deviceIn, openAccountWorld, phoneOf, registrationOf, type Result } from './account-world.js'

const number = phoneOf('380500000001')
const home = '192.0.2.1'
const elsewhere = '198.51.100.7'

let world: AccountWorld
let names = 0
afterEach(() => world.close())

async function open(limits: Partial<RpcContext['limits']> = {}, parts: Partial<RpcContext> = {}): Promise<void> {
  world = await openAccountWorld({ limits: { ...protocolLimits, ...limits }, ...parts })
}

/** A registration of the number, from an address. */
interface Registration {
  readonly sent: Result
  readonly code: string
  ask(fields: Partial<Auth>): Promise<Result>
  verify(code: string): Promise<Result>
  /** Gives so many wrong codes. @returns what the last was answered */
  guess(times: number): Promise<Result>
}

async function begin(address: string, phone = number): Promise<Registration> {
  const caller = { ...registrationOf(`reg_${String(names++)}`), address }
  const ask = (fields: Partial<Auth>): Promise<Result> => world.ask(caller, record('Auth', fields))
  const sent = await ask({ phone, type: 'reg' })
  const code = sent.jobs[0]?.code ?? ''
  const verify = (sms_code: string): Promise<Result> => ask({ type: 'verify', sms_code })
  const guess = async (times: number): Promise<Result> => {
    let result = sent
    for (let i = 0; i < times; i++) result = await verify(code === '000000' ? '000001' : '000000')
    return result
  }
  return { sent, code, ask, verify, guess }
}

describe('a stranger who gives wrong codes for a number', () => {
  test('burns the codes of his registrations, and keeps nobody else from registering', async () => {
    await open()
    const owner = await begin(home)
    for (let i = 0; i < 3; i++) {
      const stranger = await begin(elsewhere)
      expect((await stranger.guess(4)).error).toBe('invalid_sms_code')
      expect((await stranger.guess(1)).answers).toEqual([err('attempts_expired', 0)])
      // The right one comes too late, as do repetitions of it.
      expect((await stranger.verify(stranger.code)).answers).toEqual([err('attempts_expired', 0)])
      for (const type of ['resend', 'voice'] as const) expect((await stranger.ask({ type })).answers).toEqual([err('attempts_expired', 0)])
    }
    expect(deviceIn((await owner.verify(owner.code)).answers).id).toMatch(/^emqttd_/)
    const again = await begin(home)
    expect((await again.verify(again.code)).error).toBeUndefined()
  })

  test('uses up no more than a share of the codes of that number from one address', async () => {
    await open()
    while ((await begin(elsewhere)).sent.error === undefined);
    const owner = await begin(home)
    expect((await owner.verify(owner.code)).error).toBeUndefined()
  })

  test('from many addresses uses up all that strangers get; who has verified the number before has codes of his own', async () => {
    await open()
    const before = await begin(home)
    expect((await before.verify(before.code)).error).toBeUndefined()
    const flood = async (): Promise<void> => {
      for (let i = 0; i < 40; i++) await begin(`198.51.${String(i)}.1`)
    }
    await flood()
    expect((await begin('203.0.113.77')).sent.error).toBe('attempts_expired')
    for (let i = 0; i < 8; i++) {
      const owner = await begin(home)
      expect(owner.sent.error).toBeUndefined()
      await flood()
      if (i === 7) expect((await owner.verify(owner.code)).error).toBeUndefined()
    }
    // It has a limit too, and the answer names the shorter of the two waits.
    const { answers } = (await begin(home)).sent
    expect(answers).toEqual([err('attempts_expired', expect.any(Number) as never)])
  })

  test('and verifies no number from there gains none', async () => {
    await open()
    await (await begin(elsewhere)).guess(5)
    for (let i = 0; i < 40; i++) await begin(`198.51.${String(i)}.1`)
    expect((await begin(elsewhere)).sent.error).toBe('attempts_expired')
  })

  test('uses up the total, of which a quarter is kept for sites where a number was verified', async () => {
    await open({ codesPerDay: 8 })
    const before = await begin(home)
    expect((await before.verify(before.code)).error).toBeUndefined()
    for (let i = 0; i < 8; i++) await begin(`198.51.${String(i)}.1`, phoneOf(`3805000020${String(i).padStart(2, '0')}`))
    expect((await begin(elsewhere, phoneOf('380500003000'))).sent.error).toBe('attempts_expired')
    expect((await begin(home)).sent.error).toBeUndefined()
    expect((await begin(home)).sent.error).toBeUndefined()
    expect((await begin(home)).sent.error).toBe('attempts_expired')
  })
})

describe('wrong codes count against the address they come from', () => {
  const other = (i: number): Phone => phoneOf(`3805000030${String(i).padStart(2, '0')}`)

  test('whatever the numbers: then it tries no more, right or wrong, and gets no code, until some have come back', async () => {
    await open({ wrongCodesPerAddress: 6 })
    const open6 = await Promise.all(Array.from({ length: 4 }, (_, i) => begin(elsewhere, other(i))))
    await open6[0]?.guess(4)
    await open6[1]?.guess(2)
    const [, , third] = open6
    const refused = [err('attempts_expired', 4 * 3_600)]
    expect((await third!.verify(third!.code)).answers).toEqual(refused)
    expect((await begin(elsewhere, other(9))).sent.answers).toEqual(refused)
    // Elsewhere nobody is concerned.
    const owner = await begin(home, other(2))
    expect((await owner.verify(owner.code)).error).toBeUndefined()
    world.now += 4 * 3_600_000
    const later = await begin(elsewhere, other(9))
    expect((await later.verify(later.code)).error).toBeUndefined()
  })

  test('a right code costs nothing', async () => {
    await open({ wrongCodesPerAddress: 1 })
    for (let i = 0; i < 3; i++) {
      const one = await begin(home, other(i))
      expect((await one.verify(one.code)).error).toBeUndefined()
    }
  })

  test('not who is where the number was verified before', async () => {
    await open({ wrongCodesPerAddress: 2 })
    const before = await begin(home)
    await before.verify(before.code)
    await (await begin(home, other(1))).guess(2)
    expect((await begin(home, other(2))).sent.error).toBe('attempts_expired')
    const owner = await begin(home)
    expect((await owner.guess(4)).error).toBe('invalid_sms_code')
    expect((await owner.verify(owner.code)).error).toBeUndefined()
  })

  test('for moves and mails as well', async () => {
    await open({ wrongCodesPerAddress: 2 })
    const me = { ...(await world.login(await world.register('reg_me', number))), address: elsewhere }
    const profile = (parts: Partial<RecordOf<'Profile'>>): Promise<Result> => world.ask(me, record('Profile', parts))
    const mail = (password: string | null) => [record('Service', { type: 'email', login: 'me@example.com', password })]
    const [moved] = (await profile({ phone: other(1), status: 'migrate' })).jobs
    const [mailed] = (await profile({ phone: number, status: 'link', services: mail(null) })).jobs
    const wrong = (code: string): string => (code === '000000' ? '000001' : '000000')
    const move = (code: string): Promise<Result> =>
      profile({ phone: other(1), status: 'phone', services: [record('Service', { login: other(1), password: code })] })
    expect((await move(wrong(moved!.code))).error).toBe('wrong_code')
    expect((await profile({ phone: number, status: 'email', services: mail(wrong(mailed!.code)) })).error).toBe('wrong_code')
    expect((await move(moved!.code)).error).toBe('attempts_expired')
    expect((await profile({ phone: number, status: 'email', services: mail(mailed!.code) })).error).toBe('attempts_expired')
  })

  test('a try costs nothing more when two of them come at the same time, and none is lost', async () => {
    await open({ wrongCodesPerAddress: 5 })
    const both = [await begin(elsewhere, other(1)), await begin(elsewhere, other(2))]
    await Promise.all(both.map((one) => one.guess(2)))
    expect((await both[0]!.guess(1)).error).toBe('invalid_sms_code')
    expect((await both[1]!.guess(1)).error).toBe('attempts_expired')
  })
})

test('an account that is removed leaves no trace of where its number was verified, nor does a number that is left', async () => {
  await open()
  const rows = async (): Promise<readonly string[]> => (await world.store.scan(verifiedSites.prefix(), { limit: 10 })).map(({ key }) => key)
  const one = await begin(home)
  const me = { ...(await world.login(deviceIn((await one.verify(one.code)).answers))), address: home }
  expect(await rows()).toEqual([verifiedSites.key(number)])
  const next = phoneOf('380500009999')
  const [job] = (await world.ask(me, record('Profile', { phone: next, status: 'migrate' }))).jobs
  const services = [record('Service', { login: next, password: job!.code })]
  await world.ask(me, record('Profile', { phone: next, services, status: 'phone' }))
  expect(await rows()).toEqual([verifiedSites.key(next)])
  await world.ask(me, record('Profile', { phone: number, status: 'remove' }))
  expect(await rows()).toEqual([])
})

test('of the sites of a number the last eight are kept, for as long as a session lives', async () => {
  await open({ codesPerReceiverHour: Infinity, codesPerReceiverDay: Infinity })
  const verifyAt = async (address: string): Promise<void> => {
    const one = await begin(address)
    await one.verify(one.code)
  }
  for (let i = 0; i < 10; i++) await verifyAt(`198.51.${String(i)}.1`)
  await verifyAt('198.51.4.1')
  const bytes = await world.store.get(verifiedSites.key(number))
  expect(bytes && verifiedSites.decode(bytes).map(({ site }) => site)).toEqual([2, 3, 5, 6, 7, 8, 9, 4].map((i) => `198.51.${String(i)}.1`))
})
