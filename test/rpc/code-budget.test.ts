/** Who may have how many codes sent. docs/decisions/0200. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, type Auth, err, record } from '../../protocol/index.js'
import { protocolLimits, type RpcContext } from '../../rpc/context.js'
import { budgets } from '../../rpc/documents/index.js'
import type { Caller } from '../../rpc/request.js'
import type { Phone } from '../../topics/index.js'
import { type AccountWorld, ann, boris, openAccountWorld, phoneOf, registrationOf, type Result } from './account-world.js'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const number = phoneOf('380500000001')
const otherNumber = (i: number): Phone => phoneOf(`3805000010${String(i).padStart(2, '0')}`)

let world: AccountWorld
let names = 0
afterEach(() => world.close())

async function open(limits: Partial<RpcContext['limits']>, parts: Partial<RpcContext> = {}): Promise<void> {
  world = await openAccountWorld({ limits: { ...protocolLimits, ...limits }, ...parts })
}

/** A request of a registration. */
function ask(address: string, fields: Partial<Auth>, client = `reg_${String(names++)}`): Promise<Result> {
  return world.ask({ ...registrationOf(client), address }, record('Auth', fields))
}
const reg = (address: string, phone: Phone): Promise<Result> => ask(address, { phone, type: 'reg' })

/** All that is stored. */
async function rows(): Promise<readonly string[]> {
  const found = await world.store.scan('', { limit: 10_000 })
  return found.map(({ key, value }) => `${key} ${Buffer.from(value).toString('hex')}`)
}

/** How many of so many askings are answered by a code. */
async function sent(times: number, once: (i: number) => Promise<Result>): Promise<number> {
  let codes = 0
  for (let i = 0; i < times; i++) codes += (await once(i)).jobs.length
  return codes
}

describe('what is counted, by whom', () => {
  for (const { rule, limits, once, codes } of [
    {
      rule: 'a number, in an hour, whoever asks',
      limits: { codesPerReceiverHour: 4 },
      once: (i: number) => reg(`192.0.2.${String(i)}`, number),
      codes: 4,
    },
    {
      rule: 'a number with any zeros before it',
      limits: { codesPerReceiverHour: 4 },
      once: (i: number) => reg(`192.0.2.${String(i)}`, phoneOf(`${'0'.repeat(i % 4)}38050000001`)),
      codes: 4,
    },
    {
      rule: 'a number, in a day, whoever asks',
      limits: { codesPerReceiverHour: Infinity, codesPerReceiverDay: 4 },
      once: (i: number) => reg(`192.0.2.${String(i)}`, number),
      codes: 4,
    },
    {
      rule: 'a number asked for by one address: a third of what it gets',
      limits: { codesPerReceiverHour: Infinity, codesPerReceiverDay: 15 },
      once: () => reg('192.0.2.1', number),
      codes: 5,
    },
    {
      rule: 'an address, in an hour, whatever the numbers',
      limits: { codesPerAddressHour: 4 },
      once: (i: number) => reg('192.0.2.1', otherNumber(i)),
      codes: 4,
    },
    {
      rule: 'an address, in a day',
      limits: { codesPerAddressHour: Infinity, codesPerAddressDay: 4 },
      once: (i: number) => reg('192.0.2.1', otherNumber(i)),
      codes: 4,
    },
    {
      rule: 'one who varies an IPv6 address within its /48',
      limits: { codesPerAddressHour: 4 },
      once: (i: number) => reg(`2001:db8:7:${String(i)}::1`, otherNumber(i)),
      codes: 4,
    },
    { rule: 'all whose address is not known', limits: { codesPerAddressHour: 4 }, once: (i: number) => reg('', otherNumber(i)), codes: 4 },
    {
      rule: 'the whole server',
      // Another quarter is kept for those who have verified their number before.
      limits: { codesPerDay: 5 },
      once: (i: number) => reg(`198.51.${String(i)}.1`, otherNumber(i)),
      codes: 4,
    },
    { rule: 'nobody where there are no limits', limits: unlimited(), once: () => reg('192.0.2.1', number), codes: 12 },
  ])
    test(rule, async () => {
      await open(limits)
      expect(await sent(12, once)).toBe(codes)
    })
})

function unlimited(): Partial<RpcContext['limits']> {
  return {
    ...{ codesPerReceiverHour: Infinity, codesPerReceiverDay: Infinity },
    ...{ codesPerAddressHour: Infinity, codesPerAddressDay: Infinity, codesPerDay: Infinity, wrongCodesPerAddress: Infinity },
  }
}

test('limits of which none is a row store nothing', async () => {
  await open(unlimited())
  await reg('192.0.2.1', number)
  expect((await rows()).filter((row) => row.startsWith(budgets.prefix()))).toEqual([])
})

test('what many use at the same moment is counted in shards, one for all of it, which hold it together', async () => {
  let byte = 0
  const random = (count: number): Uint8Array => new Uint8Array(count).fill(byte++)
  // Of 4,000 in total 1,000 are kept: three shards of 1,000.
  await open({ codesPerDay: 4_000, codesPerAddressHour: 3_000, codesPerAddressDay: 1_999 }, { random })
  for (let i = 0; i < 12; i++) await reg('192.0.2.1', otherNumber(i))
  const shardsOf = async (of: string): Promise<readonly string[]> =>
    (await world.store.scan(budgets.prefix(of), { limit: 100 })).map(({ key }) => budgets.partsOf(key)[1])
  expect(await shardsOf('code-total')).toEqual(['all 0', 'all 1', 'all 2'])
  expect(await shardsOf('code-site-hour')).toEqual(['192.0.2.1 0', '192.0.2.1 1', '192.0.2.1 2'])
  expect(await shardsOf('code-site')).toEqual(['192.0.2.1'])
})

describe('the doors', () => {
  const device: Partial<Caller> = { address: '192.0.2.9' }
  let caller: Caller

  /** Every way to have a code sent to the same receiver, several times. */
  const doors: Readonly<Record<string, { readonly ask: (i: number) => Promise<Result> }>> = {
    'Auth/reg under fresh ids': { ask: () => reg('192.0.2.1', number) },
    'Auth/reg under the same id': {
      ask: () => {
        world.now += protocolLimits.codeKeepMs
        return ask('192.0.2.1', { phone: number, type: 'reg' }, 'reg_same')
      },
    },
    'Auth/resend': { ask: () => ask('192.0.2.1', { type: 'resend' }, 'reg_pending') },
    'Auth/voice': { ask: () => ask('192.0.2.1', { type: 'voice', services: ['ua'] }, 'reg_pending') },
    'Profile/migrate': {
      ask: () => {
        world.now += protocolLimits.codeKeepMs
        return world.ask(caller, record('Profile', { phone: number, status: 'migrate' }))
      },
    },
    'Profile/link': {
      ask: () => {
        world.now += protocolLimits.codeKeepMs
        const services = [record('Service', { type: 'email', login: 'Ann@example.com' })]
        return world.ask(caller, record('Profile', { phone: ann, services, status: 'link' }))
      },
    },
  }

  test.each(Object.entries(doors))('%s: as many as the receiver gets; a refused one says when, and stores nothing', async (_, door) => {
    await open({ codesPerReceiverHour: 4, codesPerReceiverDay: Infinity, resends: 100, migrationCodes: 100, emailCodes: 100 })
    caller = { ...(await world.login(await world.register('reg_ann', ann))), ...device }
    // The first code of the four; of a mail none has been sent yet.
    await ask('192.0.2.1', { phone: number, type: 'reg' }, 'reg_pending')
    const first = _ === 'Profile/link' ? 0 : 1
    expect(await sent(4 - first, door.ask)).toBe(4 - first)
    const before = await rows()
    const { error, answers, jobs, pushes } = await door.ask(9)
    expect([error, jobs, pushes]).toEqual(['attempts_expired', [], []])
    expect(await rows()).toEqual(before)
    const seconds = secondsOf(answers)
    expect(seconds).toBeGreaterThan(600)
    expect(seconds).toBeLessThanOrEqual(900)
    world.now += seconds * 1_000
    expect((await door.ask(10)).error).not.toBe('attempts_expired')
  })

  test('mail to an address is counted whatever its case, and whoever asks', async () => {
    await open({ codesPerReceiverHour: 2 })
    const link = async (phone: Phone, login: string): Promise<Result> => {
      const me = await world.login(await world.register(`reg_${phone}`, phone))
      return world.ask(me, record('Profile', { phone, services: [record('Service', { type: 'email', login })], status: 'link' }))
    }
    expect((await link(ann, 'x@example.com')).jobs).toHaveLength(1)
    expect((await link(boris, 'X@Example.com')).jobs).toHaveLength(1)
    expect((await link(number, 'x@EXAMPLE.com')).error).toBe('attempts_expired')
    expect((await link(otherNumber(1), 'y@example.com')).jobs).toHaveLength(1)
  })
})

function secondsOf([answer]: readonly AnyRecord[]): number {
  return answer?.tag === 'io' ? Number(answer.data) : NaN
}

test('the back-off grows: minutes once the hour is used up, an hour once the day is', async () => {
  await open({})
  const waits: number[] = []
  for (let i = 0; i < 40; i++) {
    const { answers, error } = await reg(`198.51.${String(i)}.1`, number)
    if (error !== 'attempts_expired') continue
    waits.push(secondsOf(answers))
    world.now += secondsOf(answers) * 1_000
  }
  expect(waits[0]).toBeLessThanOrEqual(5 * 60)
  expect(waits.at(-1)).toBeGreaterThan(30 * 60)
})

test('test numbers have a fixed code, whoever asks how often, and use nothing up', async () => {
  await open(
    { codesPerReceiverHour: 2, codesPerAddressHour: 2, codesPerDay: 2, wrongCodesPerAddress: 1 },
    { testNumbers: { prefixes: ['380500'], code: '112233' } },
  )
  for (let i = 0; i < 8; i++) expect((await reg('192.0.2.1', number)).error).toBeUndefined()
  expect((await reg('192.0.2.1', ann)).jobs).toHaveLength(1)
})

test('a code that is kept is not counted, nor sent', async () => {
  await open({ codesPerReceiverHour: 1 })
  expect((await ask('192.0.2.1', { phone: number, type: 'reg' }, 'reg_k')).jobs).toHaveLength(1)
  expect(await ask('192.0.2.1', { phone: number, type: 'reg' }, 'reg_k')).toMatchObject({ error: undefined, jobs: [] })
})

test('of two that ask for the last code at the same time one gets it', async () => {
  await open({ codesPerReceiverHour: 1 })
  const both = await Promise.all([reg('192.0.2.1', number), reg('192.0.2.2', number)])
  expect(both.map(({ error }) => error).sort()).toEqual(['attempts_expired', undefined])
  expect(both.find(({ error }) => error !== undefined)?.answers).toEqual([err('attempts_expired', 3_600)])
})

test('a day after, all has come back', async () => {
  await open({})
  expect(await sent(30, () => reg('192.0.2.1', number))).toBe(8)
  world.now += dayMs
  expect(await sent(30, () => reg('192.0.2.1', number))).toBe(8)
})
