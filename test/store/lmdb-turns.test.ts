/** Turns at writing: a group that takes long to plan gets in, and what waits behind it is not kept waiting for ever. */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { newSharedMemory, openLmdbStore, StoreOutage } from '../../store/index.js'
import type { BusyThread } from './busy-thread.js'
import { temporaryFolder } from './lmdb-folder.js'
import { committed, delivery, plain, put, times } from './store-builders.js'

let path = ''
let threads: Worker[] = []
beforeEach(async () => {
  path = await temporaryFolder()
})
afterEach(async () => {
  await Promise.all(threads.map((thread) => thread.terminate()))
  threads = []
  await rm(path, { recursive: true, force: true })
})

// The first takes longer than anybody's patience; in the second nobody else takes turns.
for (const { rule, count, isShared } of [
  {
    rule: 'a commit that takes long to plan is in after few plans, beside a thread that takes turns with it',
    count: 50_000,
    isShared: true,
  },
  { rule: 'a commit of 10,000 deliveries is in after few plans, beside a thread that draws no tickets', count: 10_000, isShared: false },
]) {
  test(rule, async () => {
    let onReplanned = (): void => undefined
    const tooOften = new Promise<never>((_, reject) => {
      let replans = 0
      onReplanned = () => {
        if (++replans > 3) reject(new Error('planned again and again'))
      }
    })
    const sharedMemory = newSharedMemory()
    const store = await openLmdbStore({ path, sharedMemory, onReplanned })
    await startThread({ path, does: 'commits', ...(isShared ? { sharedMemory } : {}) })
    const deliveries = times(count).map((client) => delivery(`c${client}`))
    const { delivered } = await Promise.race([committed(store, { deliveries }), tooOften])
    expect(delivered).toEqual(times(count).map(() => 1))
    await store.close()
  })
}

for (const isShared of [true, false]) {
  test(`a thread keeps the turn while it lives: who waits too long is refused, and nothing of it is done (${isShared ? 'tickets' : 'no tickets'})`, async () => {
    const shared = isShared ? { sharedMemory: newSharedMemory() } : {}
    const [hasty, patient] = [await openLmdbStore({ path, commitWaitMs: 20, ...shared }), await openLmdbStore({ path, ...shared })]
    const thread = await startThread({ path, does: 'keeps the turn' })
    const waits = patient.commit(put('patient/1', 'in'))
    await expect(hasty.commit(put('hasty/1', 'in'))).rejects.toThrow(StoreOutage)
    await thread.terminate()
    expect((await waits).kind).toBe('committed')
    await committed(hasty, put('hasty/2', 'in'))
    expect(await Promise.all(['patient/1', 'hasty/1', 'hasty/2'].map(async (key) => plain(await patient.get(key))))).toEqual([
      'in',
      undefined,
      'in',
    ])
    await Promise.all([hasty.close(), patient.close()])
  })
}

async function startThread(data: BusyThread): Promise<Worker> {
  const thread = new Worker(new URL('./busy-thread.js', import.meta.url), { workerData: data })
  threads.push(thread)
  await once(thread, 'message')
  return thread
}
