/**
 * Commits of one handle, carried out in groups: what arrives while a group is being written makes the next one.
 *
 * A group is planned on a snapshot, without a lock, and written if no other handle has written since; else it is planned again. Handles take
 * turns, so that this is rare: over shared memory where there is some, else whoever has lost takes a turn the others respect. Turns are
 * politeness only: what keeps the order is the version that `writeAt` compares under the write lock.
 *
 * The next group is planned as soon as the one before can be seen; commits resolve in order, when they are durable.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Environment } from './environment.js'
import { planGroup } from './plan-group.js'
import type { SharedTurns } from './shared-turns.js'
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

export interface CommitQueueParts {
  readonly environment: Environment
  readonly inboxLimit: number
  /** Turns shared with the other handles of the process, if there is memory for them. */
  readonly turns: SharedTurns | undefined
  /** Called when a commit can be seen by all, before it resolves. */
  readonly onWritten: (commit: Commit) => void
}

interface WrittenGroup {
  readonly results: readonly CommitResult[]
  readonly durable: Promise<void>
}

export function commitQueue({ environment, inboxLimit, turns, onWritten }: CommitQueueParts): CommitQueue {
  let waiting: Waiting[] = []
  let running: Promise<void> | undefined
  /** The group written last, settled. */
  let settled: Promise<void> = Promise.resolve()

  async function run(): Promise<void> {
    await Promise.resolve() // what the caller commits in the same tick joins the group
    while (waiting.length > 0) await writeNext()
    running = undefined
  }

  async function writeNext(): Promise<void> {
    const turn = await turns?.take()
    const group = waiting.splice(0, groupSize(waiting))
    const commits = group.map(({ commit }) => commit)
    try {
      const { results, durable } = turn === undefined ? await writePolitely(commits) : await writeAgainAndAgain(commits)
      for (const [place, commit] of commits.entries()) if (results[place]?.kind === 'committed') onWritten(commit)
      settled = Promise.all([settled, durable]).then(
        () => {
          for (const [place, result] of results.entries()) group[place]?.resolve(result)
        },
        (error: unknown) => {
          refuse(group, error)
        },
      )
    } catch (error) {
      await settled
      refuse(group, error)
    } finally {
      if (turn !== undefined) turns?.giveBack(turn)
    }
  }

  function refuse(group: readonly Waiting[], error: unknown): void {
    const outage = new StoreOutage('the store cannot write', { cause: error })
    for (const { reject } of group) reject(outage)
  }

  async function writeAgainAndAgain(commits: readonly Commit[]): Promise<WrittenGroup> {
    for (;;) {
      const written = await attempt(commits)
      if (written !== undefined) return written
    }
  }

  /** Without shared memory: the loser takes lmdb's turn. */
  async function writePolitely(commits: readonly Commit[]): Promise<WrittenGroup> {
    let hasTurn = false
    try {
      for (let losses = 0; ; losses++) {
        if (losses > 0 && !hasTurn) hasTurn = environment.takeTurn()
        while (!hasTurn && environment.isTurnTaken()) await pause(turnPollMs)
        const written = await attempt(commits)
        if (written !== undefined) return written
      }
    } finally {
      if (hasTurn) environment.giveTurnBack()
    }
  }

  /** The results, or undefined if another handle wrote between plan and write. */
  async function attempt(commits: readonly Commit[]): Promise<WrittenGroup | undefined> {
    environment.refresh(true)
    const version = environment.version()
    const { writes, results } = planGroup(commits, environment.peek, inboxLimit)
    if (writes.size === 0) return { results, durable: Promise.resolve() }
    const { written, durable } = environment.writeAt(version, writes)
    return (await written) ? { results, durable } : undefined
  }

  return {
    add(commit) {
      const result = new Promise<CommitResult>((resolve, reject) => waiting.push({ commit, resolve, reject }))
      running ??= run()
      return result
    },
    async idle() {
      while (running !== undefined) await running
      await settled
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
