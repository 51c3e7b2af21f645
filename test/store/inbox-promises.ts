import { expect, test } from '@jest/globals'
import type { Store } from '../../src/store/contract.js'
import { committed, delivery, message, plain, text, times, type Get } from './store-builders.js'
import type { OpenedStore } from './store-contract.js'

const unopened = { epoch: 0, holder: '' }

export function inboxPromises(store: Get<Store>, opened: Get<OpenedStore>): void {
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
    expect(await store().inboxHead('c')).toEqual({ last: 10, settledTo: 3, releasedTo: 7, dropped: 0, ...unopened })
    expect([await numbers('c'), await numbers('c', 5, 2), await numbers('c', 10), await numbers('none')]).toEqual([
      [4, 5, 6, 7, 8, 9, 10],
      [6, 7],
      [],
      [],
    ])
    await committed(store(), { settlements: [{ client: 'c', settledTo: 99, releasedTo: 99 }] })
    expect(await store().inboxHead('c')).toEqual({ last: 10, settledTo: 10, releasedTo: 10, dropped: 0, ...unopened })
    expect(await store().inboxHead('none')).toBeUndefined()
    expect((await committed(store(), { deliveries: [delivery('c')] })).delivered).toEqual([11])
    expect(await numbers('c')).toEqual([11])
  })

  test('drops the oldest of a full inbox and counts it', async () => {
    const limit = opened().inboxLimit
    await committed(store(), { deliveries: times(limit).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({ last: limit, settledTo: 0, releasedTo: 0, dropped: 0, ...unopened })
    await committed(store(), { settlements: [{ client: 'c', settledTo: 1, releasedTo: 1 }], deliveries: times(3).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({ last: limit + 3, settledTo: 3, releasedTo: 1, dropped: 2, ...unopened })
    await committed(store(), { deliveries: times(limit * 2).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({
      last: 3 * limit + 3,
      settledTo: 2 * limit + 3,
      releasedTo: 1,
      dropped: 2 * limit + 2,
      ...unopened,
    })
    expect(await numbers('c', 0, 3)).toEqual([2 * limit + 4, 2 * limit + 5, 2 * limit + 6])
    expect(await numbers('c', 0, 5_000)).toHaveLength(limit)
  })

  test('empties an inbox and lets its numbers go on', async () => {
    await Promise.all(times(5).map(() => store().commit({ deliveries: [delivery('c'), delivery('c2')] })))
    expect((await committed(store(), { clearInboxes: ['c', 'none'], deliveries: [delivery('c', 'new')] })).delivered).toEqual([6])
    expect(await store().inboxHead('c')).toEqual({ last: 6, settledTo: 5, releasedTo: 5, dropped: 0, ...unopened })
    expect((await store().inboxPage('c', { after: 0, limit: 9 })).map(({ body }) => plain(body))).toEqual(['new'])
    expect(await numbers('c2')).toEqual([1, 2, 3, 4, 5])
    await committed(store(), { clearInboxes: ['c'] })
    expect(await numbers('c')).toEqual([])
    await committed(store(), { settlements: [{ client: 'c', settledTo: 3, releasedTo: 2 }] })
    expect(await store().inboxHead('c')).toEqual({ last: 6, settledTo: 6, releasedTo: 6, dropped: 0, ...unopened })
    expect(await store().inboxHead('none')).toBeUndefined()
  })
}

export function fencePromises(store: Get<Store>): void {
  const open = async (holder: string, client = 'c') => (await committed(store(), { opens: [{ client, holder }] })).opened[0]

  test('gives an inbox to one holder after the other, and tells each whom it follows', async () => {
    expect(await store().inboxHead('c')).toBeUndefined()
    const head = { last: 0, settledTo: 0, releasedTo: 0, dropped: 0 }
    expect(await open('one')).toEqual({ head: { ...head, epoch: 1, holder: 'one' }, heldBefore: '' })
    const { delivered, holders } = await committed(store(), { deliveries: [delivery('c'), delivery('d'), delivery('c')] })
    expect([delivered, holders]).toEqual([
      [1, 1, 2],
      ['one', '', 'one'],
    ])
    expect(await open('twö')).toEqual({ head: { ...head, last: 2, epoch: 2, holder: 'twö' }, heldBefore: 'one' })
    expect(await open('')).toEqual({ head: { ...head, last: 2, epoch: 3, holder: '' }, heldBefore: 'twö' })
    expect((await committed(store(), { deliveries: [delivery('c')] })).holders).toEqual([''])
    expect(await store().inboxHead('c')).toEqual({ ...head, last: 3, epoch: 3, holder: '' })
  })

  test('an opening that clears sees the inbox empty, and a delivery of the same commit comes after it', async () => {
    await committed(store(), { deliveries: [delivery('c'), delivery('c')] })
    const both = { clearInboxes: ['c'], opens: [{ client: 'c', holder: 'h' }], deliveries: [delivery('c')] }
    const { opened, holders } = await committed(store(), both)
    expect(opened).toEqual([{ head: { last: 2, settledTo: 2, releasedTo: 2, dropped: 0, epoch: 1, holder: 'h' }, heldBefore: '' }])
    expect(holders).toEqual(['h'])
    expect(await numbersOf(store(), 'c')).toEqual([3])
  })

  test('whoever has been followed writes nothing more', async () => {
    await open('one')
    const before = { fences: [{ client: 'c', epoch: 1 }], puts: [{ key: 'a/1', value: text('x') }], deliveries: [delivery('c')] }
    expect(await store().commit(before)).toMatchObject({ kind: 'committed', delivered: [1] })
    await open('two')
    expect(await store().commit({ ...before, puts: [{ key: 'a/1', value: text('y') }] })).toEqual({ kind: 'fenced' })
    expect(await store().commit({ ...before, checks: [{ key: 'a/1', was: undefined }] })).toEqual({ kind: 'fenced' })
    expect(await store().commit({ fences: [{ client: 'never', epoch: 1 }] })).toEqual({ kind: 'fenced' })
    expect(await store().commit({ fences: [{ client: 'never', epoch: 0 }] })).toMatchObject({ kind: 'committed' })
    expect(plain((await store().get('a/1')) ?? text(''))).toBe('x')
    expect(await numbersOf(store(), 'c')).toEqual([1])
    await committed(store(), { settlements: [{ client: 'c', settledTo: 1, releasedTo: 1, epoch: 1 }] })
    expect(await numbersOf(store(), 'c')).toEqual([1])
    await committed(store(), { settlements: [{ client: 'c', settledTo: 1, releasedTo: 1, epoch: 2 }] })
    expect(await numbersOf(store(), 'c')).toEqual([])
  })

  test('of many that open an inbox at once, each gets an epoch of its own', async () => {
    const opened = await Promise.all(times(20).map((i) => open(`h${String(i)}`)))
    expect(opened.map((one) => one?.head.epoch).sort((a = 0, b = 0) => a - b)).toEqual(times(20).map((i) => i + 1))
    const last = opened.find((one) => one?.head.epoch === 20)
    expect((await store().inboxHead('c'))?.holder).toBe(last?.head.holder)
  })
}

async function numbersOf(store: Store, client: string): Promise<number[]> {
  return (await store.inboxPage(client, { after: 0, limit: 100 })).map(({ number }) => number)
}

export function outboxPromises(store: Get<Store>): void {
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
