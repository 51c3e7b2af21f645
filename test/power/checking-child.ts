/**
 * Opens the store in each folder that a line of stdin names, as the first start after a cut would, and answers with a line what it found. Where
 * the line begins with `go on`, it also commits, opens the store once more, and must find the same and the new one. It dies of whatever the
 * engine does to it.
 */
import { createInterface } from 'node:readline'
import { openLmdbStore, type Store } from '../../store/index.js'
import { wholeCommit, wholeCommits } from '../store/whole-commit.js'

/** What was found in a store: the names of its commits in the order of the feed, or why it is none. */
export type Checked = { readonly kind: 'opened'; readonly names: readonly string[] } | { readonly kind: 'broken'; readonly problem: string }

const all = 1_000_000

async function namesIn(store: Store): Promise<readonly string[]> {
  await wholeCommits(store)
  const feed = await store.feedPage('log', { from: 0, direction: 'newer', limit: all })
  return feed.map(({ message }) => Buffer.from(message).toString())
}

async function withStore<T>(path: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openLmdbStore({ path })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function check(path: string, goesOn: boolean): Promise<Checked> {
  try {
    const names = await withStore(path, async (store) => {
      const found = await namesIn(store)
      if (goesOn) await store.commit(wholeCommit('after'))
      return found
    })
    const again = goesOn ? await withStore(path, namesIn) : [...names, 'after']
    if (String(again) !== String([...names, 'after']))
      return { kind: 'broken', problem: 'what was there at first is not there after one commit' }
    return { kind: 'opened', names }
  } catch (error) {
    return { kind: 'broken', problem: error instanceof Error ? error.message : String(error) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const checked = await check(line.replace(/^go on /, ''), line.startsWith('go on '))
  process.stdout.write(`${JSON.stringify(checked)}\n`)
}
