import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Commit, Store } from '../../store/index.js'
import { StoreOutage } from '../../store/index.js'
import { startLinkProxy } from '../cluster/link-proxy.js'
import { newRedisProcess, type AppendFsync, type RedisProcess } from '../cluster/redis-process.js'
import { newHandles, withRedis, type Handle } from './redis-handles.js'
import { ownPrefix } from './redis-prefix.js'
import { delivery, plain, put, times } from './store-builders.js'
import { wholeCommit, wholeCommits } from './whole-commit.js'

const handles = newHandles()
let redis: RedisProcess
beforeAll(async () => {
  redis = await newRedisProcess('everysec')
  await redis.start()
})
afterEach(() => handles.closeAll())
afterAll(() => redis.close())

describe('a store on Redis', () => {
  test('applies commits exactly once and in their order, however often the connection is cut under them', async () => {
    const proxy = await startLinkProxy(redis.port)
    const { store, until } = await handles.open(proxy.port, { prefix: ownPrefix() })
    const names: string[] = []
    for (let round = 0; round < 8; round++) {
      await until(true)
      const cutAfter = Math.ceil(Math.random() * 250)
      let done = 0
      const commit = async (name: string): Promise<boolean> => {
        const isSo = await isDone(store, wholeCommit(name))
        if (isSo && ++done === cutAfter) await proxy.cut().then(() => proxy.heal())
        return isSo
      }
      const burst: string[] = []
      const outcomes: Promise<boolean>[] = []
      // In several ticks, so that they travel in several groups; what is not sent yet when the connection is cut is refused.
      for (let wave = 0; wave < 15; wave++) {
        for (const place of times(20)) {
          const name = `${round}-${wave}-${place}`
          burst.push(name)
          outcomes.push(commit(name))
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      const isDoneOf = await Promise.all(outcomes)
      names.push(...burst.filter((_, place) => isDoneOf[place]))
    }
    expect(names.length).toBeGreaterThan(500)
    expect((await wholeCommits(store)).size).toBe(names.length)
    expect(await logOf(store)).toEqual(names)
    await proxy.close()
  })

  test('applies commits once though the network delivers them late, when they have been sent again', async () => {
    const proxy = await startLinkProxy(redis.port)
    const prefix = ownPrefix()
    const { store, until } = await handles.open(proxy.port, { prefix, answerWithinMs: 500 })
    const names = times(120).map(String)
    for (const round of times(3)) {
      const burst = names.slice(40 * round, 40 * round + 40)
      proxy.freeze()
      const results = Promise.all(burst.map((name) => store.commit(wholeCommit(name))))
      await until(false)
      await proxy.heal()
      expect(new Set((await results).map(({ kind }) => kind))).toEqual(new Set(['committed']))
      await until(true)
    }
    expect(await logOf(store)).toEqual(names)
    expect((await wholeCommits(store)).size).toBe(names.length)
    await store.close()
    // What may come later still finds the note of the handle.
    expect(await withRedis(redis.port, (past) => past.keys(`${prefix}note:*`))).toHaveLength(1)
    await proxy.close()
  })

  test('goes on when Redis has forgotten the scripts, in the middle of commits and reads', async () => {
    const prefix = ownPrefix()
    const [one, other] = [await handles.open(redis.port, { prefix }), await handles.open(redis.port, { prefix })]
    const done: string[] = []
    const commitAll = async ({ store }: Handle, who: string): Promise<void> => {
      for (let round = 0; round < 6; round++) {
        const burst = times(30).map((place) => `${who}-${round}-${place}`)
        await Promise.all(burst.map((name) => isDone(store, wholeCommit(name)).then((isSo) => (isSo ? done.push(name) : 0))))
        expect((await store.feedHead('log')).count).toBeGreaterThan(0)
      }
    }
    await whileFlushing(() => commitAll(one, 'a'))
    expect(done).toHaveLength(180)
    // Here one handle may bring the script back between two commits of the other: the first of them is refused.
    await whileFlushing(() => Promise.all([commitAll(one, 'b'), commitAll(other, 'c')]))
    const log = await logOf(one.store)
    expect([...log].sort()).toEqual([...done].sort())
    for (const who of ['a', 'b', 'c']) {
      const own = log.filter((name) => name.startsWith(who))
      expect(own).toEqual([...own].sort((x, y) => orderOf(x) - orderOf(y)))
    }
    expect((await wholeCommits(one.store)).size).toBe(done.length)
  })

  test('lets through what frees memory while Redis has none left, however much is in doubt', async () => {
    const proxy = await startLinkProxy(redis.port)
    const { store, until } = await handles.open(proxy.port, { prefix: ownPrefix(), answerWithinMs: 500 })
    await store.commit({ deliveries: times(9).map(() => delivery('c')) })
    proxy.freeze()
    const sent: Promise<unknown>[] = []
    for (const name of ['a', 'b']) {
      sent.push(store.commit(put(`user/${name}`, 'x')))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const outcomes = Promise.allSettled(sent)
    await until(false)
    await withRedis(redis.port, async (past) => {
      await past.config('SET', 'maxmemory', '1')
      await proxy.heal()
      const settle = (): Promise<boolean> => isDone(store, { settlements: [{ client: 'c', settledTo: 9, releasedTo: 9 }] })
      while (!(await settle())) await new Promise((resolve) => setTimeout(resolve, 5))
      await past.config('SET', 'maxmemory', '0')
    })
    const told = (await outcomes).map(({ status }) => status)
    const stored = await store.getMany(['user/a', 'user/b'])
    expect(told).toEqual(stored.map((value) => (value === undefined ? 'rejected' : 'fulfilled')))
    expect((await store.inboxHead('c'))?.settledTo).toBe(9)
    await proxy.close()
  })

  test('keeps a commit in doubt while Redis refuses to write, until Redis takes it', async () => {
    const proxy = await startLinkProxy(redis.port)
    const { store, until } = await handles.open(proxy.port, { prefix: ownPrefix(), answerWithinMs: 500 })
    await store.commit(wholeCommit('before'))
    proxy.freeze()
    const sent = store.commit(wholeCommit('sent'))
    await until(false)
    await withRedis(redis.port, async (past) => {
      await past.config('SET', 'min-replicas-to-write', '1')
      await proxy.heal()
      await until(true)
      await until(false)
      await past.config('SET', 'min-replicas-to-write', '0')
    })
    expect((await sent).kind).toBe('committed')
    expect(await logOf(store)).toEqual(['before', 'sent'])
    await proxy.close()
  })

  test('rejects reads in time while Redis is frozen, and says of a commit that was sent what has become of it when Redis goes on', async () => {
    const { store, states, until } = await handles.open(redis.port, { prefix: ownPrefix(), answerWithinMs: 1_000 })
    await store.commit(wholeCommit('before'))
    redis.stop()
    const sent = store.commit(wholeCommit('sent'))
    const reads = await Promise.allSettled([
      store.get('first/before'),
      store.scan('first/', { limit: 1 }),
      store.inboxPage('c', { after: 0, limit: 1 }),
    ])
    expect(reads.map((read) => (read.status === 'rejected' ? (read.reason as Error).name : 'answered'))).toEqual(
      times(3).map(() => 'StoreOutage'),
    )
    await until(false)
    await expect(store.commit(wholeCommit('never sent'))).rejects.toThrow(StoreOutage)
    await expect(async () => store.get('first/before')).rejects.toThrow(StoreOutage)
    redis.goOn()
    expect((await sent).kind).toBe('committed')
    await until(true)
    expect(await logOf(store)).toEqual(['before', 'sent'])
    expect(states.map(({ isReachable }) => isReachable)).toEqual([true, false, true])
  })

  test('gives up what is in doubt when it is closed and Redis does not answer', async () => {
    const { store } = await handles.open(redis.port, { prefix: ownPrefix(), closeWithinMs: 200 })
    redis.stop()
    const sent = Promise.allSettled([store.commit(put('user/a', 'x')), store.get('user/a')])
    await store.close()
    redis.goOn()
    expect((await sent).map((one) => (one.status === 'rejected' ? (one.reason as Error).name : 'answered'))).toEqual([
      'StoreOutage',
      'StoreOutage',
    ])
  })
})

describe.each<{ appendFsync: AppendFsync; keeps: string }>([
  { appendFsync: 'always', keeps: 'everything it has acknowledged' },
  { appendFsync: 'everysec', keeps: 'whole commits, and loses at most the last it has acknowledged' },
])('a Redis that is killed (appendfsync $appendFsync)', ({ appendFsync, keeps }) => {
  test(`keeps ${keeps}`, async () => {
    const mortal = await newRedisProcess(appendFsync)
    await mortal.start()
    const handle = await handles.open(mortal.port)
    const lives = times(3).map((): string[] => [])
    for (const life of times(2)) {
      const dieAfter = 50 + Math.ceil(Math.random() * 150)
      const now = { life, isDead: false }
      let death: Promise<void> | undefined
      const commitOn = async (lane: number): Promise<void> => {
        for (let own = 0; !now.isDead; own++) {
          const name = `${life}-${lane}-${own}`
          // What was sent and not answered is answered by the next life.
          if ((await isDone(handle.store, wholeCommit(name))) && lives[now.life]!.push(name) === dieAfter) {
            now.isDead = true
            now.life += 1
            death = mortal.kill()
          }
        }
      }
      const lanes = Promise.all(times(20).map(commitOn))
      await handle.until(false)
      await death
      await mortal.start()
      await lanes
      await handle.until(true)
    }
    const found = await wholeCommits(handle.store)
    for (const acknowledged of lives) {
      const firstLost = acknowledged.findIndex((name) => !found.has(name))
      if (appendFsync === 'always') expect(firstLost).toBe(-1)
      else if (firstLost !== -1) expect(acknowledged.slice(firstLost).filter((name) => found.has(name))).toEqual([])
    }
    expect(found.size).toBeGreaterThan(100)
    await handles.closeAll()
    await mortal.close()
  })
})

/** Makes Redis forget its scripts again and again meanwhile. */
async function whileFlushing(work: () => Promise<unknown>): Promise<void> {
  await withRedis(redis.port, async (past) => {
    let flushes = 0
    const now = { isOver: false }
    const working = work().finally(() => (now.isOver = true))
    while (!now.isOver) {
      await past.script('FLUSH')
      flushes += 1
    }
    await working
    expect(flushes).toBeGreaterThan(5)
  })
}

/** What the feed `log` holds, in order. */
async function logOf(store: Store): Promise<string[]> {
  return (await store.feedPage('log', { from: 0, direction: 'newer', limit: 100_000 })).map((entry) => plain(entry.message) ?? '')
}

/** Whether a commit was carried out; false if the store could not. */
async function isDone(store: Store, commit: Commit): Promise<boolean> {
  try {
    return (await store.commit(commit)).kind === 'committed'
  } catch (error) {
    if (error instanceof StoreOutage) return false
    throw error
  }
}

function orderOf(name: string): number {
  const [, round, place] = name.split('-').map(Number)
  return (round ?? 0) * 1_000 + (place ?? 0)
}
