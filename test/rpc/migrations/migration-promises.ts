import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { clusterMembers, layouts } from '../../../rpc/documents/index.js'
import { migrations, type MigrationResult, runMigrations } from '../../../rpc/migrations/run-migrations.js'
import { type Store, StoreOutage } from '../../../store/contract.js'
import { clara } from '../chat-world.js'
import type { OpenedStore, OpenStore } from '../../store/store-contract.js'
import { bansIn, bansNow, idNow, idsIn, trip, walk, writeOldStore } from './old-store.js'

const minute = 60_000
const current: MigrationResult = { kind: 'current' }

const [t1, t2, t3, t67] = [1, 2, 3, 67].map((nth) => idNow(trip, nth))
const [w1, w2] = [1, 2].map((nth) => idNow(walk, nth))
const pushed = [[t2, t1, t67], [t1, null, t2]] // prettier-ignore
const renumbered = {
  rooms: [t67, w2],
  members: [t1, t2, t67, w2, w1],
  messages: [[[t67, t3, clara, 68, -1], []], [[w2]]],
  stars: [[w1, 3]],
  jobs: [[t2, expect.anything()]],
  bodies: [pushed],
  inbox: [pushed, [w2, w1, null], pushed, [t67]],
  blocks: [1, 2].sort(),
}

/** What migrations promise, on stores that an engine opens. */
export function migrationPromises(name: string, open: OpenStore): void {
  describe(name, () => {
    let opened: OpenedStore
    beforeEach(async () => {
      opened = await open(20)
      await writeOldStore(opened.store)
    })
    afterEach(() => opened.destroy())

    test('give members of old rooms ids that no other room has, wherever one is stored, and the second run finds nothing to do', async () => {
      expect(await run(opened.store)).toEqual(current)
      expect(sorted(await idsIn(opened.store))).toEqual(renumbered)
      expect(await run(await opened.reopen())).toEqual(current)
      expect(sorted(await idsIn(await opened.another()))).toEqual(renumbered)
    })

    test('make of bans between rosters the bans of their accounts, which mark all contacts between these', async () => {
      expect(await run(opened.store)).toEqual(current)
      expect(await bansIn(opened.store)).toEqual(bansNow)
    })

    test(
      'go on where a runner that was killed has stopped, whichever commit it was killed at, before or after it was stored',
      async () => {
        let deaths = 0
        for (let at = 0; ; at++) {
          const isApplied = at % 2 === 0
          const one = await open(20)
          await writeOldStore(one.store)
          const hasDied = await run(killedAt(one.store, at, isApplied)).then(
            () => false,
            () => true,
          )
          expect(await run(await one.another())).toEqual(current)
          expect(sorted(await idsIn(one.store))).toEqual(renumbered)
          expect(await bansIn(one.store)).toEqual(bansNow)
          await one.destroy()
          if (!hasDied) break
          deaths++
        }
        expect(deaths).toBeGreaterThan(15)
      },
      2 * minute,
    )

    test('are carried out once when several processes start at the same time', async () => {
      const stores = await Promise.all([1, 2, 3].map(() => opened.another()))
      expect(await Promise.all(stores.map((store) => run(store, { leaseMs: Infinity })))).toEqual([current, current, current])
      expect(sorted(await idsIn(opened.store))).toEqual(renumbered)
    })

    test('wait until the processes of an earlier program have ended', async () => {
      let beats = 0
      const waits: string[] = []
      const beat = async (): Promise<void> => {
        if (beats === 5) return
        const document = { beat: beats++, joined: 1, variants: 1, heir: null, host: 'h', pid: 1, version: '0' }
        await opened.store.commit({ puts: [clusterMembers.put(document, 'all', 'old')] })
        expect(await opened.store.get(layouts.key('documents'))).toBeUndefined()
      }
      await beat()
      expect(await run(opened.store, { onWaiting: (whom) => waits.push(whom), beat })).toEqual(current)
      expect([beats, waits.every((whom) => whom === 'members'), waits.length > 3]).toEqual([5, true, true])
      expect(sorted(await idsIn(opened.store))).toEqual(renumbered)
    })

    test('try again when the store was away, and leave a store that a newer program has written as it is', async () => {
      let outages = 0
      const shaky = { ...opened.store, commit: (commit: Parameters<Store['commit']>[0]) => {
        if (outages++ % 7 === 0) return Promise.reject(new StoreOutage('away'))
        return opened.store.commit(commit)
      } } // prettier-ignore
      expect(await run(shaky)).toEqual(current)
      expect(sorted(await idsIn(opened.store))).toEqual(renumbered)
      const layout = { version: migrations.length + 1, holder: '', beat: 7, stage: 0, after: '' }
      await opened.store.commit({ puts: [layouts.put(layout, 'documents')] })
      expect(await run(opened.store)).toEqual({ kind: 'newer', found: migrations.length + 1, known: migrations.length })
    })
  })
}

interface RunOptions {
  readonly leaseMs: number
  readonly onWaiting: (whom: string) => void
  /** What others do whenever a moment passes. */
  readonly beat: () => Promise<void>
}

let runners = 0

function run(
  store: Store,
  { leaseMs = 10_000, onWaiting = () => undefined, beat = () => Promise.resolve() }: Partial<RunOptions> = {},
): Promise<MigrationResult> {
  let clock = 0
  return runMigrations({
    ...{ store, holder: `runner ${runners++}`, leaseMs, onProgress: () => undefined, onWaiting, onOutage: () => Promise.resolve() },
    wait: async (ms) => {
      clock += ms
      await beat()
      await new Promise((resolve) => setImmediate(resolve))
    },
    now: () => clock,
  })
}

/** A store whose process dies at its `at`th commit. */
function killedAt(store: Store, at: number, isApplied: boolean): Store {
  let commits = 0
  return {
    ...store,
    async commit(commit) {
      if (commits++ < at) return store.commit(commit)
      if (isApplied) await store.commit(commit)
      throw new Error('killed')
    },
  }
}

/** Rooms are in different shards, whose order is that of their names' hashes. */
function sorted(found: unknown): unknown {
  const { blocks, ...rest } = found as { blocks: number[] }
  return { ...rest, blocks: blocks.sort() }
}
