/** A worker thread that commits once, when it is told to through shared memory, and tells so in the same way. */
import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../store/index.js'

export interface StampingThread {
  readonly path: string
  readonly sharedMemory: SharedArrayBuffer
  /** 0 until the thread is to commit, 1 until it has, then 2. */
  readonly state: Int32Array
}

const { path, sharedMemory, state } = workerData as StampingThread
const store = await openLmdbStore({ path, sharedMemory })
parentPort?.postMessage('ready')
Atomics.wait(state, 0, 0)
await store.commit({ puts: [{ key: 'a/1', value: Buffer.from('new') }] })
Atomics.store(state, 0, 2)
Atomics.notify(state, 0)
await store.close()
