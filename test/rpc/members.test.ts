/** Processes of a cluster on one store, with a clock moved by hand: who lives, who is dead, and who is the heir. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterMembers } from '../../rpc/documents/index.js'
import { Members, type MembersWorld } from '../../rpc/runtime/members/members.js'
import { type Store, StoreOutage } from '../../store/contract.js'
import { openLmdbStore } from '../../store/lmdb/open-lmdb-store.js'
import { reading } from '../clock/readings.js'

const leaseMs = 10_000
const beatMs = 2_000

let path: string
let store: Store
let clock: number
/** What the store refuses for now. */
let away: 'nothing' | 'writes' | 'everything'
const faults: unknown[] = []
/** What the wall clock shows when the monotonic one shows 0. */
let wall = 0

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'members-'))
  store = await openLmdbStore({ path })
  clock = 1_000
  away = 'nothing'
  faults.length = 0
})
afterEach(async () => {
  await store.close()
  await rm(path, { recursive: true })
  expect(faults).toEqual([])
})

/** One worker of a process. */
interface Worker {
  readonly boot: string
  readonly members: Members
  /** Whom it has been asked to take over, and what has happened, in order. */
  readonly takenOver: string[]
  readonly news: string[]
  losses: number
  /** Whether its takeovers come to an end. */
  finishes: boolean
}

const flaky = (): Store => ({
  ...store,
  commit: (commit) => (away === 'nothing' ? store.commit(commit) : Promise.reject(new StoreOutage('away'))),
  get: (key) => (away === 'everything' ? Promise.reject(new StoreOutage('away')) : store.get(key)),
  scan: (prefix, options) => (away === 'everything' ? Promise.reject(new StoreOutage('away')) : store.scan(prefix, options)),
})

function newWorker(boot: string, parts: Partial<MembersWorld> = {}): Worker {
  const worker: Worker = {
    boot,
    takenOver: [],
    news: [],
    losses: 0,
    finishes: true,
    members: new Members({
      ...{ store: flaky(), boot, elapsed: () => reading(clock), now: () => wall + clock, leaseMs, beatMs, variants: () => 1 },
      names: { host: 'here', pid: 1, version: '0' },
      takeOver(dead) {
        worker.takenOver.push(dead)
        return Promise.resolve(worker.finishes)
      },
      onLost: () => worker.losses++,
      onNews: ({ kind, boot: of }) => worker.news.push(`${of} ${kind}`),
      onFault: (fault) => faults.push(fault),
      ...parts,
    }),
  }
  return worker
}

async function joined(boot: string, parts: Partial<MembersWorld> = {}): Promise<Worker> {
  const worker = newWorker(boot, parts)
  await worker.members.join()
  return worker
}

/** Time passes, and at every beat each of these does what it does then. */
async function live(ms: number, ...workers: readonly Worker[]): Promise<void> {
  for (const end = clock + ms; clock < end;) {
    clock += beatMs
    for (const { members } of workers) {
      await members.pass()
      await members.idle()
    }
  }
}

async function stored(boot: string) {
  const bytes = await store.get(clusterMembers.key('all', boot))
  return bytes && clusterMembers.decode(bytes)
}

describe('members', () => {
  test('see one another, and what devices of the others speak or have spoken', async () => {
    let spoken = 0b100
    const [a, b] = [await joined('a', { variants: () => spoken }), await joined('b', { variants: () => 0b1 })]
    await live(beatMs, a, b)
    expect([a.members.others, b.members.others]).toEqual([['b'], ['a']])
    expect([a.members.variantsElsewhere(), b.members.variantsElsewhere()]).toEqual([0b1, 0b100])
    spoken = 0b010
    await live(beatMs, a, b)
    expect(b.members.variantsElsewhere()).toBe(0b110)
    expect(await stored('a')).toMatchObject({ beat: 3, heir: null, host: 'here', pid: 1, version: '0' })
  })

  test('live for ever while they beat', async () => {
    const all = [await joined('a'), await joined('b'), await joined('c')]
    await live(20 * leaseMs, ...all)
    for (const { members, takenOver } of all) {
      expect(['a', 'b', 'c'].map(members.isLive)).toEqual([true, true, true])
      expect(takenOver).toEqual([])
    }
  })

  test('live on whatever the wall clock is set to, and those who die meanwhile are found dead in time', async () => {
    const [a, b, dying] = [await joined('a'), await joined('b'), await joined('dying')]
    await live(beatMs, a, b, dying)
    for (const step of [-3_600_000, 7_200_000]) {
      wall += step
      await live(3 * leaseMs, a, b)
      expect([a.members.isLive('b'), b.members.isLive('a')]).toEqual([true, true])
    }
    expect([...a.takenOver, ...b.takenOver]).toEqual(['dying'])
    expect(dying.takenOver).toEqual([])
  })

  test('who is heard of before a look has shown it counts as living; whom a later look does not show does not', async () => {
    const a = await joined('a')
    expect([a.members.isLive('b'), a.members.isLive('ghost')]).toEqual([true, true])
    const b = await joined('b')
    await live(beatMs, a)
    expect([a.members.isLive('b'), a.members.isLive('ghost')]).toEqual([true, false])
    expect(b.members.isLive('a')).toBe(true)
  })

  test('a look that has begun before a member was heard of says nothing about it', async () => {
    let between = (): Promise<void> => Promise.resolve()
    const a = await joined('a', { store: betweenLookAndAnswer(() => between()) })
    const heard: boolean[] = []
    between = async () => {
      await joined('b')
      heard.push(a.members.isLive('b'))
    }
    await live(beatMs, a)
    between = () => Promise.resolve()
    expect([...heard, a.members.isLive('b')]).toEqual([true, true])
    await live(beatMs, a)
    expect([a.members.isLive('b'), a.members.others]).toEqual([true, ['b']])
  })

  test('a worker that takes the place of another keeps its process alive, and has not joined anew', async () => {
    const [a, b] = [await joined('a'), await joined('b')]
    await live(2 * beatMs, a, b)
    const before = await stored('a')
    const again = await joined('a')
    await live(2 * leaseMs, again, b)
    expect((await stored('a'))?.joined).toBe(before?.joined)
    expect([again.losses, b.takenOver]).toEqual([0, []])
  })
})

describe('a member that beats no more', () => {
  test('is dead once the lease has passed, to all at once; one of the others is its heir, and then it is forgotten', async () => {
    const [a, b, c] = [await joined('a'), await joined('b'), await joined('c')]
    b.finishes = c.finishes = false
    await live(beatMs, a, b, c)
    await a.members.stop()
    await live(leaseMs - beatMs, b, c)
    expect([b.members.isLive('a'), c.members.isLive('a')]).toEqual([true, true])
    await live(2 * beatMs, b, c)
    expect([b.members.isLive('a'), c.members.isLive('a')]).toEqual([false, false])
    expect([...b.news, ...c.news].filter((line) => line === 'a found dead')).toHaveLength(1)
    const heirs = [b, c].filter(({ takenOver }) => takenOver.length > 0)
    expect(heirs).toHaveLength(1)
    expect(heirs[0]?.boot).toBe((await stored('a'))?.heir)
    b.finishes = c.finishes = true
    await live(beatMs, b, c)
    expect(await stored('a')).toBeUndefined()
    await live(beatMs, b, c)
    expect([b.members.isLive('a'), c.members.isLive('a'), b.members.isLive('c')]).toEqual([false, false, true])
  })

  test('has one heir although all find it dead at the same time', async () => {
    const survivors = await Promise.all(['b', 'c', 'd', 'e'].map((boot) => joined(boot)))
    const a = await joined('a')
    await live(beatMs, ...survivors)
    await a.members.stop()
    for (let passed = 0; passed < leaseMs + beatMs; passed += beatMs) {
      clock += beatMs
      await Promise.all(survivors.map(({ members }) => members.pass()))
      await Promise.all(survivors.map(({ members }) => members.idle()))
    }
    expect(survivors.flatMap(({ takenOver }) => takenOver)).toEqual(['a'])
  })

  test('is followed by another heir if its heir dies, who takes over both', async () => {
    const [a, b, c] = [await joined('a'), await joined('b'), await joined('c')]
    b.finishes = false
    await live(beatMs, a, b, c)
    await a.members.stop()
    await live(leaseMs + beatMs, b)
    await live(beatMs, c)
    expect(b.takenOver.length).toBeGreaterThan(0)
    expect([(await stored('a'))?.heir, c.takenOver]).toEqual(['b', []])
    await b.members.stop()
    await live(leaseMs + 2 * beatMs, c)
    expect(new Set(c.takenOver)).toEqual(new Set(['a', 'b']))
    expect(await Promise.all(['a', 'b'].map(stored))).toEqual([undefined, undefined])
  })
})

describe('nobody looks dead', () => {
  for (const what of ['everything', 'writes'] as const)
    test(`because the store was away (${what})`, async () => {
      const all = [await joined('a'), await joined('b'), await joined('c')]
      await live(beatMs, ...all)
      away = what
      for (let passed = 0; passed < 5 * leaseMs; passed += beatMs) {
        clock += beatMs
        for (const { members } of all) await expect(members.pass()).rejects.toThrow(StoreOutage)
      }
      away = 'nothing'
      // The first to be back is far ahead of the others.
      await live(3 * beatMs, all[0]!)
      await live(leaseMs, ...all)
      expect(all.flatMap(({ takenOver }) => takenOver)).toEqual([])
    })

  test('to a process that has stood still itself', async () => {
    const [a, b] = [await joined('a'), await joined('b')]
    await live(beatMs, a, b)
    for (let i = 0; i < 3; i++) {
      clock += 100 * leaseMs
      await live(beatMs, a)
    }
    expect(a.takenOver).toEqual([])
  })
})

describe('a process that was taken for dead', () => {
  test('joins again, and all of its workers learn that what is noted of their devices may be wrong', async () => {
    const [a, b] = [await joined('a'), await joined('b')]
    b.finishes = false
    const watcher = await joined('a', { names: null })
    await live(beatMs, a, watcher, b)
    await live(leaseMs + beatMs, b)
    expect((await stored('a'))?.heir).toBe('b')
    await live(beatMs, watcher)
    expect(watcher.losses).toBe(0)
    await live(2 * beatMs, a, watcher, b)
    expect([a.losses, watcher.losses]).toEqual([1, 1])
    expect([a.members.isLive('a'), b.members.isLive('a'), (await stored('a'))?.heir]).toEqual([true, true, null])
    const asked = b.takenOver.length
    await live(2 * leaseMs, a, watcher, b)
    expect([a.losses, watcher.losses, b.takenOver.length]).toEqual([1, 1, asked])
  })

  test('joins again although what it has left is taken over and forgotten', async () => {
    const [a, b] = [await joined('a'), await joined('b')]
    await live(beatMs, a, b)
    await live(leaseMs + 2 * beatMs, b)
    expect(await stored('a')).toBeUndefined()
    await live(2 * beatMs, a, b)
    expect([a.losses, b.members.isLive('a'), a.members.isLive('b')]).toEqual([1, true, true])
  })

  test('finds nobody dead before it has noticed', async () => {
    let between = (): Promise<void> => Promise.resolve()
    const a = await joined('a', { store: betweenLookAndAnswer(() => between()) })
    const b = await joined('b')
    await live(beatMs, a)
    between = async () => {
      const own = await stored('a')
      if (own?.heir === null) await store.commit({ puts: [clusterMembers.put({ ...own, heir: 'c' }, 'all', 'a')] })
    }
    await live(leaseMs, a)
    expect([a.members.isLive('b'), a.takenOver, (await stored('b'))?.heir]).toEqual([true, [], null])
    between = () => Promise.resolve()
    await live(2 * beatMs, a)
    expect([a.takenOver, (await stored('b'))?.heir ?? null, b.losses]).toEqual([['b'], null, 0])
  })
})

/** A store of which looks are answered late. */
function betweenLookAndAnswer(wait: () => Promise<void>): Store {
  return {
    ...store,
    async scan(prefix, options) {
      const rows = await store.scan(prefix, options)
      await wait()
      return rows
    },
  }
}
