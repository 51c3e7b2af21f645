/** A worker thread with a handle of its own: it commits every ten milliseconds, or keeps the turn at writing, until it is ended. */
import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../store/index.js'
import { openEnvironment } from '../../store/lmdb/environment.js'

export interface BusyThread {
  readonly path: string
  readonly does: 'commits' | 'keeps the turn'
  /** Of the handles that take turns with it. */
  readonly sharedMemory?: SharedArrayBuffer
}

const { path, does, ...shared } = workerData as BusyThread
if (does === 'commits') {
  const store = await openLmdbStore({ path, ...shared })
  setInterval(() => void store.commit({ puts: [{ key: 'beside/1', value: Buffer.from('x') }] }), 10)
} else {
  const environment = openEnvironment({ path })
  if (!environment.takeTurn()) throw new Error('the turn was taken')
  setInterval(() => environment.isTurnTaken(), 1_000)
}
parentPort?.postMessage('ready')
