import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Commit, CommitResult, Store } from '../../store/index.js'
import { emptyInbox, openRedisStore, StoreOutage } from '../../store/index.js'
import { commandOf } from '../../store/redis/arguments.js'
import { decodeResult, partsOf } from '../../store/redis/decode-result.js'
import { encodeCommit, headerOf } from '../../store/redis/encode-commit.js'
import { notesKept } from '../../store/redis/layout.js'
import { WrittenCommand } from '../../store/redis/link.js'
import { scriptsFor } from '../../store/redis/scripts.js'
import { ownPrefix, removeAll, testRedis } from './redis-prefix.js'
import { message, plain, put, text } from './store-builders.js'

let prefix = ''
let past: Redis
let store: Store
beforeEach(async () => {
  prefix = ownPrefix()
  past = new Redis(testRedis())
  store = await openRedisStore({ url: testRedis(), prefix })
})
afterEach(async () => {
  await store.close()
  past.disconnect()
  await removeAll(prefix)
})

/** What a handle sends, one by one, as its queue does. */
function newHandle(command = 'EVAL') {
  const handle = randomUUID()
  return async (number: number, commit: Commit, isInDoubt = false): Promise<CommitResult> => {
    const encoded = encodeCommit(commit)
    const header = headerOf([encoded], { inboxLimit: 10, isInDoubt, renewsNote: number === 1 })
    const { source } = scriptsFor(prefix).commit
    const first = [command, source, '0', header, handle, String(number), String(number % notesKept)]
    const answer = (await past.sendCommand(new WrittenCommand(command, commandOf(first, [encoded.written])))) as Buffer
    return decodeResult(partsOf(answer)?.[0], commit)
  }
}

const append: Commit = {
  appends: [message('f')],
  deliveries: [{ client: 'c', topic: 't', qos: 1, body: text('b'), message: { append: 0 } }],
  opens: [{ client: 'c', holder: 'one' }],
}
const resting: Commit = { checks: [{ key: 'user/a', was: undefined }], ...put('user/a', 'late') }

describe('the script of a commit', () => {
  test('answers a commit that comes again as it did at first, and does it once', async () => {
    const send = newHandle()
    const first = await send(1, append)
    await send(2, append)
    expect(await send(1, append, true)).toEqual(first)
    expect(await send(1, append)).toEqual(first)
    expect(await store.feedHead('f')).toMatchObject({ count: 2 })
    expect(await store.inboxHead('c')).toMatchObject({ last: 2, epoch: 2 })
  })

  test('does not do late what it has refused when it was sent again', async () => {
    const send = newHandle()
    await store.commit(put('user/a', 'x'))
    expect(await send(1, resting, true)).toEqual({ kind: 'conflict' })
    expect(await send(2, { fences: [{ client: 'c', epoch: 7 }], ...put('user/b', 'x') }, true)).toEqual({ kind: 'fenced' })
    await store.commit({ puts: [{ key: 'user/a', value: undefined }] })
    expect(await send(1, resting)).toEqual({ kind: 'conflict' })
    expect(await store.get('user/a')).toBeUndefined()
  })

  test('does nothing of a commit that later ones of its handle have overtaken', async () => {
    const send = newHandle()
    await send(2, append)
    await expect(send(1, resting)).rejects.toThrow(StoreOutage)
    await expect(send(1, resting, true)).rejects.toThrow(StoreOutage)
    expect(await store.get('user/a')).toBeUndefined()
    await send(2 + notesKept, append)
    await expect(send(2, append, true)).rejects.toThrow(StoreOutage)
    expect(await store.feedHead('f')).toMatchObject({ count: 2 })
  })

  test('does what a handle sends whose notes are lost', async () => {
    const send = newHandle()
    await send(1, append)
    for (const note of await past.keys(`${prefix}note:*`)) await past.del(note)
    expect((await send(7, append, true)).kind).toBe('committed')
    expect((await send(8, append)).kind).toBe('committed')
    expect(await store.feedHead('f')).toMatchObject({ count: 3 })
  })

  test('keeps the notes of a handle for a day, and those of one that was closed no longer', async () => {
    await newHandle()(1, append)
    const [own] = await past.keys(`${prefix}note:*`)
    expect(await past.ttl(own ?? '')).toBeGreaterThan(86_000)
    const other = await openRedisStore({ url: testRedis(), prefix })
    await other.commit(put('user/a', 'x'))
    expect(await past.keys(`${prefix}note:*`)).toHaveLength(2)
    await other.close()
    expect(await past.keys(`${prefix}note:*`)).toEqual([own])
  })

  test('writes nothing where a commit only looks', async () => {
    await store.commit(put('user/a', 'x'))
    const send = newHandle('EVAL_RO')
    const fences = [{ client: 'c', epoch: 0 }]
    expect((await send(1, { fences, checks: [{ key: 'user/a', was: text('x') }] })).kind).toBe('committed')
    expect(await send(1, { fences, checks: [{ key: 'user/a', was: text('y') }] }, true)).toEqual({ kind: 'conflict' })
    await expect(send(1, { fences, ...put('user/a', 'y') })).rejects.toThrow(/read-only/)
  })
})

describe('the Redis store', () => {
  test('frees what is settled, dropped, cleared, removed or done', async () => {
    const small = await openRedisStore({ url: testRedis(), prefix, inboxLimit: 5 })
    for (let burst = 0; burst < 10; burst++) await small.commit({ ...append, opens: [] })
    expect(await past.llen(`${prefix}i:c`)).toBe(5)
    await small.commit({ settlements: [{ client: 'c', settledTo: 8, releasedTo: 0 }] })
    expect(await past.llen(`${prefix}i:c`)).toBe(2)
    await small.commit({ clearInboxes: ['c'], ...put('user/a', 'x'), outbox: [{ id: 'o', job: text('j') }] })
    await small.commit({ puts: [{ key: 'user/a', value: undefined }], outboxDone: ['o'] })
    await small.close()
    await store.close()
    const left = (await past.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)).sort()
    const messages = Array.from({ length: 10 }, (_, place) => `d:message/${place + 1}`)
    expect(left).toEqual([...messages, 'f:f', 'h:c', 'id', 'schema'].sort())
  })

  test('finds messages in a long feed', async () => {
    const many = Array.from({ length: 1_000 }, () => message('f'))
    await store.commit({ appends: [message('g'), ...many] })
    await store.commit({ appends: [message('g'), ...many] })
    for (const [id, position] of [
      [2, 1],
      [501, 500],
      [1_001, 1_000],
      [1_003, 1_001],
      [2_002, 2_000],
    ] as const) {
      expect(await store.feedPlace('f', id)).toMatchObject({ id, position })
    }
    expect([await store.feedPlace('f', 1), await store.feedPlace('f', 1_002), await store.feedPlace('f', 9_999)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    const newer = await store.feedPage('f', { from: 1_002, direction: 'newer', limit: 700 })
    expect([newer.length, newer[0]?.position, newer[699]?.position, plain(newer[699]?.message)]).toEqual([700, 1_001, 1_700, 'm'])
    expect((await store.feedPage('f', { from: 1_002, direction: 'older', limit: 2 })).map(({ position }) => position)).toEqual([999, 1_000])
  })
})

test('takes up inboxes from before there were empty places: all of them may have been sent', async () => {
  const marks = Buffer.alloc(32)
  for (const [place, mark] of [1, 2, 0, 4].entries()) marks.writeDoubleBE(mark, 8 * place)
  const entry = Buffer.concat([Buffer.of(2), Buffer.alloc(8), Buffer.of(0, 1), text('tb')])
  await past.set(`${prefix}h:c`, Buffer.concat([marks, text('hölder')]))
  await past.rpush(`${prefix}i:c`, entry, entry)
  const head = { ...emptyInbox, last: 3, settledTo: 1, releasedTo: 2, epoch: 4, holder: 'hölder', sentTo: 3 }
  expect(await store.inboxHead('c')).toEqual(head)
  const news = { client: 'c', topic: 't', qos: 1, body: text('n'), news: 'x' } as const
  await store.commit({ opens: [{ client: 'c', holder: '', sentTo: 0 }], deliveries: [news, news] })
  const page = await store.inboxPage('c', { after: 0, limit: 9 })
  expect(page.map(({ number, body }) => `${number}${plain(body) ?? ''}`)).toEqual(['2b', '3b', '5n'])
  expect((await store.inboxHead('c'))?.sentTo).toBe(3)
})
