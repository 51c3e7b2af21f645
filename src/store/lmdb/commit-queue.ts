/**
 * Commits of one handle, carried out in groups: what arrives while a group is being written makes the next one.
 *
 * A group is planned on a snapshot, without a lock, and written if no other handle has written since; else it is planned again. Whoever has lost
 * takes the turn, which the others respect before they plan, so that a handle with large groups is not overtaken for ever by one with small groups.
 * The turn is politeness only: what keeps the order is the version that `writeAt` compares under the write lock.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Environment } from './environment.js'
import { planGroup } from './plan-group.js'
import { commitBytes } from './require-commit.js'

export interface CommitQueue {
  add(commit: Commit): Promise<CommitResult>
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>
}

interface Waiting {
  readonly commit: Commit
  resolve(result: CommitResult): void
  reject(reason: unknown): void
}

/** A group takes no further commit once it holds this much: it bounds the time and the memory that a group takes. */
const groupLimit = { commits: 1_024, bytes: 8 * 1024 * 1024 }

/** How long a handle waits before it looks again whether the turn is free. */
const turnPollMs = 1

export function commitQueue(environment: Environment, inboxLimit: number, onWritten: (commit: Commit) => void): CommitQueue {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    await Promise.resolve() // what the caller commits in the same tick joins the group
    while (waiting.length > 0) {
      const size = groupSize(waiting)
      const group = waiting.slice(0, size)
      waiting = waiting.slice(size)
      await settle(group)
    }
    running = undefined
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await write(group.map(({ commit }) => commit))
      for (const [place, { commit }] of group.entries()) if (results[place]?.kind === 'committed') onWritten(commit)
      for (const [place, result] of results.entries()) group[place]?.resolve(result)
    } catch (error) {
      const outage = new StoreOutage('the store cannot write', { cause: error })
      for (const { reject } of group) reject(outage)
    }
  }

  async function write(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    let hasTurn = false
    try {
      for (let losses = 0; ; losses++) {
        if (losses > 0 && !hasTurn) hasTurn = environment.takeTurn()
        while (!hasTurn && environment.isTurnTaken()) await pause(turnPollMs)
        const results = await attempt(commits)
        if (results !== undefined) return results
      }
    } finally {
      if (hasTurn) environment.giveTurnBack()
    }
  }

  /** The results, or undefined if another handle wrote between plan and write. */
  async function attempt(commits: readonly Commit[]): Promise<readonly CommitResult[] | undefined> {
    environment.refresh(true)
    const version = environment.version()
    const { writes, results } = planGroup(commits, environment.peek, inboxLimit)
    return writes.size === 0 || (await environment.writeAt(version, writes)) ? results : undefined
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

function groupSize(waiting: readonly Waiting[]): number {
  let bytes = 0
  for (const [place, { commit }] of waiting.slice(0, groupLimit.commits).entries()) {
    bytes += commitBytes(commit)
    if (bytes > groupLimit.bytes) return place + 1
  }
  return Math.min(waiting.length, groupLimit.commits)
}
