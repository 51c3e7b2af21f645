/**
 * Commits in two threads, as the workers of a server do, each in lanes that wait for each commit before the next, and records what has resolved.
 * Its argument is a `WritingChild`.
 */
import { once } from 'node:events'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { newSharedMemory, openLmdbStore, type Store } from '../../store/index.js'
import { wholeCommit } from '../store/whole-commit.js'
import { recordAcknowledged } from './recording.js'

export interface WritingChild {
  readonly path: string
  readonly log: string
  /** What the names of its commits begin with. */
  readonly life: string
  /** Commits that each lane makes before it ends. */
  readonly commits: number
}

const lanes = 3
const given = isMainThread
  ? { child: JSON.parse(process.argv[2] ?? '') as WritingChild, sharedMemory: newSharedMemory() }
  : (workerData as { readonly child: WritingChild; readonly sharedMemory: SharedArrayBuffer })
const { child, sharedMemory } = given

async function commitOn(store: Store, lane: string): Promise<void> {
  for (let next = 0; next < child.commits; next++) {
    const name = `${child.life}.${lane}-${next}`
    await store.commit(wholeCommit(name))
    recordAcknowledged(child.log, name)
  }
}

async function write(thread: number): Promise<void> {
  const store = await openLmdbStore({ path: child.path, sharedMemory })
  await Promise.all(Array.from({ length: lanes }, (_, lane) => commitOn(store, `${thread}${lane}`)))
  await store.close()
}

if (isMainThread) {
  // Waiting for a turn keeps no thread alive.
  const staysAlive = setInterval(() => undefined, 1_000)
  const other = new Worker(new URL(import.meta.url), { workerData: given })
  other.once('error', (error) => {
    throw error
  })
  await Promise.all([write(0), once(other, 'exit')])
  clearInterval(staysAlive)
} else {
  const staysAlive = setInterval(() => undefined, 1_000)
  await write(1)
  clearInterval(staysAlive)
}
