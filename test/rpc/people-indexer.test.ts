/** How the people index is written behind the requests, and made anew. That searches do not see it is told in people-index.test.ts. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { newRpcContext } from '../../rpc/context.js'
import {
  indexedTexts,
  indexMakings,
  nameSuffixes,
  nickSuffixes,
  type RosterDocument,
  rosters,
  unindexed,
} from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { findLike } from '../../rpc/people-index/find-like.js'
import { indexPuts } from '../../rpc/people-index/index-puts.js'
import { newIndexer } from '../../rpc/people-index/indexer.js'
import { putRoster } from '../../rpc/people-index/put-roster.js'
import { ensurePeopleIndex } from '../../rpc/people-index/rebuild.js'
import { searchedFields } from '../../rpc/people-index/searched-fields.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { type Put, type Row, type Store, StoreOutage } from '../../store/contract.js'
import { RpcWorker } from '../../rpc/runtime/worker/worker.js'
import { type PhoneId, rosterIdOf } from '../../topics/index.js'
import { rosterOf } from '../acl/cast.js'
import { openTemporaryStore } from '../store/lmdb-folder.js'
import type { OpenedStore } from '../store/store-contract.js'

let opened: OpenedStore
let store: Store
beforeEach(async () => {
  opened = await openTemporaryStore(1_000)
  store = opened.store
})
afterEach(() => opened.destroy())

const [p1, p2, p3] = [rosterOf('380690000001_1'), rosterOf('380690000002_2'), rosterOf('380690000003_3')]
const pause = (): Promise<void> => Promise.resolve()

function named(phoneId: PhoneId, names: string | null, nick: string | null = null): RosterDocument {
  return { id: rosterIdOf(phoneId), names, surnames: null, email: null, nick, avatar: null, created: 0, update: 0 }
}

const put = (...puts: readonly Put[]) => store.commit({ puts })
const indexAll = (of: Store = store) => newIndexer({ store: of, now: () => 0, pause }).pass()
const keysOf = async (prefix: string) => (await store.scan(prefix, { limit: 100_000 })).map(({ key }) => key)
const waiting = async () => (await keysOf(unindexed.prefix())).map((key) => unindexed.partsOf(key)[0])

/** Every row of the index, and what it was made from. */
async function rowsOfIndex() {
  const rows: Row[] = []
  for (const table of [nameSuffixes, nickSuffixes, indexedTexts]) rows.push(...(await store.scan(table.prefix(), { limit: 100_000 })))
  return shown(rows)
}

/** What an index made from the rosters as they are would hold. */
async function rightRows() {
  const all = await store.scan(rosters.prefix(), { limit: 100_000 })
  return shown(all.flatMap(({ key, value }) => indexPuts(undefined, rosters.decode(value), rosters.partsOf(key)[0])))
}

/** Rows as texts, sorted: key and value, a line each. */
function shown(rows: readonly Put[]): readonly string[] {
  return rows.map(({ key, value }) => `${key}\n${Buffer.from(value ?? []).toString('hex')}`).sort()
}

const keyIn = (row: string | undefined): string => row?.split('\n')[0] ?? ''

async function expectRight(): Promise<void> {
  expect(await rowsOfIndex()).toEqual(await rightRows())
}

describe('a roster is stored', () => {
  const anna = named(p1, 'Anna', 'a/b')
  const behind = unindexed.put(0, p1)

  for (const { rule, before, after, notes } of [
    { rule: 'new, with a name', before: undefined, after: anna, notes: true },
    { rule: 'new, without a name', before: undefined, after: named(p1, null), notes: false },
    { rule: 'with other names', before: anna, after: { ...anna, names: 'Anne' }, notes: true },
    { rule: 'with other surnames', before: anna, after: { ...anna, surnames: 'B' }, notes: true },
    { rule: 'with another nick', before: anna, after: { ...anna, nick: null }, notes: true },
    { rule: 'with all else changed', before: anna, after: { ...anna, avatar: 'https://a', email: 'a@b', update: 1 }, notes: false },
  ])
    test(`${rule}: ${notes ? 'with one row more' : 'alone'}`, () => {
      expect(putRoster(before, after, p1)).toEqual([rosters.put(after, p1), ...(notes ? [behind] : [])])
    })

  test('no more: with one row', () => {
    expect(putRoster(anna, undefined, p1)).toEqual([rosters.remove(p1), behind])
  })
})

test('rows follow what a roster is called: those that stay are left alone', () => {
  const rows = [nameSuffixes.put(0, 'ann', '0a', p1), nameSuffixes.put(0, 'nna', '1', p1), nickSuffixes.put(0, 'a\u0001b', '0', p1)]
  const known = { names: 'anna', nick: 'a/b' }
  expect(indexPuts(undefined, named(p1, 'Anna', 'A/B'), p1)).toEqual([...rows, indexedTexts.put(known, p1)])
  expect(indexPuts(known, named(p1, 'ANNA', 'a/b'), p1)).toEqual([])
  expect(indexPuts(known, undefined, p1)).toEqual([...rows.map(({ key }) => ({ key, value: undefined })), indexedTexts.remove(p1)])
  expect(indexPuts(undefined, undefined, p1)).toEqual([])
  expect(indexPuts(known, named(p1, 'Annad', 'a/b'), p1)).toEqual([
    nameSuffixes.remove('ann', '0a', p1),
    nameSuffixes.remove('nna', '1', p1),
    nameSuffixes.put(0, 'ann', '0ad', p1),
    nameSuffixes.put(0, 'nna', '1d', p1),
    nameSuffixes.put(0, 'nad', '1', p1),
    indexedTexts.put({ names: 'annad', nick: 'a/b' }, p1),
  ])
})

test('however often a roster has changed, one pass makes its rows right; one that is gone loses them', async () => {
  const [a, b, c] = [named(p1, 'Anna'), named(p1, 'Berta', 'bert'), named(p1, 'Berta Maria', 'bert')]
  await put(...putRoster(undefined, a, p1), ...putRoster(undefined, named(p2, 'Zoe Zoe', 'zoezoe'), p2))
  await indexAll()
  await expectRight()
  await put(...putRoster(a, b, p1))
  await put(...putRoster(b, c, p1), ...putRoster(named(p2, 'Zoe Zoe', 'zoezoe'), undefined, p2))
  expect(await waiting()).toEqual([p1, p2])
  await indexAll()
  await expectRight()
  expect([await waiting(), await keysOf(indexedTexts.prefix())]).toEqual([[], [indexedTexts.key(p1)]])
})

/** The store, with something done after each read of documents, before the reader goes on. */
const meddling = (meddle: () => Promise<unknown>): Store => ({
  ...bound(store),
  async getMany(keys) {
    const values = await store.getMany(keys)
    await meddle()
    return values
  },
})

function bound(of: Store): Store {
  return {
    get: (key) => of.get(key),
    getMany: (keys) => of.getMany(keys),
    scan: (prefix, options) => of.scan(prefix, options),
    feedHead: (feed) => of.feedHead(feed),
    feedPlace: (feed, id) => of.feedPlace(feed, id),
    feedPage: (feed, page) => of.feedPage(feed, page),
    inboxHead: (client) => of.inboxHead(client),
    inboxPage: (client, page) => of.inboxPage(client, page),
    inboxLosses: (client) => of.inboxLosses(client),
    outboxPage: (limit, after) => of.outboxPage(limit, after),
    commit: (commit) => of.commit(commit),
    close: () => of.close(),
  }
}

test('a roster that changes while it is indexed waits for the next pass', async () => {
  await put(...putRoster(undefined, named(p1, 'Anna'), p1))
  await indexAll(meddling(() => put(...putRoster(named(p1, 'Anna'), named(p1, 'Berta'), p1))))
  expect([await waiting(), await rowsOfIndex()]).toEqual([[p1], []])
  await indexAll()
  expect(await waiting()).toEqual([])
  await expectRight()
})

test('where two index at once, one of them writes, and the rows are right', async () => {
  const [a, b] = [named(p1, 'Anna'), named(p1, 'Berta')]
  await put(...putRoster(undefined, a, p1))
  // The one that has read a name which is gone finds, when it commits, that the other has been there.
  await indexAll(
    meddling(async () => {
      await put(...putRoster(a, b, p1))
      await indexAll()
      await put(...putRoster(b, a, p1))
    }),
  )
  expect(await waiting()).toEqual([p1])
  await Promise.all([indexAll(), indexAll()])
  expect(await waiting()).toEqual([])
  await expectRight()
})

test('what cannot be indexed is told, stays, and holds up nobody', async () => {
  await put(...[p1, p2, p3].flatMap((one) => putRoster(undefined, named(one, 'Anna'), one)))
  let isOut = true
  const failing: Store = {
    ...bound(store),
    commit(commit) {
      return isOut && commit.puts?.some(({ key }) => key === unindexed.key(p1)) === true
        ? Promise.reject(new StoreOutage('full'))
        : store.commit(commit)
    },
  }
  const indexer = newIndexer({ store: failing, now: () => 0, pause, pageRows: 1 })
  await expect(indexer.pass()).rejects.toThrow('full')
  await indexer.pass()
  expect(await waiting()).toEqual([p1])
  isOut = false
  await indexer.pass()
  expect(await waiting()).toEqual([])
  await expectRight()
})

test('a pass ends after the page under way when it is stopped, and the next indexer goes on', async () => {
  await put(...[p1, p2, p3].flatMap((one) => putRoster(undefined, named(one, 'Anna'), one)))
  let stopped: Promise<void> | undefined
  const indexer = newIndexer({
    store,
    now: () => 5_000,
    pageRows: 2,
    pause() {
      stopped = indexer.stop()
      return Promise.resolve()
    },
  })
  expect(await indexer.pass()).toBe(6_000)
  await stopped
  await indexer.pass()
  expect(await waiting()).toEqual([p3])
  await indexAll()
  await expectRight()
})

test('a worker that sweeps indexes what waits, whoever left it, and stops in order', async () => {
  await put(...putRoster(undefined, named(p1, 'Anna'), p1))
  for (const again of [named(p1, 'Berta'), named(p1, 'Clara')]) {
    const done = new Promise<void>((resolve) => {
      const telling: Store = {
        ...bound(store),
        async commit(commit) {
          const result = await store.commit(commit)
          if (commit.puts?.some(({ key }) => key === unindexed.key(p1)) === true && result.kind === 'committed') resolve()
          return result
        },
      }
      worker = newWorker(telling)
    })
    await done
    expect(await waiting()).toEqual([])
    await worker?.stop()
    await expectRight()
    await put(...putRoster(undefined, again, p1))
  }
  expect(await waiting()).toEqual([p1])
})

let worker: RpcWorker | undefined

function newWorker(of: Store): RpcWorker {
  return new RpcWorker({
    ...{ store: of, node: 0, context: newRpcContext({ boot: 'first', nodeCount: 1 }), services: new Map() },
    ...{ variantsInUse: new Int32Array(new SharedArrayBuffer(1_024)), requestDeadlineMs: 5_000, push: null, sweeps: true },
    ...{ cluster: null, underWay: null, presenceGraceMs: 0 },
    post: () => undefined,
  })
}

async function find(value: string): Promise<readonly PhoneId[]> {
  const { reader } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: 'first' })
  const read = async (holder: PhoneId) => {
    const roster = await reader.peek(rosters, holder)
    return roster !== undefined && searchedFields.names.textOf(roster).includes(value) ? holder : undefined
  }
  return findLike(reader, searchedFields.names, [value], { limit: 50, read })
}

test('behind a thousand that wait, one more is found once it is indexed, and not by what it was called', async () => {
  const last = rosterOf('380699999999_9999')
  const before = named(last, 'Wyvern')
  await put(...putRoster(undefined, before, last))
  await indexAll()
  const many = Array.from({ length: 1_000 }, (_, i) => rosterOf(`38069100${String(i).padStart(4, '0')}_${String(5_000 + i)}`))
  await put(...many.slice(1).flatMap((one) => putRoster(undefined, named(one, 'Somebody'), one)))
  await put(...putRoster(before, named(last, 'Gryphon'), last))
  expect([await find('wyv'), await find('gry')]).toEqual([[], [last]])
  await put(...putRoster(undefined, named(many[0]!, 'Somebody'), many[0]!))
  expect([await find('wyv'), await find('gry')]).toEqual([[], []])
  await indexAll()
  expect([await find('wyv'), await find('gry')]).toEqual([[], [last]])
  expect(await find('body')).toHaveLength(50)
})

test('rows of those who are called otherwise now hide nobody', async () => {
  const many = Array.from({ length: 990 }, (_, i) => rosterOf(`38069100${String(i).padStart(4, '0')}_${String(5_000 + i)}`))
  const some = Array.from({ length: 40 }, (_, i) => rosterOf(`38069200${String(i).padStart(4, '0')}_${String(7_000 + i)}`))
  await put(...[...many, ...some].flatMap((one) => putRoster(undefined, named(one, 'Somebody'), one)))
  await indexAll()
  await put(...many.flatMap((one) => putRoster(named(one, 'Somebody'), named(one, 'Nobody'), one)))
  expect(await find('some')).toEqual(some)
})

test('an index made anew holds the rows that changes have led to; one that is there is left alone, with who waits', async () => {
  const people = Array.from({ length: 40 }, (_, i) => rosterOf(`38068000${String(i).padStart(4, '0')}_${String(i + 1_000)}`))
  await put(...people.flatMap((one) => putRoster(undefined, named(one, 'AnßN Σ/', `nick_${one}`), one)))
  await indexAll()
  const rows = await rowsOfIndex()
  const stray = [nameSuffixes.put(0, 'ann', '0a', p1), indexedTexts.put({ names: 'anna', nick: '' }, p1), unindexed.put(0, p1)]
  await put(...stray, ...rows.slice(0, 30).map((row) => ({ key: keyIn(row), value: undefined })))
  expect(await ensurePeopleIndex(store)).toBe(people.length)
  expect([await rowsOfIndex(), await waiting()]).toEqual([rows, []])
  await put({ key: keyIn(rows[0]), value: undefined }, ...putRoster(undefined, named(p1, 'Anna'), p1))
  expect(await ensurePeopleIndex(store)).toBeUndefined()
  expect([await rowsOfIndex(), await waiting()]).toEqual([rows.slice(1), [p1]])
  await put(indexMakings.put('made otherwise', 'people'))
  await ensurePeopleIndex(store)
  await expectRight()
})
