/** The end of connections: what is announced at once, what after a grace, and what not at all. Time passes when the test says so. */
import { describe, expect, test } from '@jest/globals'
import { presences } from '../../rpc/documents/index.js'
import type { ConnectionEnd } from '../../rpc/runtime/link/to-worker.js'
import { type DeparturesWorld, newDepartures } from '../../rpc/runtime/worker/departures.js'
import { newWorkerConnection, type WorkerConnection } from '../../rpc/runtime/worker/worker-connection.js'
import { emptyInbox, type Fence, type InboxHead, type StoreReader } from '../../store/contract.js'
import { clients } from '../acl/cast.js'

const graceMs = 5_000

interface Scene {
  readonly departures: ReturnType<typeof newDepartures>
  /** What was done for which connection, in order. */
  readonly done: string[]
  readonly fences: (Fence | undefined)[]
  /** Lets the grace end of all that waits. */
  pass(): Promise<void>
  isBack: boolean
  head: Pick<InboxHead, 'epoch' | 'holder'>
  /** What the waits were, ms. */
  readonly waits: number[]
}

function openScene(parts: Partial<DeparturesWorld> = {}): Scene {
  const timers = new Set<() => void>()
  const queued: (() => Promise<void>)[] = []
  const inboxHead: StoreReader['inboxHead'] = () => ({ ...emptyInbox, ...scene.head })
  const did = (what: string, { number }: WorkerConnection): void => void scene.done.push(`${what} ${String(number)}`)
  const scene: Scene = {
    waits: [],
    done: [],
    fences: [],
    isBack: false,
    head: { epoch: 0, holder: '' },
    departures: newDepartures({
      ...{
        store: { inboxHead, get: () => Promise.resolve(undefined) } as unknown as StoreReader,
        now: () => 0,
        graceMs,
        isMember: false,
        isBack: () => scene.isBack,
      },
      add: (_client, run) => queued.push(run),
      async lose(connection) {
        did('lost', connection)
      },
      async announce(connection, fence) {
        did('gone', connection)
        scene.fences.push(fence)
      },
      onLeft(connection) {
        did('left', connection)
      },
      later(ms, run) {
        scene.waits.push(ms)
        timers.add(run)
        return () => timers.delete(run)
      },
      ...parts,
    }),
    async pass() {
      for (const run of [...timers]) {
        timers.delete(run)
        run()
      }
      for (const run of queued.splice(0)) await run()
    },
  }
  return scene
}

function connectionOf(number: number, who: 'own' | 'service' = 'own', epoch?: number): WorkerConnection {
  const client = clients[who]
  const connection = newWorkerConnection({
    number,
    client,
    address: '',
    token: null,
    isVersionSupported: true,
    isToldVerdicts: false,
    dialect: 'v1',
    codec: 'bert',
  })
  if (epoch !== undefined) connection.fence = { client: client.clientId, epoch }
  return connection
}

describe('a connection', () => {
  for (const { what, end, who = 'own', grace = graceMs, at, after = [] } of [
    { what: 'that the device has ended is announced at once', end: 'asked', at: ['gone 1', 'left 1'] },
    { what: 'that is lost is announced after the grace', end: 'lost', at: ['lost 1'], after: ['gone 1', 'left 1'] },
    { what: 'that is lost is announced at once where there is no grace', end: 'lost', grace: 0, at: ['gone 1', 'left 1'] },
    { what: 'of a service has no grace', end: 'lost', who: 'service', at: ['gone 1', 'left 1'] },
    { what: 'of a server that stops is announced at once where there is no other', end: 'stopping', at: ['gone 1', 'left 1'] },
  ] as readonly {
    what: string
    end: ConnectionEnd
    who?: 'own' | 'service'
    grace?: number
    at: readonly string[]
    after?: readonly string[]
  }[])
    test(what, async () => {
      const scene = openScene({ graceMs: grace })
      await scene.departures.end(connectionOf(1, who), end)
      expect(scene.done).toEqual(at)
      await scene.pass()
      expect(scene.done).toEqual([...at, ...after])
    })

  test('that is lost is not announced if the device is back within the grace', async () => {
    const scene = openScene()
    await scene.departures.end(connectionOf(1), 'lost')
    scene.isBack = true
    await scene.pass()
    expect(scene.done).toEqual(['lost 1', 'left 1'])
  })

  test('that is lost again has a new grace, and is announced once', async () => {
    const scene = openScene()
    await scene.departures.end(connectionOf(1), 'lost')
    await scene.departures.end(connectionOf(2), 'lost')
    expect(scene.done).toEqual(['lost 1', 'left 1', 'lost 2'])
    await scene.pass()
    await scene.pass()
    expect(scene.done).toEqual(['lost 1', 'left 1', 'lost 2', 'gone 2', 'left 2'])
  })

  test('that the device ends after one that was lost is announced at once, and once', async () => {
    const scene = openScene()
    await scene.departures.end(connectionOf(1), 'lost')
    await scene.departures.end(connectionOf(2), 'asked')
    await scene.pass()
    expect(scene.done).toEqual(['lost 1', 'left 1', 'gone 2', 'left 2'])
  })
})

describe('of a phone that comes and goes all the time', () => {
  const at = 1_700_000_000_000
  const toldLately = (level: number): Partial<DeparturesWorld> => {
    const row = presences.encode({ devices: [], update: 0, told: { level, at } })
    return { store: { inboxHead: () => emptyInbox, get: () => Promise.resolve(row) } as unknown as StoreReader, now: () => at }
  }

  test('a departure that the device asks for has to stand before it is told', async () => {
    const scene = openScene(toldLately(2))
    await scene.departures.end(connectionOf(1), 'asked')
    expect([scene.done, scene.waits]).toEqual([['lost 1'], [graceMs]])
    await scene.pass()
    expect(scene.done).toEqual(['lost 1', 'gone 1', 'left 1'])
  })

  test.each([
    { level: 0, passed: 0, asked: [], lost: [1] },
    { level: 1, passed: 0, asked: [], lost: [1] },
    { level: 2, passed: 59_000, asked: [1], lost: [1] },
    { level: 2, passed: 60_000, asked: [], lost: [1] },
    { level: 2, passed: 0, asked: [1], lost: [1] },
    { level: 4, passed: 0, asked: [4], lost: [4] },
    { level: 4, passed: 60_000, asked: [2], lost: [2] },
    { level: 4, passed: 180_000, asked: [], lost: [1] },
    { level: 4, passed: -3_600_000, asked: [4], lost: [4] },
    { level: 1_000, passed: 0, asked: [64], lost: [64] },
  ])('with $level told, $passed ms ago, one waits $asked graces and a lost one $lost', async ({ level, passed, asked, lost }) => {
    for (const [end, graces] of [
      ['asked', asked],
      ['lost', lost],
    ] as const) {
      const scene = openScene({ ...toldLately(level), now: () => at + passed })
      await scene.departures.end(connectionOf(1), end)
      expect(scene.waits).toEqual(graces.map((many) => many * graceMs))
    }
  })

  test('nothing waits where there is no grace, nor as the server stops', async () => {
    for (const [parts, end] of [
      [{ graceMs: 0 }, 'asked'],
      [{}, 'stopping'],
    ] as const) {
      const scene = openScene({ ...toldLately(9), ...parts })
      await scene.departures.end(connectionOf(1), end)
      expect(scene.done).toEqual(['gone 1', 'left 1'])
    }
  })
})

describe('in a cluster', () => {
  for (const { what, head, fence } of [
    { what: 'is announced while nobody has opened the inbox that it gave up', head: { epoch: 8, holder: '' }, fence: 8 },
    { what: 'is announced if the inbox could not be given up', head: { epoch: 7, holder: 'a' }, fence: 7 },
    { what: 'is not announced once another process has the inbox', head: { epoch: 8, holder: 'b' }, fence: undefined },
    { what: 'is not announced once another process has had the inbox', head: { epoch: 9, holder: '' }, fence: undefined },
    { what: 'is not announced once the device is back and its arrival is on the way', head: { epoch: 9, holder: 'a' }, fence: undefined },
  ])
    test(`a connection that is lost ${what}`, async () => {
      const scene = openScene({ isMember: true })
      const connection = connectionOf(1, 'own', 7)
      await scene.departures.end(connection, 'lost')
      scene.head = head
      await scene.pass()
      expect(scene.done).toEqual(['lost 1', ...(fence === undefined ? [] : ['gone 1']), 'left 1'])
      expect(scene.fences).toEqual(fence === undefined ? [] : [{ client: connection.clientId, epoch: fence }])
    })

  test('a process that stops announces nobody: who has not come back is left to another', async () => {
    const scene = openScene({ isMember: true, graceMs: 0 })
    await scene.departures.end(connectionOf(1, 'own', 7), 'stopping')
    scene.departures.stop()
    await scene.departures.end(connectionOf(2, 'own', 8), 'lost')
    await scene.pass()
    expect(scene.done).toEqual(['lost 1', 'left 1', 'lost 2', 'left 2'])
  })

  test('a process that stops announces nobody whose grace has not ended', async () => {
    const scene = openScene({ isMember: true })
    await scene.departures.end(connectionOf(1, 'own', 7), 'lost')
    scene.departures.stop()
    await scene.pass()
    expect(scene.done).toEqual(['lost 1'])
  })
})

test('a process that is alone announces all whose grace has not ended when it stops', async () => {
  const scene = openScene()
  await scene.departures.end(connectionOf(1), 'lost')
  scene.departures.stop()
  await scene.pass()
  expect(scene.done).toEqual(['lost 1', 'gone 1', 'left 1'])
})
