import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Environment } from './environment.js'
import { planGroup } from './plan-group.js'

interface Waiting {
  readonly commit: Commit
  resolve(result: CommitResult): void
  reject(reason: unknown): void
}

/** Commits of one handle, in order. */
export interface CommitQueue {
  add(commit: Commit): Promise<CommitResult>
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>
}

/** Most commits in a group. It bounds how long a group holds the write lock. */
const groupLimit = 1_024

export function commitQueue(environment: Environment, inboxLimit: number): CommitQueue {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = waiting.slice(0, groupLimit)
      waiting = waiting.slice(groupLimit)
      try {
        const results = await runGroup(group.map(({ commit }) => commit))
        group.forEach(({ resolve }, place) => resolve(results[place] as CommitResult))
      } catch (error) {
        const outage = new StoreOutage('the store cannot write', { cause: error })
        for (const { reject } of group) reject(outage)
      }
    }
    running = undefined
  }

  async function runGroup(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    for (;;) {
      environment.refresh()
      const version = environment.version()
      const { writes, results } = planGroup(commits, (row) => environment.rows.getBinary(row), inboxLimit)
      if (writes.size === 0 || (await environment.writeAt(version, writes))) return results
    }
  }

  return {
    add(commit) {
      const result = new Promise<CommitResult>((resolve, reject) => waiting.push({ commit, resolve, reject }))
      running ??= run()
      return result
    },
    async idle() {
      while (running !== undefined) await running
    },
  }
}
