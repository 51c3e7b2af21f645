import { expect, test } from '@jest/globals'
import type { Commit, Store } from '../../store/contract.js'
import { messageKey } from '../../store/contract.js'
import { committed, delivery, message, plain, put, text, times, type Get } from './store-builders.js'

export function documentPromises(store: Get<Store>): void {
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

  test('keeps any bytes, up to 16 MiB, under keys of up to 1,500 bytes', async () => {
    const [large, long] = [Buffer.alloc(16 * 1024 * 1024, 'ab'), `user/${'é'.repeat(747)}k`]
    await committed(store(), {
      puts: [
        { key: long, value: large },
        { key: 'user/b', value: Buffer.from([0, 255, 0]) },
      ],
    })
    expect(Buffer.compare((await store().get(long)) ?? text(''), large)).toBe(0)
    expect([...((await store().get('user/b')) ?? [])]).toEqual([0, 255, 0])
  })

  test('takes more in one commit than one command of a database does', async () => {
    const [count, toOne] = [9_001, 4_500]
    const keys = times(count).map((i) => `user/${i}`)
    const deliveries = times(count).map((i) => delivery(`client-${i}`))
    const many = await committed(store(), { puts: keys.map((key) => ({ key, value: text(key) })), deliveries })
    expect(many.delivered).toEqual(keys.map(() => 1))
    expect((await store().getMany(keys)).map(plain)).toEqual(keys)
    expect(await store().scan('user/', { limit: count + 1 })).toHaveLength(count)

    const more = await committed(store(), { deliveries: [...deliveries, ...times(toOne).map(() => delivery('client-0'))] })
    expect(more.delivered).toEqual([...keys.map(() => 2), ...times(toOne).map((i) => 3 + i)])
  })

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
    expect(result).toEqual({
      kind: 'committed',
      appended: [{ id: 1, previous: 0, position: 1, ordinal: 1 }],
      delivered: [1],
      holders: [''],
      opened: [],
      dropped: { news: 0, messages: 0 },
    })
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
