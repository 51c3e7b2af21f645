/** A worker thread that commits until its share is done, or for ever. */
import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../store/index.js'
import { wholeCommit } from './whole-commit.js'

export interface CommittingThread {
  readonly path: string
  readonly name: string
  /** How many commits it makes before it closes the store; it counts up `counter` once in each. */
  readonly share: number
}

const { path, name, share } = workerData as CommittingThread
const store = await openLmdbStore({ path })
let next = 0

async function commitOn(): Promise<void> {
  while (next < share) {
    const mine = next++
    for (;;) {
      const was = await store.get('counter')
      const count = Number(Buffer.from(was ?? '0').toString()) + 1
      const commit = wholeCommit(`${name}-${mine}`)
      const counted = { key: 'counter', value: Buffer.from(String(count)) }
      const result = await store.commit({ ...commit, checks: [{ key: 'counter', was }], puts: [...(commit.puts ?? []), counted] })
      if (result.kind === 'committed') break
    }
    parentPort?.postMessage(`${name}-${mine}`)
  }
}

await Promise.all(Array.from({ length: 4 }, commitOn))
await store.close()
