/**
 * Commits of one handle, carried out in groups: what arrives while a group is being written makes the next one.
 *
 * A group is planned on a snapshot, without a lock, and written if no other handle has written since; else it is planned again. Handles take
 * turns over shared memory where there is some, so that this is rare. A group that has lost keeps the turn of all handles until it is written,
 * however long it is planned: others write at most what they had planned already. Turns are politeness only: what keeps the order is the
 * version that `writeAt` compares under the write lock.
 *
 * The next group is planned as soon as the one before is known to be written; commits resolve in order, when they are durable. One that has
 * waited for too long is refused: nothing of it was planned, or what was planned was not written.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { monotonicMs } from '../../clock/index.js'
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { DiskRoom } from './disk-room.js'
import type { Environment } from './environment.js'
import { planGroup } from './plan-group.js'
import type { SharedTurns } from './shared-turns.js'
import { commitBytes } from '../require-commit.js'

interface Waiting {
  readonly commit: Commit
  /** When it is refused if it waits still, on the clock of `performance`. */
  readonly until: number
  resolve(result: CommitResult): void
  reject(reason: unknown): void
}

/** A group takes no further commit once it holds this much: it bounds the time and the memory that a group takes. */
const groupLimit = { commits: 1_024, items: 10_000, bytes: 8 * 1024 * 1024 }

/** How long a handle waits before it looks again whether the turn is free. */
const turnPollMs = 1

export interface CommitQueueParts {
  readonly environment: Environment
  readonly room: DiskRoom
  readonly inboxLimit: number
  /** Turns shared with the other handles of the process, if there is memory for them. */
  readonly turns: SharedTurns | undefined
  /** A commit that has waited for so long behind others is refused. */
  readonly waitLimitMs: number
  /** Called when a commit can be seen by all, before it resolves. */
  readonly onWritten: (commit: Commit) => void
  /** Called when a group has to be planned again. */
  readonly onReplanned: () => void
}

interface WrittenGroup {
  readonly results: readonly CommitResult[]
  readonly durable: Promise<void>
}

export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  /** A timer runs for the commits that wait. */
  #isWatched = false
  /** The group written last, settled. */
  #settled: Promise<void> = Promise.resolve()

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
  }

  add(commit: Commit): Promise<CommitResult> {
    const until = monotonicMs() + this.#parts.waitLimitMs
    const result = new Promise<CommitResult>((resolve, reject) => this.#waiting.push({ commit, until, resolve, reject }))
    if (!this.#isWatched) this.#watch(this.#parts.waitLimitMs)
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
    const { turns, environment } = this.#parts
    const turn = await turns?.take()
    while (environment.isTurnTaken()) await pause(turnPollMs)
    const group = this.#waiting.splice(0, groupSize(this.#waiting))
    try {
      this.#settleLater(group, await this.#write(group))
    } catch (error) {
      await this.#settled
      refuse(group, error instanceof StoreOutage ? error : await this.#parts.room.failed(error))
    } finally {
      if (turn !== undefined) turns?.giveBack(turn)
    }
  }

  #watch(ms: number): void {
    this.#isWatched = true
    setTimeout(() => {
      this.#refuseLate()
    }, ms).unref()
  }

  #refuseLate(): void {
    const now = monotonicMs()
    const inTime = this.#waiting.findIndex(({ until }) => until > now)
    refuse(this.#waiting.splice(0, inTime === -1 ? this.#waiting.length : inTime), tooLate())
    const [next] = this.#waiting
    this.#isWatched = false
    if (next !== undefined) this.#watch(next.until - now)
  }

  /** The group is written: it resolves when it is durable and all before it have resolved. */
  #settleLater(group: readonly Waiting[], { results, durable }: WrittenGroup): void {
    for (const [place, { commit }] of group.entries()) if (results[place]?.kind === 'committed') this.#parts.onWritten(commit)
    this.#settled = Promise.all([this.#settled, durable]).then(
      () => {
        for (const [place, result] of results.entries()) group[place]?.resolve(result)
      },
      async (error: unknown) => {
        refuse(group, await this.#parts.room.failed(error))
      },
    )
  }

  async #write(group: readonly Waiting[]): Promise<WrittenGroup> {
    const commits = group.map(({ commit }) => commit)
    const written = await this.#attempt(commits)
    if (written !== undefined) return written
    await this.#keepTurn(group)
    try {
      return await this.#writeAgainAndAgain(commits)
    } finally {
      this.#parts.environment.giveTurnBack()
    }
  }

  /** Several handles may have lost. */
  async #keepTurn(group: readonly Waiting[]): Promise<void> {
    const until = Math.max(...group.map((one) => one.until))
    while (!this.#parts.environment.takeTurn()) {
      if (monotonicMs() >= until) throw tooLate()
      await pause(turnPollMs)
    }
  }

  async #writeAgainAndAgain(commits: readonly Commit[]): Promise<WrittenGroup> {
    for (;;) {
      this.#parts.onReplanned()
      const written = await this.#attempt(commits)
      if (written !== undefined) return written
    }
  }

  /** The results, or undefined if another handle wrote between plan and write. */
  async #attempt(commits: readonly Commit[]): Promise<WrittenGroup | undefined> {
    const { environment, inboxLimit, room } = this.#parts
    room.require()
    environment.refresh(true)
    const version = environment.version()
    const { writes, results } = planGroup(commits, environment.snapshot, inboxLimit)
    if (writes.size === 0) return { results, durable: Promise.resolve() }
    const { written, durable } = environment.writeAt(version, writes)
    return (await written) ? { results, durable } : undefined
  }
}

function refuse(group: readonly Waiting[], outage: StoreOutage): void {
  for (const { reject } of group) reject(outage)
}

function tooLate(): StoreOutage {
  return new StoreOutage('the store is busy: the commit has waited too long for its turn')
}

function groupSize(waiting: readonly Waiting[]): number {
  let [items, bytes] = [0, 0]
  for (const [place, { commit }] of waiting.slice(0, groupLimit.commits).entries()) {
    items += itemsOf(commit)
    bytes += commitBytes(commit)
    if (items > groupLimit.items || bytes > groupLimit.bytes) return place + 1
  }
  return Math.min(waiting.length, groupLimit.commits)
}

/** What planning a commit takes time for. */
function itemsOf({ checks, puts, appends, deliveries, settlements, clearInboxes }: Commit): number {
  return [checks, puts, appends, deliveries, settlements, clearInboxes].reduce((sum, of) => sum + (of?.length ?? 0), 0)
}
