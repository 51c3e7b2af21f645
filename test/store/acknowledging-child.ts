/** Commits until it is killed, and prints the number of each commit that has resolved. Arguments: path, name of this life, `stop-when-full`. */
import { EventEmitter } from 'node:events'
import { writeSync } from 'node:fs'
import { openLmdbStore, StoreOutage } from '../../store/index.js'
import { wholeCommit } from './whole-commit.js'

const [path = '', life = '', mode = ''] = process.argv.slice(2)
process.on('SIGXFSZ', () => undefined) // past the limit on file size, a write then fails as on a full disk
const serving = new EventEmitter()
const store = await openLmdbStore({
  path,
  onState(isServing, because, lacks) {
    writeSync(1, isServing ? 'serves again\n' : `lacks ${lacks ?? 'nothing'} ${because}\n`)
    if (isServing) serving.emit('again')
  },
})
let next = 0

async function commitOn(): Promise<void> {
  for (;;) {
    const name = `${life}-${next++}`
    const isDone = await store.commit(wholeCommit(name)).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof StoreOutage)) throw error
        writeSync(1, `refused ${name}\n`)
        return false
      },
    )
    if (isDone) writeSync(1, `done ${name}\n`)
    else if (mode === 'stop-when-full') return
  }
}

await Promise.all(Array.from({ length: 20 }, commitOn))
process.stdin.resume()
serving.once('again', () => {
  void store
    .commit(wholeCommit('after'))
    .then(() => writeSync(1, 'done after\n'))
    .then(() => store.close())
    .then(() => writeSync(1, 'closed\n'))
    .finally(() => process.stdin.destroy())
})
