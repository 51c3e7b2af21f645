/** Pages of history in bytes, on a real store. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type History, limits, record, type RecordOf } from '../../protocol/index.js'
import { type MessageDocument, messages } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay, type FactReader } from '../../rpc/facts.js'
import { type PageQuery, readPage } from '../../rpc/handlers/history/page.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readUnread } from '../../rpc/views/feed-state.js'
import { feedNamed } from '../../rpc/views/message-view.js'
import { p2pTopic, type PhoneId } from '../../topics/index.js'
import { ann, boris, type ChatWorld, clara, friends, only, openChatWorld, type Result } from './chat-world.js'

let world: ChatWorld
let pattern: MessageDocument
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.ask(ann, record('Message', { from: ann, to: ann, files: [record('Desc', { payload: 'x' })], status: 'client' }))
  const [entry] = await world.store.feedPage(p2pTopic(ann, ann), { from: 0, direction: 'newer', limit: 1 })
  pattern = messages.decode(entry?.message ?? new Uint8Array())
})
afterAll(() => world.close())

interface Written {
  readonly text: number
  readonly isHidden?: boolean
}

/** Adds messages of these lengths of text to a feed. @returns their ids and stored bytes */
async function write(feed: string, list: readonly Written[]): Promise<readonly { readonly id: number; readonly bytes: number }[]> {
  const rows = list.map(({ text, isHidden = false }) => {
    const files = pattern.files.map((desc) => ({ ...desc, payload: 'x'.repeat(text) }))
    return messages.encode({ ...pattern, feed, files, hiddenFrom: isHidden ? [boris] : [] })
  })
  const result = await world.store.commit({ appends: rows.map((message) => ({ feed, message, isCountable: true })) })
  if (result.kind !== 'committed') throw new Error(result.kind)
  return result.appended.map(({ id }, i) => ({ id, bytes: rows[i]?.length ?? 0 }))
}

function newReader(onRead: (bytes: number) => void = () => undefined): FactReader {
  const { store } = world
  const counting: typeof store = {
    ...store,
    async feedPage(feed, page) {
      const entries = await store.feedPage(feed, page)
      onRead(entries.reduce((sum, { message }) => sum + message.length, 0))
      return entries
    },
  }
  return newFactReader({ store: counting, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' }).reader
}

let lastFeed = 0
const newFeed = (): string => p2pTopic(ann, `3806${String(++lastFeed).padStart(8, '0')}_1` as PhoneId)

test('pages of any number and bytes, read one after the other, hold each visible message once, in order', async () => {
  const sizes = fc.oneof({ weight: 8, arbitrary: fc.nat(400) }, { weight: 1, arbitrary: fc.constantFrom(90_000, 270_000, 300_000) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: sizes, isHidden: fc.boolean() }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 700, 2_000, 100_000, 600_000),
      fc.boolean(),
      async (list, size, bytes, isOlder) => {
        const feed = newFeed()
        const written = await write(feed, list)
        const visible = written.filter((_, i) => list[i]?.isHidden !== true)
        const ids: number[] = []
        let from = 0
        do {
          const query: PageQuery = { feed: feedNamed(feed), viewer: boris, size: isOlder ? -size : size, from, bytes }
          const page = await readPage(newReader(), query)
          const found = page.messages.map(({ place }) => visible.find(({ id }) => id === place.id))
          const taken = found.reduce((sum, one) => sum + (one?.bytes ?? NaN), 0)
          expect(found.length === 1 || taken <= bytes).toBe(true)
          expect(found.length).toBeLessThanOrEqual(size)
          expect(page.isCut).toBe(page.next !== 0 && found.length < size)
          for (const { place } of page.messages) expect(place).toEqual(placeIn(written, place.id))
          ids.splice(isOlder ? 0 : ids.length, 0, ...page.messages.map(({ place }) => place.id))
          from = page.next
        } while (from !== 0)
        expect(ids).toEqual(visible.map(({ id }) => id))
      },
    ),
    { numRuns: 60, seed: 10 },
  )
})

function placeIn(written: readonly { readonly id: number }[], id: number): { id: number; previous: number; next: number } {
  const at = written.findIndex((one) => one.id === id)
  return { id, previous: written[at - 1]?.id ?? 0, next: written[at + 1]?.id ?? 0 }
}

describe('ten megabytes in a chat', () => {
  const feed = p2pTopic(ann, boris)
  const key = record('p2p', { from: ann, to: boris })
  let ids: readonly number[] = []
  beforeAll(async () => {
    ids = (
      await write(
        feed,
        Array.from({ length: 200 }, () => ({ text: 50_000 })),
      )
    ).map(({ id }) => id)
  })

  const get = (parts: Partial<History>, dialect: 'v1' | 'v11' = 'v1', who = boris): Promise<Result> =>
    world.ask(who, record('History', { roster_id: who, feed: key, status: 'get', ...parts }), { dialect })
  const idsOf = ({ answers }: Result): readonly (number | null)[] =>
    only('History', answers).flatMap(({ data }) => only('Message', data).map(({ id }) => id))
  const headOf = ({ answers }: Result): RecordOf<'History'> | undefined => only('History', answers)[0]

  for (const size of [1_000, -1_000])
    test(`are no page of ${String(size)}: it ends at a megabyte and says where to go on, to v1 in size, to v11 in entity_id`, async () => {
      const page = await get({ size })
      const v11 = await get({ size, entity_id: 0 }, 'v11')
      const fitting = Math.floor(limits.historyPageBytes / 50_400)
      expect(idsOf(page)).toEqual(size > 0 ? ids.slice(0, fitting) : ids.slice(-fitting))
      expect(idsOf(v11)).toEqual(idsOf(page))
      const next = size > 0 ? ids[fitting] : ids.at(-fitting - 1)
      expect(headOf(page)).toMatchObject({ next, entity_id: 0 })
      expect(headOf(v11)).toMatchObject({ size, entity_id: next })
      expect(idsOf(await get({ size, entity_id: next ?? 0 }, 'v11'))[size > 0 ? 0 : fitting - 1]).toBe(next)
    })

  test('the last page of it is told from a cut one: it echoes what was asked', async () => {
    expect(headOf(await get({ size: 1_000, entity_id: ids.at(-3) ?? 0 }, 'v11'))).toMatchObject({ entity_id: ids.at(-3) })
    expect(headOf(await get({ size: 5, entity_id: ids[0] ?? 0 }, 'v11'))).toMatchObject({ entity_id: ids[0] })
  })

  test('are not read through for one kind of message, nor for what is unread', async () => {
    let read = 0
    const reader = newReader((bytes) => (read += bytes))
    const filter = (): boolean => false
    const page = await readPage(reader, { feed: feedNamed(feed), viewer: boris, size: -20, from: 0, filter })
    expect([page.messages, page.isCut, read < 5 * limits.historyPageBytes]).toEqual([[], true, true])
    expect(headOf(await get({ status: 'image', size: -20 }, 'v11'))).toMatchObject({ data: [], entity_id: page.next })
    read = 0
    expect(await readUnread(reader, feed, ann, 1)).toBe(0)
    expect(read).toBeLessThan(2 * limits.historyPageBytes)
  })

  test('surround a message by half a page on each side', async () => {
    const around = await get({ status: 'double_get', size: 1_000, entity_id: ids[100] ?? 0 }, 'v11')
    const half = Math.floor(limits.historyPageBytes / 2 / 50_400)
    expect(idsOf(around)).toEqual(ids.slice(101 - half, 101 + half))
    expect(headOf(around)).toMatchObject({ entity_id: ids[100] })
  })
})
