import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Commit, CommitResult, Loss, Store } from '../../store/contract.js'
import { clients, commitWish, feeds, keys, outboxIds, type CommitWish } from './random-commits.js'
import type { OpenedStore, OpenStore } from './store-contract.js'
import { storeModel, type StoreModel } from './store-model.js'

type Committed = Extract<CommitResult, { kind: 'committed' }>

interface Done {
  readonly by: number
  readonly commit: Commit
  readonly result: Committed
}

/** Promises about any commits at all, held against the model. */
export function randomPromises(open: OpenStore): void {
  test('answers as the model does, whatever is committed', async () => {
    const bursts = fc.array(fc.array(commitWish(0), { minLength: 1, maxLength: 6 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(bursts, (some) => withStore(open, (opened) => answersAsTheModel(opened, some))),
      { numRuns: 40 },
    )
  })

  test('makes the commits of racing handles come out as one after the other', async () => {
    const scripts = fc.array(fc.array(commitWish(1), { minLength: 1, maxLength: 15 }), { minLength: 2, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(scripts, (some) => withStore(open, (opened) => comesOutInSequence(opened, some))),
      { numRuns: 25 },
    )
  })
}

async function withStore(open: OpenStore, body: (opened: OpenedStore) => Promise<void>): Promise<void> {
  const opened = await open(4)
  try {
    await body(opened)
  } finally {
    await opened.destroy()
  }
}

async function answersAsTheModel({ store, inboxLimit }: OpenedStore, bursts: readonly (readonly CommitWish[])[]): Promise<void> {
  const model = storeModel(inboxLimit)
  for (const burst of bursts) {
    const commits = burst.map((wish) => grant(wish, (key) => model.get(key)))
    const results = await Promise.all(commits.map((commit) => store.commit(commit)))
    expect(results).toEqual(commits.map((commit) => model.apply(commit)))
  }
  await compare(store, model)
}

/** Every commit appends to the feed `log`, so its position there tells the order in which the store has applied it. */
async function comesOutInSequence(opened: OpenedStore, scripts: readonly (readonly CommitWish[])[]): Promise<void> {
  const handles = [opened.store, ...(await Promise.all(scripts.slice(1).map(() => opened.another())))]
  const byHandle = await Promise.all(scripts.map((script, by) => run(handles[by] ?? opened.store, by, script)))
  const inOrder = byHandle.flat().sort((one, other) => logPosition(one) - logPosition(other))
  expect(inOrder.map(logPosition)).toEqual(inOrder.map((_, place) => place + 1))
  const model = storeModel(opened.inboxLimit)
  for (const { commit, result } of inOrder) expect(result).toEqual(model.apply(commit))
  for (const [by, done] of byHandle.entries()) expect(inOrder.filter((one) => one.by === by)).toEqual(done)
  for (const handle of handles) await compare(handle, model)
}

/** Commits in twos, each two resting on facts read just before. */
async function run(store: Store, by: number, script: readonly CommitWish[]): Promise<Done[]> {
  const done: Done[] = []
  for (let at = 0; at < script.length; at += 2) {
    const values = await store.getMany(keys)
    const commits = script.slice(at, at + 2).map((wish) => grant(wish, (key) => values[keys.indexOf(key)]))
    const results = await Promise.all(commits.map((commit) => store.commit(commit)))
    for (const [place, result] of results.entries()) {
      if (result.kind === 'committed') done.push({ by, commit: commits[place] ?? {}, result })
    }
  }
  return done
}

const logPosition = ({ result }: Done): number => result.appended[0]?.position ?? 0

function grant({ checks, commit }: CommitWish, read: (key: string) => Uint8Array | undefined): Commit {
  return { ...commit, checks: checks.map(({ key, isTrue, guess }) => ({ key, was: isTrue ? read(key) : guess })) }
}

async function compare(store: Store, model: StoreModel): Promise<void> {
  expect(hex(await store.scan('', { limit: 1_000 }))).toEqual(hex(model.scan('', 1_000)))
  expect(hex(await store.scan('user/a', { limit: 2, after: 'user/a' }))).toEqual(hex(model.scan('user/a', 2, 'user/a')))
  expect((await store.getMany(keys)).map(hexOf)).toEqual(keys.map((key) => hexOf(model.get(key))))
  for (const feed of ['log', ...feeds]) await compareFeed(store, model, feed)
  for (const client of clients) {
    expect(await store.inboxHead(client)).toEqual(model.inboxHead(client))
    expect(sorted(await store.inboxLosses(client))).toEqual(sorted(model.inboxLosses(client)))
    for (const [after, limit, bytes] of [
      [0, 100, 1e9],
      [0, 1, 1e9],
      [3, 2, 1e9],
      [9, 100, 1e9],
      [1, 100, 6],
      [2, 100, 25],
    ] as const) {
      expect(hex(await store.inboxPage(client, { after, limit, bytes }))).toEqual(hex(model.inboxPage(client, after, limit, bytes)))
    }
  }
  expect(hex(await store.outboxPage(outboxIds.length))).toEqual(hex(model.outbox()))
}

async function compareFeed(store: Store, model: StoreModel, feed: string): Promise<void> {
  const places = model.feed(feed)
  const last = places.at(-1)
  expect(await store.feedHead(feed)).toEqual({ lastId: last?.id ?? 0, count: places.length, ordinal: last?.ordinal ?? 0 })
  for (const direction of ['older', 'newer'] as const) {
    for (const [from, limit, bytes] of [
      [0, 100, 1e9],
      [0, 2, 1e9],
      [3, 2, 1e9],
      [8, 100, 1e9],
      [1_000, 1, 1e9],
      [0, 100, 6],
      [5, 100, 25],
    ] as const) {
      const page = await store.feedPage(feed, { from, direction, limit, bytes })
      expect(hex(page)).toEqual(hex(model.feedPage(feed, from, direction, limit, bytes)))
    }
  }
  for (const id of [1, 2, 3, last?.id ?? 4]) expect(await store.feedPlace(feed, id)).toEqual(places.find((place) => place.id === id))
}

const sorted = (losses: readonly Loss[]): Loss[] => [...losses].sort((one, other) => (one.of < other.of ? -1 : 1))

const hexOf = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString('hex'))

/** Rows with their bytes as text, whatever kind of array an engine hands out. */
function hex(rows: readonly object[]): unknown[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? hexOf(value) : (value as unknown)])),
  )
}
