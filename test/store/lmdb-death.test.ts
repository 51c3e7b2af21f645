import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openLmdbStore } from '../../store/index.js'
import type { CommittingThread } from './committing-thread.js'
import { temporaryFolder } from './lmdb-folder.js'
import { wholeCommit, wholeCommits } from './whole-commit.js'

let path = ''
beforeEach(async () => {
  path = await temporaryFolder()
})
afterEach(() => rm(path, { recursive: true, force: true }))

test('keeps every acknowledged commit, and none by halves, through 20 kills of the process', async () => {
  const acknowledged = new Set<string>()
  for (let life = 0; life < 20; life++) {
    const child = startChild(process.execPath, [String(life)])
    const dieAfter = Math.ceil(Math.random() * 400)
    let lines = 0
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.add(line.replace('done ', ''))
      if (++lines === dieAfter) child.kill('SIGKILL')
    }
    expect(lines).toBeGreaterThanOrEqual(dieAfter)
    const store = await openLmdbStore({ path })
    const found = await wholeCommits(store)
    await store.close()
    expect([...acknowledged].filter((name) => !found.has(name))).toEqual([])
  }
})

test('counts without a gap when threads race on one document', async () => {
  const share = 100
  const threads = ['a', 'b', 'c'].map((name) => startThread({ path, name, share }))
  await Promise.all(threads.map((thread) => once(thread, 'exit')))
  const store = await openLmdbStore({ path })
  expect(Buffer.from((await store.get('counter')) ?? '').toString()).toBe(String(3 * share))
  expect((await wholeCommits(store)).size).toBe(3 * share)
  await store.close()
})

test('goes on when a thread is ended in the middle of its commits, and keeps what that one was told', async () => {
  const store = await openLmdbStore({ path })
  const acknowledged: string[] = []
  for (let life = 0; life < 12; life++) {
    const thread = startThread({ path, name: String(life), share: Infinity })
    const dieAfter = Math.ceil(Math.random() * 30)
    let heard = 0
    thread.on('message', (name: string) => {
      acknowledged.push(name)
      if (++heard === dieAfter) void thread.terminate()
    })
    const ended = once(thread, 'exit')
    let isEnded = false
    void ended.then(() => (isEnded = true))
    for (let own = 0; !isEnded; own++) {
      await store.commit(wholeCommit(`main${life}-${own}`))
      acknowledged.push(`main${life}-${own}`)
    }
  }
  const found = await wholeCommits(store)
  await store.close()
  expect(acknowledged.filter((name) => !found.has(name))).toEqual([])
})

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0
const whenLimitable = canLimit ? test : test.skip // needs a limit on file size that can be lifted again: Linux with prlimit

whenLimitable(
  'refuses commits while the disk is full, applies nothing of them, says so, and goes on by itself when there is room',
  async () => {
    const child = startChild('prlimit', ['x', 'stop-when-full'], ['--fsize=3000000:unlimited', process.execPath])
    const [done, refused, states]: [string[], string[], string[]] = [[], [], []]
    for await (const line of createInterface({ input: child.stdout })) {
      const [kind = '', name = ''] = line.split(' ')
      if (kind === 'closed') break
      if (kind === 'lacks' || kind === 'serves') {
        states.push(line)
        continue
      }
      const names = kind === 'done' ? done : refused
      names.push(name)
      if (kind === 'refused' && refused.length === 20) {
        expect(spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']).status).toBe(0)
      }
    }
    const store = await openLmdbStore({ path })
    const found = await wholeCommits(store)
    await store.close()
    expect(states).toEqual([expect.stringMatching(/^lacks disk the disk does not take what is written: ./), 'serves again'])
    expect(refused.length).toBe(20)
    expect(done.length).toBeGreaterThan(100)
    expect(done.at(-1)).toBe('after')
    expect([...found].sort()).toEqual([...done].sort())
  },
)

function startThread(data: CommittingThread): Worker {
  return new Worker(new URL('./committing-thread.js', import.meta.url), { workerData: data })
}

function startChild(command: string, args: readonly string[], before: readonly string[] = []): ChildProcessWithoutNullStreams {
  const child = spawn(command, [...before, fileURLToPath(new URL('./acknowledging-child.js', import.meta.url)), path, ...args])
  child.stderr.resume()
  return child
}
