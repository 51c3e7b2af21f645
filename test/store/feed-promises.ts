import { expect, test } from '@jest/globals'
import type { Store } from '../../store/contract.js'
import { messageKey, readNumber } from '../../store/contract.js'
import { committed, message, plain, text, times, type Get } from './store-builders.js'

export function feedPromises(store: Get<Store>): void {
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

  test('a page of a feed holds as many messages as fit into so many bytes, counted from where it begins, and one at least', async () => {
    const sizes = [5, 100, 1, 40, 40, 20]
    await committed(store(), { appends: sizes.map((size) => message('a', 'x'.repeat(size))) })
    await committed(store(), { puts: [{ key: messageKey(3), value: undefined }] })
    const page = async (from: number, direction: 'older' | 'newer', limit: number, bytes: number): Promise<number[]> =>
      (await store().feedPage('a', { from, direction, limit, bytes })).map(({ id }) => id)
    expect(await page(0, 'newer', 9, 144)).toEqual([1, 2, 3])
    expect(await page(0, 'newer', 9, 145)).toEqual([1, 2, 3, 4])
    expect(await page(0, 'older', 9, 99)).toEqual([5, 6])
    expect(await page(0, 'older', 9, 100)).toEqual([3, 4, 5, 6])
    expect(await page(5, 'older', 3, 80)).toEqual([3, 4, 5])
    expect(await page(2, 'newer', 9, 10)).toEqual([2])
    expect(await page(2, 'older', 9, 10)).toEqual([2])
    expect(await page(3, 'newer', 2, 0)).toEqual([3])
    expect(await page(7, 'newer', 2, 0)).toEqual([])
    expect(await store().feedPage('a', { from: 0, direction: 'older', limit: 9, bytes: 60 })).toMatchObject([
      { id: 5, previous: 4, position: 5, ordinal: 5 },
      { id: 6, previous: 5, position: 6, ordinal: 6 },
    ])
  })
}
