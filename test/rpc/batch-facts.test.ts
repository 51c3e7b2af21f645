/** Batches on a store without stamps, which takes facts from the cache and has the commit check them. */
import { expect, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { err } from '../../protocol/index.js'
import { table } from '../../rpc/documents/index.js'
import { accept, refuse } from '../../rpc/outcome.js'
import { newReadCache } from '../../rpc/read-cache.js'
import type { BatchItem, BatchResult, BatchWorld } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import type { Bytes, Store } from '../../store/contract.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf } from '../acl/cast.js'

const bans = table<[who: string], { readonly isBanned: boolean }>('ban')
const longest = 100

/** As much of a store as a batch of puts needs. */
function newStore() {
  const rows = new Map<string, Bytes>()
  const store: Pick<Store, 'get' | 'commit'> = {
    async get(key) {
      const value = rows.get(key)
      await pause(5)
      return value
    },
    commit({ checks = [], puts = [] }) {
      for (const { value } of puts) if ((value?.byteLength ?? 0) > longest) return Promise.reject(new RangeError('too long'))
      const nothing = Buffer.alloc(0)
      const isTrue = checks.every(({ key, was }) => Buffer.compare(rows.get(key) ?? nothing, was ?? nothing) === 0)
      if (!isTrue) return Promise.resolve({ kind: 'conflict' })
      for (const { key, value } of puts) if (value !== undefined) rows.set(key, value)
      return Promise.resolve({ kind: 'committed', appended: [], delivered: [], holders: [], opened: [], dropped: { news: 0, messages: 0 } })
    },
  }
  return { rows, store: store as Store }
}

const clientId = clientIdOf('emqttd_A1')
const asker = { connection: 1, clientId, actionsTopic: 'actions', hasInbox: false, qos: 1 } as const
const item = (request: number, evaluate: BatchItem['evaluate'], answersRefusals = true): BatchItem => {
  return { asker, request, isRepeated: false, answersRefusals, evaluate }
}

function worldOf(store: Store): BatchWorld {
  const nothing = (): void => undefined
  return {
    ...{ store, cache: newReadCache(100), boot: 'b', newId: () => 'id', onFault: nothing, onConflict: nothing, onOutcome: nothing },
    ...{ wait: (ms) => pause(ms), elapsed: () => reading(0) },
  }
}

const run = (items: readonly BatchItem[], world: BatchWorld): ReturnType<typeof runBatch> =>
  runBatch(items, { clientId, marks: undefined }, noDeadline, world)

const put = (key: string, words: string): ReturnType<typeof accept> => accept({ puts: [{ key, value: Buffer.from(words) }] })

test('what a request has read whose handler failed meanwhile is checked for those after it', async () => {
  const { rows, store } = newStore()
  rows.set(bans.key('x'), bans.encode({ isBanned: false }))
  const failing = item(1, async (facts) => {
    await Promise.all([facts.get(bans, 'x'), Promise.reject(new Error('another row cannot be read'))])
    return refuse('invalid_data', 'never')
  })
  const slow = item(2, async () => {
    await pause(20)
    rows.set(bans.key('x'), bans.encode({ isBanned: true }))
    return refuse('invalid_data', 'nothing')
  })
  const posting = item(3, async (facts) =>
    (await facts.get(bans, 'x'))?.isBanned === true ? refuse('not_authorized', 'banned') : put('post/1', 'said'),
  )
  await run([failing, slow, posting], worldOf(store))
  expect(rows.has('post/1')).toBe(false)
})

test('what the store cannot hold is refused by itself, and the requests around it are carried out', async () => {
  const { rows, store } = newStore()
  const putting = (request: number, words: string, answers = true): BatchItem =>
    item(request, () => Promise.resolve(put(`post/${request}`, words)), answers)
  const items = [putting(1, 'a'), putting(2, 'x'.repeat(longest + 1)), putting(3, 'b'), putting(4, 'y'.repeat(longest + 1), false)]
  const after: BatchResult['draft']['after'][number][] = []
  for (let left = items; left.length > 0;) {
    const { draft, covered } = await run(left, worldOf(store))
    after.push(...draft.after)
    left = left.slice(covered)
  }
  expect([...rows.keys()]).toEqual(['post/1', 'post/3'])
  const stored = { kind: 'accepted', isStored: true, firstAppend: 0, appends: 0, queued: [] }
  const invalid = { kind: 'refused', code: 'invalid_data' }
  expect(after).toEqual([
    { kind: 'done', request: 1, verdict: stored },
    { kind: 'answer', connection: 1, qos: 1, payload: { kind: 'record', record: err('invalid_data') } },
    { kind: 'done', request: 2, verdict: invalid },
    { kind: 'done', request: 3, verdict: stored },
    { kind: 'done', request: 4, verdict: invalid },
  ])
})
