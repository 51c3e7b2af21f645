import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Redis } from 'ioredis'
import type { Commit, Store } from '../../store/index.js'
import { inspectRedis, openRedisStore, redactRedisUrl, StoreOutage } from '../../store/index.js'
import { parseRedisUrl } from '../../store/redis/redis-url.js'
import { cannotServe, parseInfo } from '../../store/redis/server-facts.js'
import { stablePort } from '../cluster/program.js'
import { newRedisProcess, type RedisProcess } from '../cluster/redis-process.js'
import { newHandles, withRedis } from './redis-handles.js'
import { makeCertificate } from '../providers/mail-server.js'
import { ownPrefix } from './redis-prefix.js'
import { committed, delivery, plain, put, text, times } from './store-builders.js'
import { wholeCommit, wholeCommits } from './whole-commit.js'

const handles = newHandles()
let redis: RedisProcess
beforeAll(async () => {
  redis = await newRedisProcess('everysec')
  await redis.start()
})
afterEach(() => handles.closeAll())
afterAll(() => redis.close())

const url = (): string => `redis://127.0.0.1:${redis.port}`

describe('a Redis that cannot write', () => {
  for (const { name, begin, end } of [
    { name: 'its memory is full', begin: ['maxmemory', '1'], end: ['maxmemory', '0'] },
    { name: 'too few replicas are there', begin: ['min-replicas-to-write', '1'], end: ['min-replicas-to-write', '0'] },
  ] as const) {
    test(`refuses commits and answers reads when ${name}, and the store says so`, async () => {
      const { store, states, until } = await handles.open(redis.port, { prefix: ownPrefix() })
      await store.commit(wholeCommit('before'))
      await withRedis(redis.port, async (past) => {
        await past.config('SET', ...begin)
        const outcomes = await Promise.allSettled(times(5).map((place) => store.commit(wholeCommit(`refused-${place}`))))
        expect(outcomes.map((one) => (one.status === 'rejected' ? (one.reason as Error).name : one.value.kind))).toEqual(
          times(5).map(() => 'StoreOutage'),
        )
        expect([...(await wholeCommits(store))]).toEqual(['before'])
        expect(states.at(-1)).toMatchObject({ isReachable: false })
        await past.config('SET', ...end)
      })
      await store.commit(wholeCommit('after'))
      await until(true)
      expect([...(await wholeCommits(store))].sort()).toEqual(['after', 'before'])
    })
  }

  test('is left when it has become a replica, and taken again when it is a primary', async () => {
    const { store, states, until } = await handles.open(redis.port, { prefix: ownPrefix() })
    await store.commit(wholeCommit('before'))
    const nobody = await stablePort()
    await withRedis(redis.port, async (past) => {
      await past.replicaof('127.0.0.1', nobody)
      await expect(store.commit(wholeCommit('refused'))).rejects.toThrow(StoreOutage)
      await until(false)
      expect(states.at(-1)?.because).toContain('READONLY')
      await past.replicaof('NO', 'ONE')
    })
    await until(true)
    await store.commit(wholeCommit('after'))
    expect([...(await wholeCommits(store))].sort()).toEqual(['after', 'before'])
  })
})

describe('a store on Redis', () => {
  test('carries out what frees memory and what only looks while there is none left, whatever they are committed with', async () => {
    const { store } = await handles.open(redis.port, { prefix: ownPrefix() })
    const deliver: Commit = { deliveries: [delivery('d')] }
    const look: Commit = { checks: [{ key: 'user/a', was: undefined }] }
    const settle = (settledTo: number): Commit => ({ settlements: [{ client: 'c', settledTo, releasedTo: settledTo }] })
    const outcomesOf = async (...commits: Commit[]): Promise<string[]> => {
      const outcomes = await Promise.allSettled(commits.map((commit) => store.commit(commit)))
      return outcomes.map((one) => (one.status === 'rejected' ? (one.reason as Error).name : one.value.kind))
    }
    await store.commit({ deliveries: times(9).map(() => delivery('c')) })
    await withRedis(redis.port, async (past) => {
      await past.config('SET', 'maxmemory', '1')
      for (const round of [0, 1]) {
        expect(await outcomesOf(deliver, look, settle(1 + 2 * round))).toEqual(['StoreOutage', 'committed', 'committed'])
        expect(await outcomesOf(settle(2 + 2 * round), deliver, look)).toEqual(['committed', 'StoreOutage', 'committed'])
      }
      await past.config('SET', 'maxmemory', '0')
    })
    expect([await store.inboxHead('d'), (await store.inboxHead('c'))?.settledTo]).toEqual([undefined, 4])
    expect(await outcomesOf(deliver, look)).toEqual(['committed', 'committed'])
  })

  test('refuses what comes when too much waits already, and applies the rest', async () => {
    const { store } = await handles.open(redis.port, { prefix: ownPrefix() })
    const outcomes = await Promise.allSettled(times(10_300).map(() => store.commit({ checks: [{ key: 'user/a', was: undefined }] })))
    const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => (one.reason as Error).name)
    expect([new Set(refused), refused.length]).toEqual([new Set(['StoreOutage']), 10_300 - 10_000])
  })

  test('throws a RangeError at a commit of more parts than Redis takes, and goes on', async () => {
    const { store } = await handles.open(redis.port, { prefix: ownPrefix() })
    await expect(store.commit({ outboxDone: times(500_001).map(String) })).rejects.toThrow(RangeError)
    expect((await store.commit(put('user/a', 'x'))).kind).toBe('committed')
  })

  test('finds a document unchanged that was changed and changed back, whoever did, and a number by its bytes', async () => {
    const prefix = ownPrefix()
    const [{ store: one }, { store: other }] = [await handles.open(redis.port, { prefix }), await handles.open(redis.port, { prefix })]
    await committed(one, put('user/a', 'first'))
    const was = await one.get('user/a')
    const check = { checks: [{ key: 'user/a', was }] }
    await committed(other, put('user/a', 'second'))
    expect((await one.commit(check)).kind).toBe('conflict')
    await committed(other, { puts: [{ key: 'user/a', value: undefined }] })
    expect((await one.commit(check)).kind).toBe('conflict')
    await committed(other, put('user/a', 'first'))
    expect((await one.commit(check)).kind).toBe('committed')
    await committed(one, { appends: [{ feed: 'f', message: text('m'), isCountable: true }], numbers: [{ key: 'user/n', append: 0 }] })
    expect((await one.commit({ checks: [{ key: 'user/n', was: text('1') }] })).kind).toBe('committed')
    expect((await one.commit({ checks: [{ key: 'user/n', was: text('2') }] })).kind).toBe('conflict')
  })

  test('gives an inbox that two handles open at once to one of them, and fences the other', async () => {
    const prefix = ownPrefix()
    const two = [await handles.open(redis.port, { prefix }), await handles.open(redis.port, { prefix })].map(({ store }) => store)
    for (const round of times(50)) {
      const opened = await Promise.all(two.map((store, who) => open(store, String(who))))
      expect(opened.map(({ head }) => head.epoch).sort((a, b) => a - b)).toEqual([2 * round + 1, 2 * round + 2])
      const writes = await Promise.all(
        two.map((store, who) =>
          store.commit({ fences: [{ client: 'c', epoch: opened[who]!.head.epoch }], ...put(`user/${round}`, String(who)) }),
        ),
      )
      expect(writes.map(({ kind }) => kind).sort()).toEqual(['committed', 'fenced'])
      const winner = writes[0]?.kind === 'committed' ? '0' : '1'
      expect([(await two[0]!.inboxHead('c'))?.holder, plain(await two[1]!.get(`user/${round}`))]).toEqual([winner, winner])
    }
  })
})

async function open(store: Store, holder: string) {
  return (await committed(store, { opens: [{ client: 'c', holder }] })).opened[0]!
}

describe('opening a store on Redis', () => {
  test('fails at once with the reason when nobody listens', async () => {
    await expect(openRedisStore({ url: `redis://127.0.0.1:${await stablePort()}` })).rejects.toThrow(
      /^Redis cannot be reached: .*ECONNREFUSED/,
    )
  })

  test('says in words that nobody vouches for the certificate', async () => {
    const certificate = makeCertificate()
    const server = createTlsServer(certificate)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await expect(openRedisStore({ url: `rediss://localhost:${String(port)}` })).rejects.toThrow(
      'Redis cannot be reached: DEPTH_ZERO_SELF_SIGNED_CERT: its certificate is not trusted',
    )
    certificate.remove()
    await new Promise((resolve) => server.close(resolve))
  })

  test('says what is wrong with a server that cannot serve, and never the password', async () => {
    const named = `redis://:secret@127.0.0.1:${redis.port}`
    await withRedis(redis.port, async (past) => {
      await past.config('SET', 'requirepass', 'other')
      await refused(named, /WRONGPASS.*check user, password and database/)
      await refused(url(), /NOAUTH.*put user and password into its address/)
      await past.config('SET', 'requirepass', 'secret')
      await (await openRedisStore({ url: named, prefix: ownPrefix() })).close()
      await refused(`${named}/99`, /out of range.*check user, password and database/)
      await past.config('SET', 'requirepass', '')
      await past.config('SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru')
      await refused(url(), /allkeys-lru.*set maxmemory-policy noeviction/)
      await past.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
      await past.replicaof('127.0.0.1', await stablePort())
      await refused(url(), /is a replica: name its primary/)
      await past.replicaof('NO', 'ONE')
      const prefix = ownPrefix()
      await past.set(`${prefix}schema`, '99')
      await expect(openRedisStore({ url: url(), prefix })).rejects.toThrow(/layout 99, this program knows \d+/)
    })
  })

  test('refuses a Redis that is too old, a node of a Redis Cluster, or still loading', () => {
    const told = (...lines: string[]): string | undefined => cannotServe(parseInfo(lines.join('\r\n')))
    expect(told('# Server', 'redis_version:6.0.16')).toMatch(/6\.0\.16 is too old: use 6\.2/)
    expect(told('redis_version:7.0.15', 'cluster_enabled:1')).toMatch(/Redis Cluster/)
    expect(told('redis_version:7.0.15', 'loading:1', 'loading_eta_seconds:7')).toMatch(/ready in about 7 s/)
    expect(['6.2.0', '7.0.15', '10.1'].map((version) => told(`redis_version:${version}`, 'cluster_enabled:0', 'role:master'))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  for (const wrong of ['', 'redis', 'http://host', 'redis://', 'redis://host/db', 'redis://host/0?x=1', 'redis://:%@host']) {
    test(`does not take "${wrong}" for an address`, () => {
      expect(() => parseRedisUrl(wrong)).toThrow(RangeError)
    })
  }

  test('reads an address, and shows it without its password', () => {
    expect(parseRedisUrl('rediss://ann:p%40ss@[::1]:7000/3')).toEqual({
      host: '::1',
      port: 7_000,
      username: 'ann',
      password: 'p@ss',
      database: 3,
      isTls: true,
    })
    expect(parseRedisUrl('redis://h')).toEqual({ host: 'h', port: 6_379, username: '', password: '', database: 0, isTls: false })
    expect(['rediss://ann:p%40ss@host:7000/3', 'redis://host', 'redis://:secret@', 'x'].map(redactRedisUrl)).toEqual([
      'rediss://ann:***@host:7000/3',
      'redis://host',
      'redis://?',
      'redis://?',
    ])
  })
})

describe('a look at a Redis', () => {
  test('tells how it keeps what it has acknowledged, and what to do about it', async () => {
    await withRedis(redis.port, async (past) => {
      expect(await inspectRedis({ url: url() })).toMatchObject({
        version: await versionOf(past),
        appendonly: 'yes',
        appendfsync: 'everysec',
      })
      expect((await inspectRedis({ url: url() })).problems).toEqual([expect.stringContaining('set appendfsync always')])
      await past.config('SET', 'appendfsync', 'always')
      expect(await inspectRedis({ url: url() })).toMatchObject({ appendfsync: 'always', replicas: 0, problems: [] })
      await past.config('SET', 'appendonly', 'no', 'appendfsync', 'everysec')
      expect((await inspectRedis({ url: url() })).problems).toEqual([expect.stringContaining('set appendonly yes')])
      await past.config('SET', 'appendonly', 'yes')
    })
  })

  test('says that it does not know where Redis does not tell', async () => {
    await withRedis(redis.port, async (past) => {
      await past.acl('SETUSER', 'guest', 'on', '>word', '~*', '+@all', '-config', '-info')
      const facts = await inspectRedis({ url: `redis://guest:word@127.0.0.1:${redis.port}` })
      expect(facts).toMatchObject({ version: 'unknown', appendonly: 'unknown', appendfsync: 'unknown' })
      expect(facts.problems).toEqual([expect.stringContaining('CONFIG is forbidden')])
    })
  })
})

async function versionOf(past: Redis): Promise<string | undefined> {
  return parseInfo(await past.info('server')).get('redis_version')
}

/** Expects that opening fails with an outage whose whole story does not hold the password. */
async function refused(address: string, because: RegExp): Promise<void> {
  const error: unknown = await openRedisStore({ url: address }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StoreOutage)
  expect(storyOf(error)).toMatch(because)
  expect(storyOf(error)).not.toContain('secret')
}

function storyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.message} ${JSON.stringify(error)} ${error.cause === undefined ? '' : storyOf(error.cause)}`
}
