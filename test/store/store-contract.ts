import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Commit, CommitResult, Store } from '../../src/store/contract.js'
import { messageKey, readNumber, StoreOutage } from '../../src/store/contract.js'
import { randomPromises } from './store-properties.js'

/** A store of its own for each test, and further handles on it. */
export interface OpenedStore {
  readonly store: Store
  /** The limit with which all handles of this store are opened. */
  readonly inboxLimit: number
  /** Closes every handle and opens the store again. */
  reopen(): Promise<Store>
  /** A further handle on the same store, open beside the others. */
  another(): Promise<Store>
  /** Closes every handle and removes the store. */
  destroy(): Promise<void>
}

/** Opens a new, empty store whose inboxes hold `inboxLimit` entries. */
export type OpenStore = (inboxLimit: number) => Promise<OpenedStore>

/** The promises of the Store contract, run by every engine unchanged. */
export function storeContract(name: string, open: OpenStore): void {
  describe(name, () => {
    let opened: OpenedStore
    let store: Store
    beforeEach(async () => {
      opened = await open(20)
      store = opened.store
    })
    afterEach(() => opened.destroy())

    documentPromises(() => store)
    feedPromises(() => store)
    inboxPromises(
      () => store,
      () => opened,
    )
    outboxPromises(() => store)
    handlePromises(() => opened)
    randomPromises(open)
  })
}

type Get<T> = () => T

const minute = 60_000

const text = (words: string): Buffer => Buffer.from(words)
const plain = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString())
const put = (key: string, words: string): Commit => ({ puts: [{ key, value: text(words) }] })
const message = (feed: string, words = 'm'): NonNullable<Commit['appends']>[number] => ({ feed, message: text(words), isCountable: true })
const delivery = (client: string, words = 'b'): NonNullable<Commit['deliveries']>[number] => ({
  client,
  topic: 't',
  qos: 2,
  body: text(words),
})
const times = (count: number): number[] => Array.from({ length: count }, (_, place) => place)

async function committed(store: Store, commit: Commit): Promise<Extract<CommitResult, { kind: 'committed' }>> {
  const result = await store.commit(commit)
  if (result.kind !== 'committed') throw new Error('the commit met a conflict')
  return result
}

function documentPromises(store: Get<Store>): void {
  test('keeps a document until it is replaced or removed', async () => {
    expect(await store().get('user/a')).toBeUndefined()
    await committed(store(), put('user/a', 'one'))
    await committed(store(), {
      puts: [
        { key: 'user/a', value: text('two') },
        { key: 'user/b', value: text('') },
      ],
    })
    expect((await store().getMany(['user/b', 'user/none', 'user/a'])).map(plain)).toEqual(['', undefined, 'two'])
    await committed(store(), { puts: [{ key: 'user/a', value: undefined }] })
    expect(await store().get('user/a')).toBeUndefined()
  })

  test(
    'keeps any bytes, up to 16 MiB, under keys of up to 1,500 bytes',
    async () => {
      const [large, long] = [Buffer.alloc(16 * 1024 * 1024, 'ab'), `user/${'é'.repeat(747)}k`]
      await committed(store(), {
        puts: [
          { key: long, value: large },
          { key: 'user/b', value: Buffer.from([0, 255, 0]) },
        ],
      })
      expect(Buffer.compare((await store().get(long)) ?? text(''), large)).toBe(0)
      expect([...((await store().get('user/b')) ?? [])]).toEqual([0, 255, 0])
    },
    minute,
  )

  test('throws a RangeError at what it cannot keep, and applies nothing of it', async () => {
    const bad: Commit[] = [
      { puts: [{ key: 'k'.repeat(1_501), value: text('x') }] },
      { puts: [{ key: 'a\0b', value: text('x') }] },
      { checks: [{ key: 'a\ud800', was: undefined }] },
      { puts: [{ key: 'user/large', value: Buffer.alloc(16 * 1024 * 1024 + 1) }] },
      { appends: [message('f')], numbers: [{ key: 'user/n', append: 1 }] },
      { deliveries: [{ ...delivery('c'), message: { append: 0 } }] },
      { deliveries: [{ ...delivery('c'), topic: 't'.repeat(65_536) }] },
    ]
    const around = [
      put('user/before', 'x'),
      ...bad.map((commit) => ({ ...commit, outbox: [{ id: 'o', job: text('') }] })),
      put('user/after', 'x'),
    ]
    const outcomes = await Promise.allSettled(around.map((commit) => store().commit(commit)))
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.kind : (outcome.reason as Error).name))).toEqual([
      'committed',
      ...bad.map(() => 'RangeError'),
      'committed',
    ])
    expect(await store().outboxPage(9)).toEqual([])
  })

  test('hands out bytes that stay as they are', async () => {
    await committed(store(), { ...put('user/a', 'one'), deliveries: [delivery('c', 'body')], appends: [message('f', 'msg')] })
    const [one] = await store().getMany(['user/a'])
    const [[row], [entry], [inFeed]] = [
      await store().scan('user/', { limit: 1 }),
      await store().inboxPage('c', { after: 0, limit: 1 }),
      await store().feedPage('f', { from: 0, direction: 'newer', limit: 1 }),
    ]
    await Promise.all(times(50).map((place) => store().commit({ ...put(`user/${place}`, 'other'), ...put('user/a', 'TWO') })))
    await store().getMany(times(50).map((place) => `user/${place}`))
    expect([one, row?.value, entry?.body, inFeed?.message].map(plain)).toEqual(['one', 'one', 'body', 'msg'])
  })

  test('scans a prefix in the order of bytes, page by page', async () => {
    const all = ['t', 't/a', 't/a/1', 't/a/10', 't/a/2', 't/a0', 't/é', 't/\u{ffff}', 't/\u{1f600}', 't/\u{10ffff}\u{10ffff}', 't0', 'u']
    await committed(store(), { puts: all.map((key) => ({ key, value: text(key) })) })
    for (const prefix of ['', 't', 't/', 't/a', 't/a/1', 't/\u{10ffff}', 'x']) {
      const expected = all.filter((key) => key.startsWith(prefix))
      for (const limit of [1, 3, 100]) expect(await pages(prefix, limit)).toEqual(expected)
    }
    expect((await store().scan('t/a/', { limit: 9, after: 'a' })).map(({ key }) => key)).toEqual(['t/a/1', 't/a/10', 't/a/2'])
    expect(await store().scan('t/a/', { limit: 9, after: 't/b' })).toEqual([])

    async function pages(prefix: string, limit: number): Promise<string[]> {
      const found: string[] = []
      for (;;) {
        const after = found.at(-1)
        const rows = await store().scan(prefix, after === undefined ? { limit } : { limit, after })
        expect(rows.map(({ value }) => plain(value))).toEqual(rows.map(({ key }) => key))
        if (rows.length === 0) return found
        found.push(...rows.map(({ key }) => key))
      }
    }
  })

  test('applies nothing of a commit if a document it checks has changed', async () => {
    await committed(store(), put('user/a', 'one'))
    const everything: Commit = {
      puts: [{ key: 'user/b', value: text('x') }],
      appends: [message('f')],
      numbers: [{ key: 'user/n', append: 0 }],
      deliveries: [delivery('c')],
      outbox: [{ id: 'o', job: text('x') }],
    }
    for (const was of [undefined, text('on'), text('one '), text('onE'), text('')]) {
      const checks = [
        { key: 'user/none', was: undefined },
        { key: 'user/a', was },
      ]
      expect(await store().commit({ ...everything, checks })).toEqual({ kind: 'conflict' })
    }
    expect(await store().commit({ ...everything, checks: [{ key: 'user/none', was: text('') }] })).toEqual({ kind: 'conflict' })
    expect(await store().getMany(['user/b', 'user/n', messageKey(1)])).toEqual([undefined, undefined, undefined])
    expect(await store().feedHead('f')).toEqual({ lastId: 0, count: 0, ordinal: 0 })
    expect([await store().inboxHead('c'), await store().outboxPage(9)]).toEqual([undefined, []])
    const result = await committed(store(), { ...everything, checks: [{ key: 'user/a', was: text('one') }] })
    expect(result).toEqual({ kind: 'committed', appended: [{ id: 1, previous: 0, position: 1, ordinal: 1 }], delivered: [1] })
  })

  test('applies commits in the order in which they were asked for, each seeing those before it', async () => {
    const chain = times(300).map((place) =>
      store().commit({
        checks: [{ key: 'user/a', was: place === 0 ? undefined : text(String(place - 1)) }],
        ...put('user/a', String(place)),
      }),
    )
    expect((await Promise.all(chain)).filter(({ kind }) => kind === 'conflict')).toEqual([])
    expect(plain(await store().get('user/a'))).toBe('299')
  })

  test('resolves commits in their order', async () => {
    const order: number[] = []
    await Promise.all(
      times(100).map((place) =>
        store()
          .commit(place % 3 === 0 ? { checks: [{ key: 'user/a', was: text('no') }] } : put('user/b', 'x'))
          .then(() => order.push(place)),
      ),
    )
    expect(order).toEqual(times(100))
  })
}

function feedPromises(store: Get<Store>): void {
  test('numbers messages over all feeds, and gives each its place in its own', async () => {
    const system = { ...message('room'), isCountable: false }
    const first = await committed(store(), {
      appends: [message('p2p', 'one'), message('room'), system],
      numbers: [{ key: 'cursor/a', append: 2 }],
    })
    const second = await committed(store(), { appends: [message('room', 'two')] })
    expect([...first.appended, ...second.appended]).toEqual([
      { id: 1, previous: 0, position: 1, ordinal: 1 },
      { id: 2, previous: 0, position: 1, ordinal: 1 },
      { id: 3, previous: 2, position: 2, ordinal: 1 },
      { id: 4, previous: 3, position: 3, ordinal: 2 },
    ])
    expect(readNumber((await store().get('cursor/a')) ?? text(''))).toBe(3)
    expect(await store().feedHead('room')).toEqual({ lastId: 4, count: 3, ordinal: 2 })
    expect(await store().feedPlace('room', 3)).toEqual(first.appended[2])
    expect([await store().feedPlace('room', 1), await store().feedPlace('roo', 2), await store().feedPlace('none', 1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(plain(await store().get(messageKey(4)))).toBe('two')
  })

  test('pages a feed both ways from the nearest message, with its documents as they are now', async () => {
    await committed(store(), {
      appends: times(30).map((place) => message(place % 3 === 0 ? 'a' : place % 3 === 1 ? 'aa' : 'b', `m${place + 1}`)),
    })
    await committed(store(), {
      puts: [
        { key: messageKey(4), value: text('edited') },
        { key: messageKey(7), value: undefined },
      ],
    })
    const page = async (from: number, direction: 'older' | 'newer', limit: number): Promise<(string | undefined)[]> =>
      (await store().feedPage('a', { from, direction, limit })).map(({ message: bytes }) => plain(bytes))
    expect(await page(0, 'newer', 3)).toEqual(['m1', 'edited', ''])
    expect(await page(0, 'older', 2)).toEqual(['m25', 'm28'])
    expect(await page(13, 'older', 2)).toEqual(['m10', 'm13'])
    expect(await page(12, 'older', 1)).toEqual(['m10'])
    expect(await page(11, 'newer', 2)).toEqual(['m13', 'm16'])
    expect(await page(29, 'newer', 2)).toEqual([])
    expect(await page(1_000, 'older', 1)).toEqual(['m28'])
    expect(await store().feedPage('none', { from: 0, direction: 'older', limit: 9 })).toEqual([])
    expect(await store().feedPage('a', { from: 28, direction: 'older', limit: 1 })).toMatchObject([
      { id: 28, previous: 25, position: 10, ordinal: 10 },
    ])
  })
}

function inboxPromises(store: Get<Store>, opened: Get<OpenedStore>): void {
  const numbers = async (client: string, after = 0, limit = 100): Promise<number[]> =>
    (await store().inboxPage(client, { after, limit })).map(({ number }) => number)

  test('keeps what a device is owed, in order, with its message by reference', async () => {
    const { appended, delivered } = await committed(store(), {
      appends: [message('f'), message('f')],
      deliveries: [
        { ...delivery('c'), message: { append: 1 } },
        { ...delivery('d'), message: { id: 77 } },
        { ...delivery('c', ''), topic: 'é', qos: 1 },
      ],
    })
    expect(delivered).toEqual([1, 1, 2])
    expect((await store().inboxPage('c', { after: 0, limit: 9 })).map((entry) => ({ ...entry, body: plain(entry.body) }))).toEqual([
      { number: 1, topic: 't', qos: 2, body: 'b', messageId: appended[1]?.id },
      { number: 2, topic: 'é', qos: 1, body: '', messageId: 0 },
    ])
    expect((await store().inboxPage('d', { after: 0, limit: 9 }))[0]?.messageId).toBe(77)
  })

  test('moves the marks of an inbox forward only, at most to its newest entry', async () => {
    await Promise.all(times(10).map(() => store().commit({ deliveries: [delivery('c')] })))
    await committed(store(), {
      settlements: [
        { client: 'c', settledTo: 3, releasedTo: 7 },
        { client: 'none', settledTo: 3, releasedTo: 3 },
      ],
    })
    await committed(store(), { settlements: [{ client: 'c', settledTo: 2, releasedTo: 6 }] })
    expect(await store().inboxHead('c')).toEqual({ last: 10, settledTo: 3, releasedTo: 7, dropped: 0 })
    expect([await numbers('c'), await numbers('c', 5, 2), await numbers('c', 10), await numbers('none')]).toEqual([
      [4, 5, 6, 7, 8, 9, 10],
      [6, 7],
      [],
      [],
    ])
    await committed(store(), { settlements: [{ client: 'c', settledTo: 99, releasedTo: 99 }] })
    expect(await store().inboxHead('c')).toEqual({ last: 10, settledTo: 10, releasedTo: 10, dropped: 0 })
    expect(await store().inboxHead('none')).toBeUndefined()
    expect((await committed(store(), { deliveries: [delivery('c')] })).delivered).toEqual([11])
    expect(await numbers('c')).toEqual([11])
  })

  test('drops the oldest of a full inbox and counts it', async () => {
    const limit = opened().inboxLimit
    await committed(store(), { deliveries: times(limit).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({ last: limit, settledTo: 0, releasedTo: 0, dropped: 0 })
    await committed(store(), { settlements: [{ client: 'c', settledTo: 1, releasedTo: 1 }], deliveries: times(3).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({ last: limit + 3, settledTo: 3, releasedTo: 1, dropped: 2 })
    await committed(store(), { deliveries: times(limit * 2).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({ last: 3 * limit + 3, settledTo: 2 * limit + 3, releasedTo: 1, dropped: 2 * limit + 2 })
    expect(await numbers('c', 0, 3)).toEqual([2 * limit + 4, 2 * limit + 5, 2 * limit + 6])
    expect(await numbers('c', 0, 5_000)).toHaveLength(limit)
  })

  test('empties an inbox and forgets its numbers', async () => {
    await Promise.all(times(5).map(() => store().commit({ deliveries: [delivery('c'), delivery('c2')] })))
    expect((await committed(store(), { clearInboxes: ['c', 'none'], deliveries: [delivery('c', 'new')] })).delivered).toEqual([1])
    expect(await store().inboxHead('c')).toEqual({ last: 1, settledTo: 0, releasedTo: 0, dropped: 0 })
    expect((await store().inboxPage('c', { after: 0, limit: 9 })).map(({ body }) => plain(body))).toEqual(['new'])
    expect(await numbers('c2')).toEqual([1, 2, 3, 4, 5])
    await committed(store(), { clearInboxes: ['c'] })
    expect([await store().inboxHead('c'), await numbers('c')]).toEqual([undefined, []])
  })
}

function outboxPromises(store: Get<Store>): void {
  test('keeps work in the outbox until it is done', async () => {
    const ids = async (limit: number, after?: string): Promise<string[]> =>
      (await store().outboxPage(limit, after)).map(({ id, job }) => `${id}=${plain(job)}`)
    await committed(store(), {
      outbox: [
        { id: 'b', job: text('1') },
        { id: 'a', job: text('2') },
        { id: 'c', job: text('3') },
      ],
    })
    expect([await ids(2), await ids(9, 'b'), await ids(0)]).toEqual([['a=2', 'b=1'], ['c=3'], []])
    await committed(store(), { outboxDone: ['a', 'b', 'none'], outbox: [{ id: 'b', job: text('again') }] })
    expect(await ids(9)).toEqual(['b=again', 'c=3'])
  })
}

function handlePromises(opened: Get<OpenedStore>): void {
  test('lets exactly one of two handles win that rest on the same fact', async () => {
    const [one, other] = [opened().store, await opened().another()]
    for (const round of times(40)) {
      const key = `race/${round}`
      const claim = (store: Store, who: string): Promise<CommitResult> =>
        store.commit({ checks: [{ key, was: undefined }], puts: [{ key, value: text(who) }], appends: [message('race')] })
      const [first, second] = await Promise.all([claim(one, 'one'), claim(other, 'other')])
      expect([first?.kind, second?.kind].sort()).toEqual(['committed', 'conflict'])
      expect(plain(await one.get(key))).toBe(first?.kind === 'committed' ? 'one' : 'other')
    }
    expect(await other.feedHead('race')).toMatchObject({ count: 40 })
  })

  test('shows a commit that has resolved to every handle', async () => {
    const [one, other] = [opened().store, await opened().another()]
    for (const round of times(30)) {
      const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one]
      await reader.get('user/a')
      await committed(writer, {
        ...put('user/a', String(round)),
        appends: [message('f')],
        deliveries: [delivery('c')],
        outbox: [{ id: 'o', job: text(String(round)) }],
      })
      expect(plain(await reader.get('user/a'))).toBe(String(round))
      expect((await reader.getMany(['user/a'])).map(plain)).toEqual([String(round)])
      expect((await reader.scan('user/', { limit: 1 })).map(({ value }) => plain(value))).toEqual([String(round)])
      expect(await reader.feedHead('f')).toMatchObject({ count: round + 1 })
      expect(await reader.feedPage('f', { from: 0, direction: 'older', limit: 1 })).toMatchObject([{ position: round + 1 }])
      expect(await reader.inboxHead('c')).toMatchObject({ last: round + 1 })
      expect((await reader.inboxPage('c', { after: round, limit: 9 })).map(({ number }) => number)).toEqual([round + 1])
      expect((await reader.outboxPage(1)).map(({ job }) => plain(job))).toEqual([String(round)])
    }
  })

  test('finds everything again after it was closed, and goes on numbering', async () => {
    await committed(opened().store, {
      ...put('user/a', 'x'),
      appends: [message('f')],
      deliveries: [delivery('c')],
      outbox: [{ id: 'o', job: text('j') }],
    })
    await committed(opened().store, { settlements: [{ client: 'c', settledTo: 1, releasedTo: 1 }] })
    const again = await opened().reopen()
    expect([plain(await again.get('user/a')), (await again.outboxPage(9)).length]).toEqual(['x', 1])
    const result = await committed(again, { appends: [message('f')], deliveries: [delivery('c')] })
    expect(result).toEqual({ kind: 'committed', appended: [{ id: 2, previous: 1, position: 2, ordinal: 2 }], delivered: [2] })
  })

  test('waits for the commits under way when it is closed, and refuses later ones', async () => {
    const store = await opened().another()
    const results = times(20).map((place) => store.commit(put(`user/${place}`, 'x')))
    const closed = store.close()
    await expect(store.commit(put('user/late', 'x'))).rejects.toThrow(StoreOutage)
    await closed
    expect((await Promise.all(results)).every(({ kind }) => kind === 'committed')).toBe(true)
    await expect(async () => store.get('user/1')).rejects.toThrow(StoreOutage)
    await store.close()
    expect((await opened().store.scan('user/', { limit: 99 })).length).toBe(20)
  })
}
