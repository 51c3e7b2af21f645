/**
 * Commits of one handle, carried out in groups: what arrives while a group is being written makes the next one.
 *
 * A group is planned on a snapshot, without a lock, and written if no other handle has written since; else it is planned again. Handles take
 * turns, so that this is rare: over shared memory where there is some, else whoever has lost takes a turn the others respect. Turns are
 * politeness only: what keeps the order is the version that `writeAt` compares under the write lock.
 *
 * The next group is planned as soon as the one before is known to be written; commits resolve in order, when they are durable.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Environment } from './environment.js'
import { planGroup } from './plan-group.js'
import type { SharedTurns } from './shared-turns.js'
import { commitBytes } from '../require-commit.js'

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

export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  /** The group written last, settled. */
  #settled: Promise<void> = Promise.resolve()

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
  }

  add(commit: Commit): Promise<CommitResult> {
    const result = new Promise<CommitResult>((resolve, reject) => this.#waiting.push({ commit, resolve, reject }))
    this.#running ??= this.#run()
    return result
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#settled
  }

  async #run(): Promise<void> {
    await Promise.resolve() // what the caller commits in the same tick joins the group
    while (this.#waiting.length > 0) await this.#writeNext()
    this.#running = undefined
  }

  async #writeNext(): Promise<void> {
    const { turns } = this.#parts
    const turn = await turns?.take()
    const group = this.#waiting.splice(0, groupSize(this.#waiting))
    try {
      const commits = group.map(({ commit }) => commit)
      this.#settleLater(group, turn === undefined ? await this.#writePolitely(commits) : await this.#writeAgainAndAgain(commits))
    } catch (error) {
      await this.#settled
      refuse(group, error)
    } finally {
      if (turn !== undefined) turns?.giveBack(turn)
    }
  }

  /** The group is written: it resolves when it is durable and all before it have resolved. */
  #settleLater(group: readonly Waiting[], { results, durable }: WrittenGroup): void {
    for (const [place, { commit }] of group.entries()) if (results[place]?.kind === 'committed') this.#parts.onWritten(commit)
    this.#settled = Promise.all([this.#settled, durable]).then(
      () => {
        for (const [place, result] of results.entries()) group[place]?.resolve(result)
      },
      (error: unknown) => {
        refuse(group, error)
      },
    )
  }

  async #writeAgainAndAgain(commits: readonly Commit[]): Promise<WrittenGroup> {
    for (;;) {
      const written = await this.#attempt(commits)
      if (written !== undefined) return written
    }
  }

  /** Without shared memory: the loser takes lmdb's turn. */
  async #writePolitely(commits: readonly Commit[]): Promise<WrittenGroup> {
    const { environment } = this.#parts
    let hasTurn = false
    try {
      for (let losses = 0; ; losses++) {
        if (losses > 0 && !hasTurn) hasTurn = environment.takeTurn()
        while (!hasTurn && environment.isTurnTaken()) await pause(turnPollMs)
        const written = await this.#attempt(commits)
        if (written !== undefined) return written
      }
    } finally {
      if (hasTurn) environment.giveTurnBack()
    }
  }

  /** The results, or undefined if another handle wrote between plan and write. */
  async #attempt(commits: readonly Commit[]): Promise<WrittenGroup | undefined> {
    const { environment, inboxLimit } = this.#parts
    environment.refresh(true)
    const version = environment.version()
    const { writes, results } = planGroup(commits, environment.peek, inboxLimit)
    if (writes.size === 0) return { results, durable: Promise.resolve() }
    const { written, durable } = environment.writeAt(version, writes)
    return (await written) ? { results, durable } : undefined
  }
}

function refuse(group: readonly Waiting[], error: unknown): void {
  const outage = new StoreOutage('the store cannot write', { cause: error })
  for (const { reject } of group) reject(outage)
}

function groupSize(waiting: readonly Waiting[]): number {
  let bytes = 0
  for (const [place, { commit }] of waiting.slice(0, groupLimit.commits).entries()) {
    bytes += commitBytes(commit)
    if (bytes > groupLimit.bytes) return place + 1
  }
  return Math.min(waiting.length, groupLimit.commits)
}
