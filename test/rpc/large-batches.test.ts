/** What many large requests of one device, and many devices with large inboxes, may hold in memory at a time. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, limits, record } from '../../protocol/index.js'
import { newRpcContext } from '../../rpc/context.js'
import { type MessageDocument, messages, table } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay, type FactReader } from '../../rpc/facts.js'
import { getHistory } from '../../rpc/handlers/history/get.js'
import { newNames } from '../../rpc/names/names.js'
import { accept, answer } from '../../rpc/outcome.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readUserlist } from '../../rpc/views/contact-view.js'
import { newSights } from '../../rpc/runtime/worker/delivered-record.js'
import { readInboxPage } from '../../rpc/runtime/worker/inbox-page.js'
import { newPagePlaces } from '../../rpc/runtime/worker/page-places.js'
import type { BatchItem, BatchWorld } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import type { Delivery, FeedEntry } from '../../store/contract.js'
import { p2pTopic, phoneOf } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf, rosterOf } from '../acl/cast.js'
import { ann, boris, type ChatWorld, friends, now, openChatWorld } from './chat-world.js'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const clientId = clientIdOf('emqttd_B1')
const context = newRpcContext({ boot: 'test', nodeCount: 1 })
const feed = p2pTopic(ann, boris)
const textBytes = 50_000

let world: ChatWorld
let ids: readonly number[] = []
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris))
  await world.ask(ann, record('Message', { from: ann, to: ann, files: [record('Desc', { payload: 'x' })], status: 'client' }))
  const [entry] = await world.store.feedPage(p2pTopic(ann, ann), { from: 0, direction: 'newer', limit: 1 })
  const pattern: MessageDocument = messages.decode(entry?.message ?? new Uint8Array())
  const files = pattern.files.map((desc) => ({ ...desc, payload: 'x'.repeat(textBytes) }))
  const message = messages.encode({ ...pattern, feed, files })
  const result = await world.store.commit({ appends: Array.from({ length: 200 }, () => ({ feed, message, isCountable: true })) })
  ids = result.kind === 'committed' ? result.appended.map(({ id }) => id) : []
})
afterAll(() => world.close())

function item(evaluate: BatchItem['evaluate'], parts: Partial<BatchItem> = {}): BatchItem {
  const asker = { connection: 1, clientId, actionsTopic: 'actions', hasInbox: true, qos: 1 } as const
  return { asker, request: 1, isRepeated: false, answersRefusals: true, evaluate, ...parts }
}

function newBatchWorld(): BatchWorld {
  return {
    ...{ store: world.store, cache: newReadCache(1_000), boot: 'test', newId: () => 'id', onConflict: () => undefined },
    onFault(fault) {
      throw fault
    },
    onOutcome: () => undefined,
    wait: () => Promise.resolve(),
    elapsed: () => reading(0),
  }
}

/** How many of the items each batch covers, as a lane runs them. */
async function batchesOf(items: readonly BatchItem[]): Promise<readonly number[]> {
  const covered: number[] = []
  const state = { clientId, marks: undefined }
  const batch = newBatchWorld()
  for (let left = items; left.length > 0; left = left.slice(covered.at(-1))) {
    covered.push((await runBatch(left, state, noDeadline, batch)).covered)
  }
  return covered
}

test('64 requests for a page of ten megabytes are no batch: one ends with the request with which it has read two', async () => {
  const asked = record('History', { roster_id: boris, feed: record('p2p', { from: ann, to: boris }), size: -1_000, status: 'get' })
  const client = { kind: 'device', phone: phoneOf(boris), rosters: [boris], clientId, userName: 'api' } as const
  const caller = { client, clientId, dialect: 'v1', codec: 'bert', address: '', token: null } as const
  const request = { record: asked, caller, now, context }
  let pages = 0
  const requests = Array.from({ length: 64 }, () =>
    item(async (reader) => {
      const page = await getHistory.read(request, reader)
      if (page.kind === 'page' && page.messages.length > 15) pages += 1
      return getHistory.decide(request, page)
    }),
  )
  const covered = await batchesOf(requests)
  expect(Math.max(...covered)).toBeLessThanOrEqual(3)
  expect([covered.reduce((sum, one) => sum + one), pages]).toEqual([64, 64])
})

test('what is at hand already weighs as much as what is read, and so does what a request brings with it', async () => {
  const large = table<[string], Uint8Array>('large', { encode: (bytes) => bytes, decode: (bytes) => bytes })
  await world.store.commit({ puts: [large.put(new Uint8Array(1_000_000), 'a')] })
  const told = accept({ sends: [answer(record('io', {}))] })
  const view = (reader: FactReader): Promise<object> =>
    reader.memo('large a', async (own) => ({ of: (await own.peek(large, 'a'))?.length }))
  const byView = item(async (reader) => (await view(reader), told))
  const byRow = item(async (reader) => (await reader.peek(large, 'a'), told))
  for (const asked of [byView, byRow]) expect(await batchesOf(Array.from({ length: 7 }, () => asked))).toEqual([3, 3, 1])
  const brought = item(() => Promise.resolve(told), { bytes: limits.payloadBytes })
  expect(await batchesOf(Array.from({ length: 64 }, () => brought))).toEqual([33, 31])
})

test('so many batches hold pages at a time, the others wait in turn; one place serves a whole batch', async () => {
  const places = newPagePlaces(2)
  const [first, second, third, fourth] = [places.newPlace(), places.newPlace(), places.newPlace(), places.newPlace()]
  const order: string[] = []
  const read = async (name: string, place: typeof first): Promise<void> => {
    const { store } = world
    const { reader } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test', place })
    for (let page = 0; page < 2; page++) await reader.feedPage(feed, { from: 0, direction: 'newer', limit: 20 })
    order.push(name)
  }
  await Promise.all([read('first', first), read('second', second)])
  const waiting = [read('third', third), read('fourth', fourth)]
  // What is no page takes no place.
  await newFactReader({
    store: world.store,
    overlay: emptyOverlay(),
    cache: newReadCache(10),
    boot: 'test',
    place: places.newPlace(),
  }).reader.feedPage(feed, { from: 0, direction: 'newer', limit: 1 })
  expect(order).toEqual(['first', 'second'])
  first.giveBack()
  first.giveBack()
  await waiting[0]
  expect(order).toEqual(['first', 'second', 'third'])
  // Whoever gives up while he waits leaves no place lost.
  fourth.giveBack()
  second.giveBack()
  await waiting[1]
  third.giveBack()
  const [fifth, sixth, seventh] = [places.newPlace(), places.newPlace(), places.newPlace()]
  await Promise.resolve()
  expect([fifth.take(), sixth.take(), seventh.take() === undefined]).toEqual([undefined, undefined, false])
})

test('a place goes to whoever has had least of the time of the worker, and not to who came first', async () => {
  const places = newPagePlaces(1)
  const [holder, heavy, light] = [100, 500, 3].map((level) => places.newPlace({ level, perRequest: 1 }))
  const order: string[] = []
  expect(holder!.take()).toBeUndefined()
  for (const [name, place] of Object.entries({ heavy, light })) void Promise.resolve(place!.take()).then(() => order.push(name))
  holder!.giveBack()
  await nextTurn()
  expect(order).toEqual(['light'])
  light!.giveBack()
  await nextTurn()
  expect(order).toEqual(['light', 'heavy'])
})

test('an inbox of ten megabytes is read in pages that can be held, each entry once', async () => {
  const client = clientIdOf('emqttd_large')
  const body = Buffer.alloc(0)
  const deliveries: Delivery[] = ids.map((id) => ({ client, topic: feed, qos: 1, body, message: { id } }))
  await world.store.commit({ deliveries })
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' })
  const words = { encoding: { codec: 'bert', dialect: 'v1' }, names: newNames(), sights: newSights(world.store, reader, [boris]) } as const
  const read: number[] = []
  for (let after = 0, last = 1; after < last;) {
    const page = await readInboxPage(world.store, client, { head: { last: ids.length }, after, limit: 64, ...words })
    const bytes = page.entries.reduce((sum, entry) => sum + (entry.kind === 'publish' ? entry.payload.length : 0), 0)
    expect(bytes).toBeLessThanOrEqual(2 * limits.historyPageBytes)
    read.push(...page.entries.map(({ number }) => number))
    ;[after, last] = [page.through, page.last]
  }
  expect(read).toEqual(ids.map((_, i) => i + 1))
  // The end of an inbox of which nothing is left is found all the same.
  const empty = await readInboxPage(world.store, client, { head: { last: 250 }, after: 200, limit: 64, ...words })
  expect(empty).toEqual({ after: 200, through: 250, last: 250, entries: [] })
})

test('the lists of a roster show a megabyte of last messages, the newest, and every entry', async () => {
  const others = Array.from({ length: 300 }, (_, i) => rosterOf(`3806${String(70_000_000 + i)}_${String(100_000 + i)}`))
  const reader = (): FactReader =>
    newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' }).reader
  const [{ message }] = (await world.store.feedPage(feed, { from: 0, direction: 'newer', limit: 1 })) as [FeedEntry]
  const document = messages.decode(message)
  await world.put(...others.flatMap((other) => friends(boris, other)))
  // The order of their messages is not that of their names.
  const order = [...others].sort((one, other) => (one.slice(-1) < other.slice(-1) ? -1 : 1))
  const appends = order.map((other) => {
    const of = p2pTopic(boris, other)
    return { feed: of, message: messages.encode({ ...document, feed: of }), isCountable: true }
  })
  await world.store.commit({ appends })
  const list = await readUserlist(reader(), boris)
  const found = new Map(list.map((contact) => [contact.phone_id, contact.last_msg]))
  expect(others.every((other) => found.has(other))).toBe(true)
  const shown = order.filter((other) => (found.get(other) ?? null) !== null)
  expect(shown).toEqual(order.slice(-shown.length))
  expect(shown.length).toBeGreaterThan(15)
  expect(encode(record('Roster', { userlist: list }), { codec: 'bert', dialect: 'v1' }).length).toBeLessThan(2 * limits.historyPageBytes)
  // A list of ordinary chats is whole.
  expect((await readUserlist(reader(), ann)).find(({ phone_id }) => phone_id === boris)?.last_msg).toMatchObject({ id: ids.at(-1) })
})
