/** What has expired is removed, nothing else is, and not a row more in one go than allowed. The clock is given; nothing waits. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type RpcLimits, protocolLimits } from '../../rpc/context.js'
import {
  devices,
  emailLinks,
  formerInitTokens,
  migrations,
  pendingSessions,
  presences,
  pushHolders,
  type SessionDocument,
  sessions,
  sharedBodies,
  formerLocks,
  verifiedSites,
} from '../../rpc/documents/index.js'
import { isExpired, newSweep, startSweeping, type Sweep, sweptTables, type SweepWorld } from '../../rpc/runtime/worker/sweep.js'
import type { Put, Row } from '../../store/contract.js'
import { type Phone, parsePhoneId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { type AccountWorld, ann, boris, clara, day, minute, openAccountWorld, start } from './account-world.js'

const limits: RpcLimits = protocolLimits
const nothing = Object.fromEntries(sweptTables.map((name) => [name, 0]))
const pending = (expires: number) => ({
  ...{ phone: ann, devKey: null, os: null, settings: [], code: '123456', created: start, expires },
  ...{ sent: start, resends: 0, dialect: 'v1' as const },
})
const bodyId = (time: number, rest = ''): string => `${String(time).padStart(13, '0')}${rest}`

function session(lastOnline: number, phone: Phone = ann): SessionDocument {
  const token = { hash: 'hash', issued: start }
  return {
    ...{ phone, userId: parsePhoneId(`${phone}_1`)!, devKey: null, token, renewal: null, created: start, lastOnline },
    ...{ push: null, os: null, settings: [], dialect: 'v1', codec: 'bert' },
  }
}

const client = clientIdOf('emqttd_1')
const row = ({ key, value }: Put): Row => ({ key, value: value ?? Buffer.alloc(0) })

for (const { name, put, from } of [
  { name: 'pending', put: pendingSessions.put(pending(start), client), from: start },
  { name: 'init', put: formerInitTokens.put({ hash: 'h', issued: start }, client), from: start + 30 * day },
  { name: 'verified', put: verifiedSites.put([{ site: '192.0.2.1', at: start }], ann), from: start + 180 * day },
  { name: 'email', put: emailLinks.put({ address: 'a@b.cd', code: '', wrong: 0, mailed: [start - 1], expires: start }, ann), from: start },
  {
    name: 'migration',
    put: migrations.put({ number: boris, code: '', sent: start, asked: [start - 60 * minute], expires: start }, ann),
    from: start,
  },
  {
    name: 'migration',
    put: migrations.put({ number: boris, code: '', sent: start, asked: [start - 10 * minute], expires: start }, ann),
    from: start + 50 * minute,
  },
  { name: 'body', put: sharedBodies.put(Buffer.from('x'), bodyId(start, '00ff')), from: start + 30 * day },
  { name: 'body', put: sharedBodies.put(Buffer.from('x'), 'id'), from: Infinity },
  { name: 'pushHolder', put: pushHolders.put({ client, reported: start }, 'h'), from: start + day },
  { name: 'session', put: sessions.put(session(start), client), from: start + 180 * day },
] as const)
  test(`${put.key} is expired ${from === Infinity ? 'never' : `from ${String((from - start) / day)} days on`}`, () => {
    const at = from === Infinity ? [start + 10_000 * day] : [from - 1, from, from + 1]
    expect(at.map((now) => isExpired(name, row(put), now, limits))).toEqual(at.map((now) => now >= from))
  })

describe('a pass', () => {
  let world: AccountWorld
  beforeEach(async () => {
    world = await openAccountWorld()
  })
  afterEach(() => world.close())

  function sweepOf(parts: Partial<SweepWorld> = {}): Sweep {
    return newSweep({
      store: world.store,
      limits,
      isLive: (boot) => boot === world.boot,
      now: () => world.now,
      pause: () => Promise.resolve(),
      ...parts,
    })
  }

  const keysOf = async (prefix: string) => (await world.store.scan(`${prefix}/`, { limit: 1_000 })).map(({ key }) => key)

  test('removes what has expired from every table, over many pages, and keeps the rest', async () => {
    const names = Array.from({ length: 25 }, (_, i) => String(i).padStart(2, '0'))
    const isOld = (i: number) => i % 3 !== 0
    await world.put(
      ...names.flatMap((name, i) => [
        pendingSessions.put(pending(start + (isOld(i) ? 0 : 1)), clientIdOf(`reg_${name}`)),
        formerInitTokens.put({ hash: 'h', issued: start - (isOld(i) ? 30 * day : 0) }, clientIdOf(`reg_${name}`)),
        sharedBodies.put(Buffer.from('x'), bodyId(start - (i < 17 ? 30 * day : 0) + i, name)),
      ]),
      // Rows of an earlier version, which no longer mean anything.
      ...[ann, boris].map((phone) => formerLocks.put({ wrong: 5, lockedUntil: start + 60 * minute }, phone)),
    )
    world.now = start + 16
    expect(await sweepOf({ pageRows: 4 }).pass()).toEqual({ ...nothing, pending: 25, init: 16, lock: 2, body: 17 })
    world.now = start
    expect(await keysOf('pending')).toEqual([])
    expect(await keysOf('init')).toEqual(names.filter((_, i) => !isOld(i)).map((name) => `init/reg_${name}`))
    expect(await keysOf('body')).toHaveLength(8)
    expect(await sweepOf().pass()).toEqual(nothing)
  })

  test('logs unused devices out: session, place among the devices, inbox; neither others nor whoever is connected', async () => {
    const [old, young, connected, orphan] = ['emqttd_1', 'emqttd_2', 'emqttd_3', 'emqttd_4'].map(clientIdOf)
    if (!old || !young || !connected || !orphan) throw new Error('four clients')
    const long = start - 180 * day
    await world.put(
      ...[sessions.put(session(long), old), sessions.put(session(long + 1), young), devices.put({ clients: [old, young] }, ann)],
      ...[sessions.put(session(long, boris), connected), devices.put({ clients: [connected] }, boris)],
      presences.put({ devices: [{ client: connected, boot: world.boot }], update: start }, boris),
      sessions.put(session(long, clara), orphan),
      presences.put({ devices: [{ client: orphan, boot: 'an earlier start' }], update: start }, clara),
    )
    const deliveries = [old, young].map((one) => ({ client: one, topic: 't', qos: 1 as const, body: Buffer.from('x') }))
    await world.store.commit({ deliveries })
    expect((await sweepOf({ pageRows: 1 }).pass()).session).toBe(2)
    expect(await keysOf('session')).toEqual([`session/${young}`, `session/${connected}`])
    const list = await world.store.get(devices.key(ann))
    expect(list && devices.decode(list)).toEqual({ clients: [young] })
    expect(await Promise.all([old, young].map(async (one) => (await world.store.inboxPage(one, { after: 0, limit: 9 })).length))).toEqual([
      0, 1,
    ])
    expect(await keysOf('devices')).toEqual([`devices/${ann}`, `devices/${boris}`])
  })

  test('keeps what changes while it is looked at', async () => {
    const long = start - 180 * day
    await world.put(
      sessions.put(session(long), client),
      devices.put({ clients: [client] }, ann),
      pendingSessions.put(pending(start), client),
    )
    const { store } = world
    // Each changes only when its own removal is about to be committed.
    const fresh = [pendingSessions.put(pending(start + 10 * minute), client), sessions.put(session(start), client)]
    const disturbed: SweepWorld['store'] = {
      ...store,
      async commit(commit) {
        await store.commit({ puts: fresh.filter(({ key }) => commit.puts?.some((put) => put.key === key)) })
        return store.commit(commit)
      },
    }
    expect(await sweepOf({ store: disturbed }).pass()).toMatchObject({ pending: 0, session: 0 })
    expect([await keysOf('session'), await keysOf('pending'), await keysOf('devices')].flat()).toHaveLength(3)
  })

  test('reads no more than it may, and the next goes on from there', async () => {
    const put = (i: number, expires: number) => pendingSessions.put(pending(expires), clientIdOf(`reg_${String(i).padStart(2, '0')}`))
    await world.put(...Array.from({ length: 10 }, (_, i) => put(i, i < 7 ? start + 1 : start)))
    let pauses = 0
    const sweep = sweepOf({ pageRows: 2, pagesPerPass: 2, pause: () => ((pauses += 1), Promise.resolve()) })
    const removed = []
    for (let pass = 0; pass < 4; pass++) removed.push((await sweep.pass()).pending)
    expect(removed).toEqual([0, 1, 2, 0])
    // Two pages of pending each, the third pass has met its end; one of each other table.
    expect(pauses).toBe(4 * (sweptTables.length - 1) + 2 + 2 + 2 + 2)
  })

  test('ends after its page when the worker stops, and none begins afterwards', async () => {
    await world.put(...[1, 2, 3].map((i) => pendingSessions.put(pending(start), clientIdOf(`reg_${String(i)}`))))
    let reachPause = (): void => undefined
    let goOn = (): void => undefined
    const paused = new Promise<void>((resolve) => (reachPause = resolve))
    const sweep = sweepOf({ pageRows: 1, pause: () => (reachPause(), new Promise<void>((resolve) => (goOn = resolve))) })
    const pass = sweep.pass()
    await paused
    const stopped = sweep.stop()
    goOn()
    await stopped
    expect(await pass).toMatchObject({ pending: 1 })
    expect(await sweep.pass()).toMatchObject({ pending: 0 })
    expect(await keysOf('pending')).toHaveLength(2)
  })

  test('is not begun by a worker that stops at once', async () => {
    const stop = startSweeping(sweepOf(), { onSwept: () => undefined, onFault: () => undefined })
    await stop()
    await world.put(pendingSessions.put(pending(start), client))
    expect(await keysOf('pending')).toHaveLength(1)
  })
})
