import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from '@jest/globals'
import { newSharedMemory, openLmdbStore, scopeOfKey } from '../../store/index.js'
import { temporaryFolder } from './lmdb-folder.js'
import type { StampingThread } from './stamping-thread.js'

test('what is read after a stamp is as new as the stamp, though another thread commits within the same tick', async () => {
  const path = await temporaryFolder()
  const sharedMemory = newSharedMemory()
  const store = await openLmdbStore({ path, sharedMemory })
  await store.commit({ puts: [{ key: 'a/1', value: Buffer.from('old') }] })
  const state = new Int32Array(new SharedArrayBuffer(4))
  const thread = new Worker(new URL('stamping-thread.js', import.meta.url), {
    workerData: { path, sharedMemory, state } satisfies StampingThread,
  })
  await once(thread, 'message')
  const slot = store.stamps?.slotOf(scopeOfKey('a/1')) ?? -1

  // From here on nothing is awaited, so that all of it is one tick.
  const [before, stampBefore] = [store.get('a/1'), store.stamps?.at(slot)]
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
  Atomics.wait(state, 0, 1)
  const [stamp, read] = [store.stamps?.at(slot), store.get('a/1')]

  expect(stamp).not.toBe(stampBefore)
  expect([before, read].map(String)).toEqual(['old', 'new'])
  await once(thread, 'exit')
  await store.close()
  await rm(path, { recursive: true })
})
