import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { err, record } from '../../protocol/index.js'
import { contacts, type MemberDocument, members, roomsOf, sessions } from '../../rpc/documents/index.js'
import type { ContactDocument } from '../../rpc/documents/index.js'
import type { FactReader } from '../../rpc/facts.js'
import { hashToken, isCode, isTokenOf, newCode, newToken } from '../../rpc/tokens.js'
import { noBans, putBans } from '../../rpc/views/parting.js'
import { parseRoomId, type Phone, type PhoneId, type RoomId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import {
  type AccountWorld,
  ann,
  boris,
  clara,
  type Connection,
  day,
  type Device,
  deviceIn,
  openAccountWorld,
  type Result,
  short,
  start,
} from './account-world.js'

let world: AccountWorld
let a1: Device
let a2: Device
let b1: Device
let c1: Device
let pa: PhoneId
let pb: PhoneId
let pc: PhoneId

/** Ann and Boris are friends; Ann and Clara share a room. */
beforeAll(async () => {
  world = await openAccountWorld()
  a1 = await world.register('reg_A1', ann)
  a2 = await world.register('reg_A2', ann)
  b1 = await world.register('reg_B1', boris)
  c1 = await world.register('reg_C1', clara)
  ;[pa, pb, pc] = [await world.rosterOf(ann), await world.rosterOf(boris), await world.rosterOf(clara)]
  await world.put(contacts.put(contact({}), pa, pb), contacts.put(contact({}), pb, pa))
  await world.put(...[pa, pc].flatMap((member) => joined(member)))
})
afterAll(() => world.close())
let starts = 0
beforeEach(() => {
  world.now = start
  // As after a restart: nobody is connected.
  world.boot = `boot ${String(starts++)}`
})

function contact(parts: Partial<ContactDocument>): ContactDocument {
  return { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start, ...parts }
}

function joined(member: PhoneId): ReturnType<typeof roomsOf.put>[] {
  const room = parseRoomId('r1') as RoomId
  const blank = { isSilent: false, avatar: null, names: null, surnames: null, alias: null, email: null, voxId: null, settings: [] }
  const document: MemberDocument = { id: 1, role: 'member', isMuted: false, ...blank, joined: start, update: start }
  return [roomsOf.put({ joined: start }, member, room), members.put(document, room, member)]
}

function accepted(connection: Connection): Connection & { kind: 'connected' } {
  if (connection.kind === 'refused') throw new Error(`CONNACK ${String(connection.code)}`)
  return connection
}

const connect = async (device: Device) => accepted(await world.connect(device.id, device.token))
const told = ({ pushes }: Result): readonly unknown[] =>
  pushes.map(({ topic, to, record: pushed }) => [topic, to, 'presence' in pushed ? pushed.presence : ''])

describe('the password', () => {
  for (const { rule, client = 'emqttd_A1', password, outcome } of [
    { rule: 'right: accepted', password: () => a1.token, outcome: 'device' },
    { rule: 'wrong: 4', password: () => a2.token, outcome: 4 },
    { rule: 'empty, of a known device: 4', password: () => '', outcome: 4 },
    { rule: 'none, of a known device: 4', password: () => null, outcome: 4 },
    { rule: 'the hash instead of the token: 4', password: () => hashToken(a1.token), outcome: 4 },
    { rule: 'none, of an unknown device: anonymous', client: 'emqttd_Z9', password: () => null, outcome: 'anonymous' },
    { rule: 'any, of an unknown device: 4', client: 'emqttd_Z9', password: () => a1.token, outcome: 4 },
    { rule: 'of a registration does not matter', client: 'reg_Z9', password: () => 'x', outcome: 'registration' },
    { rule: 'right, of a service', client: 'sys_news', password: () => 'secret', outcome: 'service' },
    { rule: 'wrong, of a service: 4', client: 'sys_news', password: () => 'secret2', outcome: 4 },
    { rule: 'none, of a service: 4', client: 'sys_news', password: () => null, outcome: 4 },
    { rule: 'any, of an unknown service: 4', client: 'sys_other', password: () => '', outcome: 4 },
    { rule: 'empty, of a service without a secret: 4', client: 'sys_blank', password: () => '', outcome: 4 },
    { rule: 'of a client id with an unknown prefix: 2', client: 'mqttjs_1', password: () => null, outcome: 2 },
  ])
    test(rule, async () => {
      const connection = await world.connect(client, password(), {
        services: new Map([
          ['news', 'secret'],
          ['blank', ''],
        ]),
      })
      expect(connection.kind === 'refused' ? connection.code : connection.caller.client.kind).toBe(outcome)
    })
})

describe('a token', () => {
  test('past its life is renewed; the old one stays good until the new one is used', async () => {
    const device = await world.register('reg_T1', ann)
    world.now += 30 * day - 1
    expect((await connect(device)).result.answers.map(short)).toEqual(['vnode_max', 'Profile init'])
    world.now += 1
    const first = await connect(device)
    expect(first.result.answers.map(short)).toEqual(['vnode_max', 'ok2 login', 'Profile init'])
    // The answer was lost: the old token once more, and another new one.
    const second = await connect(device)
    const tokens = [first, second].map(({ result }) => deviceIn(result.answers).token)
    expect(new Set([device.token, ...tokens]).size).toBe(3)
    expect(await world.connect(device.id, tokens[0] ?? '')).toEqual({ kind: 'refused', code: 4 })
    const renewed = { id: device.id, token: tokens[1] ?? '' }
    expect((await connect(renewed)).result.answers.map(short)).toEqual(['vnode_max', 'Profile init'])
    expect(await world.connect(device.id, device.token)).toEqual({ kind: 'refused', code: 4 })
    await connect(renewed)
  })

  test('unused for 180 days is void', async () => {
    const device = await world.register('reg_T2', ann)
    world.now += 180 * day - 1
    const { caller } = await connect(device)
    await world.disconnect(caller)
    world.now += 180 * day
    expect(await world.connect(device.id, device.token)).toEqual({ kind: 'refused', code: 4 })
  })

  test('is 256 random bits, and only its hash is stored', async () => {
    expect(newToken(() => new Uint8Array(32).fill(255))).toBe('ff'.repeat(32))
    expect(isTokenOf('a', hashToken('a'))).toBe(true)
    expect(isTokenOf('a', hashToken('b'))).toBe(false)
    expect(isTokenOf('a', '')).toBe(false)
    const bytes = Buffer.from((await world.store.get(sessions.key(clientIdOf(a1.id)))) ?? [])
    expect(bytes.includes(a1.token)).toBe(false)
    expect(bytes.includes(hashToken(a1.token))).toBe(true)
  })

  test('and code differ: a code has six digits, and a burnt one matches nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => /^\d{6}$/.test(newCode(() => bytes))))
    expect([isCode('123456', '123456'), isCode('123457', '123456'), isCode('', ''), isCode(null, '')]).toEqual([true, false, false, false])
  })
})

describe('after CONNACK', () => {
  test('the caller gets vnode_max and the Profile, then friends and fellow members get `online`', async () => {
    const { result } = await connect(a1)
    expect(result.answers).toMatchObject([
      { tag: 'vnode_max', node: 4 },
      { tag: 'Profile', phone: ann, presence: 'online', status: 'init' },
    ])
    expect(told(result)).toEqual([
      [`ac/${pa}`, [boris], 'online'],
      [`muc/${pa}`, [clara], 'online'],
    ])
    expect(result.pushes[0]).toMatchObject({ isLive: true, record: record('Contact', { phone_id: pa, presence: 'online', update: start }) })
  })

  test('the dialect is remembered with the device', async () => {
    await world.connect(b1.id, b1.token, { dialect: 'v11' })
    const stored = await world.store.get(sessions.key(clientIdOf(b1.id)))
    expect(stored && sessions.decode(stored)).toMatchObject({ dialect: 'v11', lastOnline: start })
  })

  for (const client of ['reg_N1', 'emqttd_N1', 'sys_news'])
    test(`${client} gets vnode_max only`, async () => {
      const connection = accepted(
        await world.connect(client, client === 'sys_news' ? 'secret' : null, { services: new Map([['news', 'secret']]) }),
      )
      expect(connection.result.answers).toEqual([record('vnode_max', { node: 4 })])
      expect((await world.disconnect(connection.caller)).pushes).toEqual([])
    })

  test('a version that is not spoken is told so and closed, with no presence', async () => {
    const { caller, result } = accepted(await world.connect(a1.id, a1.token, { isVersionSupported: false }))
    expect(result).toMatchObject({ answers: [err('invalid_version')], pushes: [], closed: [a1.id] })
    expect((await world.disconnect(caller)).pushes).toEqual([])
  })

  test('a device logged out meanwhile is closed', async () => {
    const device = await world.register('reg_L1', ann)
    const caller = await world.login(device)
    const bytes = await world.store.get(sessions.key(clientIdOf(device.id)))
    await world.put(sessions.remove(caller.clientId))
    // It was accepted before, and is announced after.
    const { connected } = await import('../../rpc/handlers/connect/connected.js')
    const event = { caller, isVersionSupported: true, now: world.now, context: world.context }
    const nobodyElse = { noted: undefined, isConnected: false, others: [], update: 0, audiences: [] }
    const presence = { told: undefined, phone: ann, client: caller.clientId, boot: 'x', ...nobodyElse }
    const outcome = connected.decide(event, { session: undefined, profile: undefined, presence, newToken: '', isTokenKnown: true })
    expect(bytes).toBeDefined()
    expect(outcome).toMatchObject({ kind: 'accepted', puts: [], sends: [], effects: [{ kind: 'disconnect', client: device.id }] })
  })
})

test('what a device has spoken last is kept at once when its connection breaks; its presence is as it was', async () => {
  const { caller } = await connect(a1)
  const { lost } = await import('../../rpc/handlers/connect/lost.js')
  const breaks = (codec: 'json' | 'bert') => {
    const event = { caller: { ...caller, codec }, now: world.now }
    const asker = { connection: 1, clientId: caller.clientId, actionsTopic: '', hasInbox: false, qos: 1 } as const
    const evaluate = async (facts: FactReader) => lost.decide(event, await lost.read(event, facts))
    return world.run({ asker, request: 0, isRepeated: false, answersRefusals: false, evaluate })
  }
  expect((await breaks('json')).pushes).toEqual([])
  const stored = await world.store.get(sessions.key(caller.clientId))
  expect(stored && sessions.decode(stored)).toMatchObject({ codec: 'json', dialect: 'v1', phone: ann })
  await breaks('bert')
  expect(told(await world.disconnect(caller))).toHaveLength(2)
})

describe('presence', () => {
  test('flow 4: the first device comes, the last one goes; takeover and others change nothing', async () => {
    const first = await connect(a1)
    world.now += 10
    const second = await connect(a2)
    const over = await connect(a1)
    const gone = await world.disconnect(second.caller)
    expect([second.result, over.result, gone].map(told)).toEqual([[], [], []])
    world.now += 10
    const last = await world.disconnect(first.caller)
    expect(told(last)).toEqual([
      [`ac/${pa}`, [boris], 'offline'],
      [`muc/${pa}`, [clara], 'offline'],
    ])
    expect(last.pushes[0]?.record).toMatchObject({ phone_id: pa, update: start + 20 })
    expect(told(await world.disconnect(first.caller))).toEqual([])
  })

  test('of others stands in the Profile: that of a friend, with the time of its last change', async () => {
    const seenBy = async (device: Device) => {
      const { answers } = (await connect(device)).result
      const profile = answers.find((answer) => answer.tag === 'Profile')
      const [roster] = profile?.rosters ?? []
      if (typeof roster !== 'object') throw new Error('no roster')
      return roster.userlist.flatMap((one) => (typeof one === 'object' && one.phone_id === pa ? [[one.presence, one.update]] : []))
    }
    world.now += 100
    const { caller } = await connect(a1)
    expect(await seenBy(b1)).toEqual([['online', start + 100]])
    world.now += 100
    await world.disconnect(caller)
    expect(await seenBy(b1)).toEqual([['offline', start + 200]])
    world.boot = 'another'
    expect(await seenBy(b1)).toEqual([['offline', start + 200]])
  })

  const banned = (by: Phone) => putBans(ann, by, { own: null, other: { by: by === boris ? pb : pc, at: start } })
  const lifted = (by: Phone) => putBans(ann, by, noBans)

  test('is hidden by a ban, both ways', async () => {
    await world.put(
      contacts.put(contact({ isBanned: true }), pa, pb),
      contacts.put(contact({ isBanned: true }), pa, pc),
      ...banned(boris),
      ...banned(clara),
    )
    const { caller, result } = await connect(a1)
    expect(told(result)).toEqual([])
    expect(told(await world.disconnect(caller))).toEqual([])
    await world.put(contacts.put(contact({}), pa, pb), contacts.remove(pa, pc), ...lifted(boris), ...lifted(clara))
  })

  test('is asked by v11 devices: of friends and fellow members only', async () => {
    const boris1 = { ...(await connect(b1)).caller, dialect: 'v11' } as const
    const ask = async (uid: string) => {
      const { answers, error } = await world.ask(boris1, record('Presence', { uid }))
      return error ?? answers.map(short)[0]
    }
    expect(await ask(pa)).toBe('Presence offline')
    await connect(a1)
    expect(await ask(pa)).toBe('Presence online')
    expect(await ask(pb)).toBe('Presence online')
    expect([await ask(pc), await ask('x')]).toEqual(['not_authorized', 'not_authorized'])
    const clara1 = await world.login(c1)
    expect((await world.ask(clara1, record('Presence', { uid: pa }))).answers.map(short)).toEqual(['Presence online'])
  })

  test('is pushed once for every change of the phone, whatever its devices do', async () => {
    const devices = [a1, a2]
    const steps = fc.array(fc.record({ device: fc.nat({ max: 1 }), isArrival: fc.boolean() }), { maxLength: 12 })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(steps, async (moves) => {
        world.boot = `run ${String(runs++)}`
        const present = new Map<number, Awaited<ReturnType<typeof connect>>['caller']>()
        for (const { device, isArrival } of moves) {
          const before = present.size > 0
          const caller = present.get(device)
          let result: Result | undefined
          if (isArrival) {
            const connection = await connect(devices[device]!)
            present.set(device, connection.caller)
            result = connection.result
          } else if (caller !== undefined) {
            present.delete(device)
            result = await world.disconnect(caller)
          }
          const after = present.size > 0
          const expected = before === after ? [] : [after ? 'online' : 'offline', after ? 'online' : 'offline']
          expect(result === undefined ? [] : result.pushes.map(({ record: pushed }) => 'presence' in pushed && pushed.presence)).toEqual(
            expected,
          )
        }
      }),
      { numRuns: 30 },
    )
  })
})
