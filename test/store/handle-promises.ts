import { expect, test } from '@jest/globals'
import type { CommitResult, Store } from '../../store/contract.js'
import { StoreOutage } from '../../store/contract.js'
import { committed, delivery, message, plain, put, text, times, type Get } from './store-builders.js'
import type { OpenedStore } from './store-contract.js'

export function handlePromises(opened: Get<OpenedStore>): void {
  test('lets exactly one of two handles win that rest on the same fact', async () => {
    const [one, other] = [opened().store, await opened().another()]
    for (const round of times(40)) {
      const key = `race/${round}`
      const claim = (store: Store, who: string): Promise<CommitResult> =>
        store.commit({ checks: [{ key, was: undefined }], puts: [{ key, value: text(who) }], appends: [message('race')] })
      const [first, second] = await Promise.all([claim(one, 'one'), claim(other, 'other')])
      expect([first.kind, second.kind].sort()).toEqual(['committed', 'conflict'])
      expect(plain(await one.get(key))).toBe(first.kind === 'committed' ? 'one' : 'other')
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
    expect(result).toEqual({
      kind: 'committed',
      appended: [{ id: 2, previous: 1, position: 2, ordinal: 2 }],
      delivered: [2],
      holders: [''],
      opened: [],
      dropped: { news: 0, messages: 0 },
    })
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
