/** Devices connected to several processes of a cluster, and what becomes of them when a process dies: their presence and their inboxes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { record } from '../../protocol/index.js'
import { clusterMembers, contacts, online, presences, sessions } from '../../rpc/documents/index.js'
import { remained } from '../../rpc/handlers/connect/remained.js'
import { removeFormerRows } from '../../rpc/runtime/members/former-rows.js'
import { takeOver, type TakeOverWorld } from '../../rpc/runtime/members/take-over.js'
import type { Caller } from '../../rpc/request.js'
import { leftBehindItem } from '../../rpc/runtime/worker/timed-tables.js'
import { type Phone, parsePhone, type PhoneId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { type AccountWorld, ann, boris, type Device, openAccountWorld, type Result, start } from './account-world.js'

let world: AccountWorld
let a1: Device
let a2: Device
let b1: Device
let pa: PhoneId
let pb: PhoneId
/** What has been pushed to Boris, in order. */
let pushed: string[]

/** Ann and Boris are friends. */
beforeAll(async () => {
  world = await openAccountWorld()
  a1 = await world.register('reg_A1', ann)
  a2 = await world.register('reg_A2', ann)
  b1 = await world.register('reg_B1', boris)
  ;[pa, pb] = [await world.rosterOf(ann), await world.rosterOf(boris)]
  const friend = { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: start, update: start } as const
  await world.put(contacts.put(friend, pa, pb), contacts.put(friend, pb, pa))
})
afterAll(() => world.close())

beforeEach(async () => {
  pushed = []
  world.now = start
  world.others.clear()
  const rows = [...(await rowsOf('online/')), ...(await rowsOf('cluster/')), ...(await rowsOf('presence/'))]
  await world.put(...rows.map((key) => ({ key, value: undefined })))
})

const rowsOf = async (prefix: string) => (await world.store.scan(prefix, { limit: 1_000 })).map(({ key }) => key)

function note({ pushes }: Result): void {
  for (const { topic, to, record: one } of pushes) {
    if (topic === `ac/${pa}` && to.includes(boris) && 'presence' in one) pushed.push(String(one.presence))
  }
}

/** From now on it is process `boot` that acts; these others live. */
function at(boot: string, ...others: readonly string[]): void {
  world.boot = boot
  world.others.clear()
  for (const other of others) world.others.add(other)
}

async function connect(device: Device): Promise<Caller> {
  const connection = await world.connect(device.id, device.token)
  if (connection.kind === 'refused') throw new Error(`CONNACK ${String(connection.code)}`)
  note(connection.result)
  return connection.caller
}

async function disconnect(caller: Caller): Promise<void> {
  note(await world.disconnect(caller))
}

async function open(device: Device, holder: string): Promise<void> {
  await world.store.commit({ opens: [{ client: device.id, holder }] })
}

/** `dead` is dead, and this process is its heir. */
async function inherit(dead: string, heir: string | null = world.boot): Promise<void> {
  await world.put(clusterMembers.put({ beat: 1, joined: 1, variants: 0, heir, host: 'h', pid: 1, version: '0' }, 'all', dead))
}

function seeTo(dead: string, parts: Partial<TakeOverWorld> = {}): Promise<boolean> {
  return takeOver(dead, {
    ...{ store: world.store, heir: world.boot, isLive: (boot) => boot === world.boot || world.others.has(boot) },
    depart: async (device) => {
      note(await world.run(leftBehindItem(device, () => world.now)))
    },
    adopt: () => Promise.resolve(true),
    pause: () => Promise.resolve(),
    isStopped: () => false,
    ...parts,
  })
}

async function noted(phone: Phone) {
  const bytes = await world.store.get(presences.key(phone))
  return bytes && presences.decode(bytes)
}

describe('a phone with devices on several processes', () => {
  test('comes with the first and goes with the last, wherever they are', async () => {
    at('a', 'b')
    const first = await connect(a1)
    at('b', 'a')
    const second = await connect(a2)
    expect(await rowsOf('online/')).toEqual([`online/a/${a1.id}`, `online/b/${a2.id}`])
    at('a', 'b')
    await disconnect(first)
    expect(pushed).toEqual(['online'])
    at('b', 'a')
    await disconnect(second)
    expect(pushed).toEqual(['online', 'offline'])
    expect([await rowsOf('online/'), (await noted(ann))?.devices]).toEqual([[], []])
  })

  test('is online for others as long as one of the processes lives', async () => {
    at('a', 'b')
    await connect(a1)
    const asker = { ...(await connect(b1)), dialect: 'v11' } as const
    const ask = async () => (await world.ask(asker, record('Presence', { uid: pa }))).answers[0]
    at('b', 'a')
    expect(await ask()).toMatchObject({ status: 'online' })
    at('b')
    expect(await ask()).toMatchObject({ status: 'offline' })
  })

  test('has not changed when a device moves from one process to another', async () => {
    at('a', 'b')
    const before = await connect(a1)
    at('b', 'a')
    const after = await connect(a1)
    expect([pushed, await rowsOf('online/')]).toEqual([['online'], [`online/b/${a1.id}`]])
    expect((await noted(ann))?.devices).toEqual([{ client: a1.id, boot: 'b' }])
    await disconnect(after)
    at('a', 'b')
    await disconnect(before)
    expect(pushed).toEqual(['online', 'offline'])
  })
})

describe('the heir of a dead process', () => {
  test('announces that its devices are gone, gives up their inboxes, and forgets them', async () => {
    at('a', 'b')
    await connect(a1)
    await open(a1, 'a')
    const before = await world.store.inboxHead(a1.id)
    at('b')
    world.now += 9_000
    await inherit('a')
    expect(await seeTo('a')).toBe(true)
    expect([pushed, await rowsOf('online/'), await noted(ann)]).toEqual([
      ['online', 'offline'],
      [],
      { devices: [], update: start + 9_000, told: { level: 1, at: start + 9_000 } },
    ])
    expect(await world.store.inboxHead(a1.id)).toMatchObject({ holder: '', epoch: (before?.epoch ?? 0) + 1 })
    const session = await world.store.get(sessions.key(clientIdOf(a1.id)))
    expect(session && sessions.decode(session).lastOnline).toBe(start + 9_000)
  })

  test('says nothing of a phone that has another device connected', async () => {
    at('a', 'b')
    await connect(a1)
    at('b', 'a')
    const second = await connect(a2)
    at('b')
    await inherit('a')
    expect([await seeTo('a'), pushed]).toEqual([true, ['online']])
    expect((await noted(ann))?.devices).toEqual([{ client: a2.id, boot: 'b' }])
    await disconnect(second)
    expect(pushed).toEqual(['online', 'offline'])
  })

  test('says once that a phone is gone of which the dead process had two devices', async () => {
    at('a', 'b')
    await connect(a1)
    await connect(a2)
    at('b')
    await inherit('a')
    expect([await seeTo('a'), pushed, await rowsOf('online/')]).toEqual([true, ['online', 'offline'], []])
  })

  test('says nothing more of a phone whose last device on a living process has gone meanwhile', async () => {
    at('a', 'b')
    await connect(a1)
    at('b', 'a')
    const last = await connect(a2)
    at('b')
    await disconnect(last)
    expect(pushed).toEqual(['online', 'offline'])
    await inherit('a')
    expect([await seeTo('a'), pushed, await rowsOf('online/')]).toEqual([true, ['online', 'offline'], []])
  })

  test('says nothing of a device that has connected elsewhere', async () => {
    at('a', 'b')
    await connect(a1)
    await open(a1, 'a')
    at('b')
    await inherit('a')
    await open(a1, 'b')
    const head = await world.store.inboxHead(a1.id)
    // Its inbox is open, its arrival is yet to be announced.
    expect([await seeTo('a'), await rowsOf('online/')]).toEqual([false, [`online/a/${a1.id}`]])
    at('b', 'a')
    await connect(a1)
    at('b')
    expect([await seeTo('a'), pushed]).toEqual([true, ['online']])
    expect(await world.store.inboxHead(a1.id)).toEqual(head)
    expect((await noted(ann))?.devices).toEqual([{ client: a1.id, boot: 'b' }])
  })

  test('leaves a device alone that connects while it is looked at', async () => {
    at('a', 'b')
    await connect(a1)
    await open(a1, 'a')
    at('b')
    await inherit('a')
    const isDone = await seeTo('a', {
      async depart(device) {
        await open(a1, 'b')
        note(await world.run(leftBehindItem(device, () => world.now)))
      },
    })
    expect([isDone, pushed, (await world.store.inboxHead(a1.id))?.holder]).toEqual([false, ['online'], 'b'])
  })

  test('sees to a device whose next process has died as well before it was announced there', async () => {
    at('a', 'b', 'c')
    await connect(a1)
    await open(a1, 'c')
    at('b')
    await inherit('a')
    expect([await seeTo('a'), pushed]).toEqual([true, ['online', 'offline']])
  })

  test('does nothing any more once the process turns out to live, which announces again what was announced wrongly', async () => {
    at('a', 'b')
    const first = await connect(a1)
    const second = await connect(b1)
    await open(b1, 'a')
    const head = await world.store.inboxHead(b1.id)
    at('b')
    await inherit('a')
    let count = 0
    const isDone = await seeTo('a', {
      async depart(device) {
        if (device.client === b1.id && count++ === 0) await inherit('a', null)
        note(await world.run(leftBehindItem(device, () => world.now)))
      },
    })
    expect([isDone, await seeTo('a'), await world.store.inboxHead(b1.id)]).toEqual([false, false, head])
    expect(await rowsOf('online/')).toContain(`online/a/${b1.id}`)
    at('a', 'b')
    for (const caller of [first, second]) {
      const event = { caller, now: world.now }
      note(await world.run(itemOf(caller, async (facts) => remained.decide(event, await remained.read(event, facts)))))
    }
    expect([await rowsOf('online/'), pushed.at(-1)]).toEqual([[`online/a/${a1.id}`, `online/a/${b1.id}`], 'online'])
  })

  const manyLeft = async () => {
    const many = Array.from({ length: 250 }, (_, i) => ({
      client: clientIdOf(`emqttd_M${String(i)}`),
      phone: parsePhone(`38067${String(1_000_000 + i)}`) as Phone,
    }))
    const puts = many.flatMap(({ client, phone }) => [
      presences.put({ devices: [{ client, boot: 'a' }], update: start }, phone),
      online.put({ phone }, 'a', client),
    ])
    await world.put(...puts)
    at('b')
    await inherit('a')
    return many
  }

  test('looks no further once it is the heir no more', async () => {
    await manyLeft()
    let asked = 0
    const depart: TakeOverWorld['depart'] = async () => {
      if (asked++ === 0) await inherit('a', 'c')
    }
    expect([await seeTo('a', { depart }), asked]).toEqual([false, 100])
  })

  test('goes on where the one before it has died, however many devices there are', async () => {
    const many = await manyLeft()
    const departed: string[] = []
    const depart: TakeOverWorld['depart'] = async (device) => {
      departed.push(device.client)
      await world.run(leftBehindItem(device, () => world.now))
    }
    expect(await seeTo('a', { depart, isStopped: () => departed.length > 0 })).toBe(false)
    expect(departed).toHaveLength(100)
    at('c')
    await inherit('a')
    expect([await seeTo('a', { depart }), departed.length, new Set(departed).size]).toEqual([true, 250, 250])
    expect(await rowsOf('online/')).toEqual([])
    expect((await Promise.all(many.map(({ phone }) => noted(phone)))).flatMap((one) => one?.devices)).toEqual([])
  })
})

test('a process that has its store for itself forgets what earlier starts have noted of their devices, and no more', async () => {
  at('a')
  await connect(a1)
  at('b')
  const caller = await connect(b1)
  await world.put(...Array.from({ length: 1_200 }, (_, i) => online.put({ phone: ann }, `z${String(i)}`, clientIdOf('emqttd_Z'))))
  expect(await removeFormerRows(world.store, 'b', () => Promise.resolve())).toBe(1_201)
  expect(await rowsOf('online/')).toEqual([`online/b/${b1.id}`])
  await disconnect(caller)
  expect(await rowsOf('online/')).toEqual([])
})

type Evaluate = Parameters<AccountWorld['run']>[0]['evaluate']

function itemOf({ clientId }: Caller, evaluate: Evaluate): Parameters<AccountWorld['run']>[0] {
  const asker = { connection: 1, clientId, actionsTopic: '', hasInbox: false, qos: 1 } as const
  return { asker, request: 0, isRepeated: false, answersRefusals: false, evaluate }
}
