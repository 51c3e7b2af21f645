import { expect, test } from '@jest/globals'
import { emptyInbox, inboxReach, maxLosses, type Delivery, type Store } from '../../store/contract.js'
import { committed, delivery, message, plain, text, times, type Get } from './store-builders.js'
import type { OpenedStore } from './store-contract.js'

const { epoch, holder, sentTo, lost, losses } = emptyInbox
const unopened = { epoch, holder, sentTo, lost, losses }

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

  test('a page of an inbox holds as many entries as have bodies of so many bytes, and one at least', async () => {
    const ofBytes = (size: number): Delivery => delivery('c', 'x'.repeat(size))
    const news = { ...ofBytes(40), news: 'n', topic: 'é/long', loss: { of: 'p2p/é', since: 7 } }
    await committed(store(), { deliveries: [ofBytes(10), ofBytes(0), news] })
    await committed(store(), { deliveries: [{ ...ofBytes(30), loss: { of: 'x', since: 1 } }, ofBytes(500), ofBytes(1)] })
    const page = async (after: number, bytes: number, limit = 9): Promise<number[]> =>
      (await store().inboxPage('c', { after, limit, bytes })).map(({ number }) => number)
    expect(await page(0, 49)).toEqual([1, 2])
    expect(await page(0, 50)).toEqual([1, 2, 3])
    expect(await page(0, 80)).toEqual([1, 2, 3, 4])
    expect(await page(2, 69)).toEqual([3])
    expect(await page(2, 1_000, 3)).toEqual([3, 4, 5])
    expect(await page(4, 0)).toEqual([5])
    expect(await page(6, 0)).toEqual([])
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
    expect(await store().inboxHead('c')).toEqual({
      ...{ last: limit + 3, settledTo: 3, releasedTo: 1, dropped: 2, ...unopened },
      lost: { from: 2, to: 3, fromId: 0, toId: 0 },
    })
    await committed(store(), { deliveries: times(limit * 2).map(() => delivery('c')) })
    expect(await store().inboxHead('c')).toEqual({
      last: 3 * limit + 3,
      settledTo: 2 * limit + 3,
      releasedTo: 1,
      dropped: 2 * limit + 2,
      ...unopened,
      lost: { from: 2, to: 2 * limit + 3, fromId: 0, toId: 0 },
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

export function newsPromises(store: Get<Store>, opened: Get<OpenedStore>): void {
  const news = (of: string, words = of): Delivery => ({ ...delivery('c', words), news: of })
  const lossOf = (of: string, since: number): Delivery => ({ ...delivery('c'), loss: { of, since } })
  const bodies = async (): Promise<string[]> => {
    const page = await store().inboxPage('c', { after: 0, limit: 1_000 })
    return page.map(({ number, body }) => `${number} ${plain(body) ?? ''}`)
  }
  const deliver = (...deliveries: Delivery[]) => committed(store(), { deliveries })

  test('news replaces earlier news of the same, which becomes an empty place; other news and messages stay', async () => {
    const { delivered, dropped } = await deliver(
      news('x', 'x1'),
      delivery('c', 'm'),
      news('y'),
      news('', 'u1'),
      news('', 'u2'),
      news('x', 'x2'),
    )
    expect([delivered, dropped]).toEqual([[1, 2, 3, 4, 5, 6], { news: 0, messages: 0 }])
    expect(await bodies()).toEqual(['2 m', '3 y', '4 u1', '5 u2', '6 x2'])
    await deliver(news('y', 'y2'))
    expect(await bodies()).toEqual(['2 m', '4 u1', '5 u2', '6 x2', '7 y2'])
    expect(await store().inboxHead('c')).toEqual({ ...emptyInbox, last: 7 })
    await committed(store(), { settlements: [{ client: 'c', settledTo: 5, releasedTo: 5 }] })
    expect(await bodies()).toEqual(['6 x2', '7 y2'])
  })

  test('what may have been sent is never replaced: all while somebody holds the inbox, then what lies before the place up to which it was sent', async () => {
    const open = (holder: string, sentTo?: number) =>
      committed(store(), { opens: [{ client: 'c', holder, ...(sentTo === undefined ? {} : { sentTo }) }] })
    await deliver(news('x', 'x1'), news('y', 'y1'))
    await open('one')
    await deliver(news('x', 'x2'), news('x', 'x3'), news('y', 'y2'), news('z', 'z1'))
    expect(await bodies()).toEqual(['1 x1', '2 y1', '3 x2', '4 x3', '5 y2', '6 z1'])
    // x3 replaces x2 only once it is known that x2 has not been sent.
    await open('', 2)
    expect(await bodies()).toEqual(['1 x1', '2 y1', '4 x3', '5 y2', '6 z1'])
    await deliver(news('x', 'x4'), news('z', 'z2'))
    expect(await bodies()).toEqual(['1 x1', '2 y1', '5 y2', '7 x4', '8 z2'])
    // Somebody who cannot say how far it was sent: all of it.
    await open('two')
    await open('')
    await deliver(news('y', 'y3'), news('y', 'y4'))
    expect(await bodies()).toEqual(['1 x1', '2 y1', '5 y2', '7 x4', '8 z2', '10 y4'])
    expect((await store().inboxHead('c'))?.sentTo).toBe(8)
  })

  test('a full inbox drops news before messages, empty places are not counted, and it is told how much was dropped', async () => {
    const limit = opened().inboxLimit
    for (let round = 0; round < 3 * limit; round++) await deliver(news('x'))
    expect(await bodies()).toEqual([`${3 * limit} x`])
    await deliver(...times(limit - 2).map(() => delivery('c', 'm')), news('y'))
    expect((await deliver(delivery('c', 'm'), delivery('c', 'm'))).dropped).toEqual({ news: 2, messages: 0 })
    expect((await bodies()).map((entry) => entry.split(' ')[1])).toEqual(times(limit).map(() => 'm'))
    // Nothing but messages: what comes last and is news goes first.
    expect((await deliver(news('x'), delivery('d'))).dropped).toEqual({ news: 1, messages: 0 })
    expect((await deliver(delivery('c', 'new'))).dropped).toEqual({ news: 0, messages: 1 })
    const entries = await bodies()
    expect([entries.length, entries.at(-1)]).toEqual([limit, `${4 * limit + 3} new`])
    expect(await store().inboxHead('c')).toMatchObject({ dropped: 4, lost: { from: 3 * limit + 1, to: 3 * limit + 1 } })
  })

  test('an inbox of a message and ever newer news reaches no farther than it may', async () => {
    const reach = opened().inboxLimit * inboxReach
    await deliver(delivery('c', 'm'))
    for (let first = 1; first < reach; first += 50) await deliver(...times(Math.min(50, reach - first)).map(() => news('x')))
    expect(await bodies()).toEqual(['1 m', `${reach} x`])
    expect((await deliver(news('x'))).dropped).toEqual({ news: 0, messages: 1 })
    expect(await store().inboxHead('c')).toMatchObject({ last: reach + 1, settledTo: reach, lost: { from: 1, to: 1 } })
    expect(await bodies()).toEqual([`${reach + 1} x`])
  })

  test('notes what a device has missed, from the first on, until it has been told of all of it', async () => {
    const limit = opened().inboxLimit
    await deliver(lossOf('p2p/é', 5), lossOf('room/1', 6), lossOf('p2p/é', 7), ...times(limit - 3).map(() => delivery('c')))
    expect(await store().inboxLosses('c')).toEqual([])
    await deliver(...times(3).map(() => delivery('c')))
    const noted = [
      { of: 'p2p/é', since: 5 },
      { of: 'room/1', since: 6 },
    ]
    expect(await store().inboxLosses('c')).toEqual(expect.arrayContaining(noted))
    expect(await store().inboxHead('c')).toMatchObject({ losses: 2, dropped: 3 })
    await committed(store(), { lossesTold: [{ client: 'c', dropped: 2 }] })
    expect((await store().inboxHead('c'))?.losses).toBe(2)
    await committed(store(), { lossesTold: [{ client: 'c', dropped: 3 }] })
    expect([(await store().inboxHead('c'))?.losses, await store().inboxLosses('c')]).toEqual([0, []])
    expect(await store().inboxLosses('none')).toEqual([])
  })

  test('an extra entry drops nothing when it comes, and counts from then on', async () => {
    const limit = opened().inboxLimit
    await deliver(...times(limit).map(() => delivery('c', 'm')))
    expect((await deliver({ ...delivery('c', 'extra'), isExtra: true })).dropped).toEqual({ news: 0, messages: 0 })
    expect(await bodies()).toHaveLength(limit + 1)
    expect((await deliver(delivery('c', 'm'))).dropped).toEqual({ news: 0, messages: 2 })
    expect([(await bodies()).length, (await bodies()).at(-2)]).toEqual([limit, `${limit + 1} extra`])
  })

  test('what is missed of more than can be named is noted as something of anything, and a cleared inbox has missed nothing', async () => {
    const limit = opened().inboxLimit
    const many = maxLosses + 5
    await deliver(...times(many).map((i) => lossOf(`room/${i}`, i + 1)), ...times(limit).map(() => delivery('c')))
    const losses = await store().inboxLosses('c')
    expect(losses).toHaveLength(maxLosses + 1)
    expect(losses.find(({ of }) => of === '')?.since).toBe(maxLosses + 1)
    await committed(store(), { clearInboxes: ['c'] })
    expect([(await store().inboxHead('c'))?.losses, await store().inboxLosses('c')]).toEqual([0, []])
  })

  test('tells a dropped message from a received one, by its number and by its id', async () => {
    const limit = opened().inboxLimit
    const ids = (first: number, count: number): Delivery[] => times(count).map((i) => ({ ...delivery('c'), message: { id: first + i } }))
    await deliver(...ids(101, 4))
    await committed(store(), { settlements: [{ client: 'c', settledTo: 1, releasedTo: 2 }] })
    await deliver(...ids(105, limit))
    // 2 was received, 3 and 4 were not.
    expect((await store().inboxHead('c'))?.lost).toEqual({ from: 3, to: 4, fromId: 103, toId: 104 })
    await committed(store(), { settlements: [{ client: 'c', settledTo: 9, releasedTo: 9 }] })
    await deliver(...ids(205, 6))
    expect((await store().inboxHead('c'))?.lost).toEqual({ from: 10, to: 10, fromId: 110, toId: 110 })
  })
}

export function fencePromises(store: Get<Store>): void {
  const open = async (holder: string, client = 'c') => (await committed(store(), { opens: [{ client, holder }] })).opened[0]

  test('gives an inbox to one holder after the other, and tells each whom it follows', async () => {
    expect(await store().inboxHead('c')).toBeUndefined()
    expect(await open('one')).toEqual({ head: { ...emptyInbox, epoch: 1, holder: 'one' }, heldBefore: '', sentBefore: 0 })
    const { delivered, holders } = await committed(store(), { deliveries: [delivery('c'), delivery('d'), delivery('c')] })
    expect([delivered, holders]).toEqual([
      [1, 1, 2],
      ['one', '', 'one'],
    ])
    const held = { ...emptyInbox, last: 2, sentTo: 2 }
    expect(await open('twö')).toEqual({ head: { ...held, epoch: 2, holder: 'twö' }, heldBefore: 'one', sentBefore: 2 })
    expect(await open('')).toEqual({ head: { ...held, epoch: 3, holder: '' }, heldBefore: 'twö', sentBefore: 2 })
    expect((await committed(store(), { deliveries: [delivery('c')] })).holders).toEqual([''])
    expect(await store().inboxHead('c')).toEqual({ ...held, last: 3, epoch: 3, holder: '' })
  })

  test('an opening that clears sees the inbox empty, and a delivery of the same commit comes after it', async () => {
    await committed(store(), { deliveries: [delivery('c'), delivery('c')] })
    const both = { clearInboxes: ['c'], opens: [{ client: 'c', holder: 'h' }], deliveries: [delivery('c')] }
    const { opened, holders } = await committed(store(), both)
    const head = { ...emptyInbox, last: 2, settledTo: 2, releasedTo: 2, epoch: 1, holder: 'h', sentTo: 2 }
    expect(opened).toEqual([{ head, heldBefore: '', sentBefore: 0 }])
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
