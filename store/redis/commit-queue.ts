/**
 * Commits of one handle on their way to Redis, in order.
 *
 * What is committed in one tick, and what is committed while {@link maxUnderWay} groups are under way, is sent as one group: one script call
 * carries out all of it (see `commit-script.ts`). So the groups grow with the load, and a commit of an idle handle waits for nothing.
 *
 * A group holds commits that may need memory, or commits that free some, never both: Redis lets a script that has written before write beyond
 * its bound, and refuses all of one that begins with what needs memory. Of a refused group those that only look are sent again.
 *
 * A commit waits until there is room, is sent with its group, and is answered. If the connection ends, the groups that were sent and write
 * are in doubt: they stay, and are sent again as they are, in their order, on the next connection, where the script knows which of them it has
 * carried out. Commits that were never sent are refused, as is every new one while there is no connection. If
 * Redis has forgotten the script, nothing more is sent until all under way is answered; then the groups it met are sent again, the first with
 * the source of the script.
 */
import { monotonicMs } from '../../clock/index.js'
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import { commandOf } from './arguments.js'
import type { Connection } from './connection.js'
import { decodeResult, partsOf } from './decode-result.js'
import { encodeCommit, type EncodedCommit, headerOf } from './encode-commit.js'
import { maxUnderWay, noteSeconds, notesKept } from './layout.js'
import { LinkLost, RedisRefusal, type Link } from './link.js'

interface Waiting {
  readonly commit: Commit
  readonly encoded: EncodedCommit
  resolve(result: CommitResult): void
  reject(reason: unknown): void
}

interface Group {
  readonly commits: readonly Waiting[]
  readonly isWriting: boolean
  /** Of those that write; 0 for others. */
  readonly number: number
  /** On its way on the link of now. */
  isAwaited: boolean
  /** It was sent on a link that ended before the answer came. */
  isInDoubt: boolean
  /** The time for which Redis keeps the notes begins anew with it. */
  renewsNote: boolean
}

export interface CommitQueueParts {
  readonly connection: () => Connection
  /** Names the handle: random, never used twice. */
  readonly handle: string
  readonly inboxLimit: number
  /** Redis has carried out a commit that writes, or refuses to and says why. */
  readonly onWrite: (refusal: StoreOutage | undefined) => void
}

const limits = {
  /** A group takes no further commits beyond so many, or so many bytes: nobody else is served while Redis is at it. */
  group: 64,
  groupBytes: 256 * 1024,
  /** What may wait. */
  waiting: 10_000,
  waitingBytes: 128 * 1024 * 1024,
}

export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #waiting: Waiting[] = []
  readonly #sent: Group[] = []
  #waitingBytes = 0
  #link: Link | undefined
  #lastNumber = 0
  #renewedAt = -Infinity
  #isScheduled = false
  /** Redis has refused to write: until it has written again, what only looks goes by itself. */
  #isRefusing = false
  /** Redis has forgotten the script: nothing is sent until what is under way has been answered. */
  #isForgotten = false
  /** A copy of something that was sent may be on its way still, although it is settled. */
  #mayComeLate = false
  #onIdle: (() => void) | undefined

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
  }

  add(commit: Commit): Promise<CommitResult> {
    if (this.#link === undefined) throw this.#parts.connection().outage()
    if (this.#waiting.length >= limits.waiting || this.#waitingBytes >= limits.waitingBytes) {
      throw new StoreOutage('too many commits wait for Redis')
    }
    const encoded = encodeCommit(commit)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, encoded, resolve, reject })
      this.#waitingBytes += encoded.written.bytes.length
      this.#schedule()
    })
  }

  /** A new link: what is in doubt is sent again. */
  resume(link: Link): void {
    if (link !== this.#link) this.#isForgotten = false
    this.#link = link
    this.#renewedAt = -Infinity
    for (const group of this.#sent) this.#transmit(group, link)
    this.#schedule()
  }

  /** The link has ended. */
  suspend(because: string): void {
    this.#link = undefined
    this.#mayComeLate ||= this.#sent.length > 0
    for (const one of this.#waiting.splice(0)) one.reject(new StoreOutage(because))
    this.#waitingBytes = 0
    for (const group of [...this.#sent]) {
      group.isInDoubt ||= group.isAwaited
      group.isAwaited = false
      if (!group.isWriting) this.#refuse(group, () => new StoreOutage(because))
    }
    this.#tellIdle()
  }

  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void> {
    if (this.#waiting.length + this.#sent.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#onIdle = resolve))
  }

  /** Gives up what is not settled. @returns whether the notes of the handle may still be needed */
  abandon(): boolean {
    const isNoteNeeded = this.#mayComeLate || this.#sent.length > 0
    const inDoubt = new StoreOutage('the store was closed before Redis answered: whether the commit was applied is not known')
    for (const one of this.#sent.splice(0).flatMap(({ commits }) => commits)) one.reject(inDoubt)
    for (const one of this.#waiting.splice(0)) one.reject(new StoreOutage('the store was closed before the commit was sent'))
    return isNoteNeeded
  }

  /** Sends at the end of the tick: what else is committed in it goes along. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#sendWaiting()
    })
  }

  #sendWaiting(): void {
    while (this.#link !== undefined && !this.#isForgotten && this.#waiting.length > 0 && this.#hasRoom()) {
      const commits = this.#takeWaiting()
      const isWriting = commits.some(({ encoded }) => encoded.isWriting)
      const number = isWriting ? ++this.#lastNumber : 0
      const group = { commits, isWriting, number, isAwaited: false, isInDoubt: false, renewsNote: false }
      this.#sent.push(group)
      this.#transmit(group, this.#link)
    }
  }

  #hasRoom(): boolean {
    // What is in doubt must not stop what frees memory while Redis refuses to write.
    if (this.#sent.filter(({ isInDoubt }) => !isInDoubt).length >= maxUnderWay) return false
    // The note of the oldest must not be overwritten before it is settled.
    const oldest = this.#sent.find(({ isWriting }) => isWriting)
    return oldest === undefined || this.#lastNumber + 1 - oldest.number < notesKept
  }

  #takeWaiting(): Waiting[] {
    let [count, bytes] = [0, 0]
    const kinds = new Set<Kind>()
    for (const { encoded } of this.#waiting) {
      if (count === limits.group || (count > 0 && bytes + encoded.written.bytes.length > limits.groupBytes)) break
      kinds.add(kindOf(encoded))
      if (!this.#mayGoTogether(kinds)) break
      bytes += encoded.written.bytes.length
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #mayGoTogether(kinds: ReadonlySet<Kind>): boolean {
    return kinds.size === 1 || (!this.#isRefusing && kinds.has('looks') && kinds.size === 2)
  }

  #transmit(group: Group, link: Link): void {
    const { handle, inboxLimit, connection } = this.#parts
    const { number, isInDoubt, isWriting } = group
    const { hash, source } = connection().scriptOf('commit')
    const [name, script] = this.#isForgotten ? ['eval', source] : ['evalsha', hash]
    this.#isForgotten = false
    const commits = group.commits.map(({ encoded }) => encoded)
    group.renewsNote = isWriting && monotonicMs() - this.#renewedAt >= (noteSeconds * 1_000) / 24
    const header = headerOf(commits, { inboxLimit, isInDoubt, renewsNote: group.renewsNote })
    const first = [name, script, '0', header, handle, String(number), String(number % notesKept)]
    const command = commandOf(
      first,
      commits.map(({ written }) => written),
    )
    group.isAwaited = true
    link.sendWritten(name, command).then(
      (answer) => {
        this.#answered(group, answer as Buffer)
      },
      (error: unknown) => {
        this.#failed(group, error, link)
      },
    )
  }

  #answered(group: Group, answer: Buffer): void {
    this.#settle(group, () => {
      const parts = partsOf(answer)
      group.commits.forEach((one, place) => {
        this.#tell(one, group, parts?.[place])
      })
    })
  }

  /** @param part what the script tells of the commit; undefined if it has been overtaken */
  #tell({ commit, encoded, resolve, reject }: Waiting, { renewsNote }: Group, part: Buffer | undefined): void {
    try {
      const result = decodeResult(part, commit)
      if (result.kind === 'committed' && encoded.isWriting) {
        this.#isRefusing = false
        if (renewsNote) this.#renewedAt = monotonicMs()
        this.#parts.onWrite(undefined)
      }
      resolve(result)
    } catch (error) {
      reject(error)
    }
  }

  #failed(group: Group, error: unknown, link: Link): void {
    if (error instanceof LinkLost) return // the end of the link has put it in doubt, or will
    group.isAwaited = false
    if (error instanceof RedisRefusal && error.code === 'NOSCRIPT') {
      this.#isForgotten = true
      this.#goOnOnceDrained()
      return
    }
    const told = this.#parts.connection().told(error, link)
    if (told instanceof StoreOutage) this.#parts.onWrite(told)
    // What is in doubt stays so: it is sent again on the next link.
    if (told instanceof StoreOutage && group.isInDoubt) link.end(told.message)
    else {
      this.#isRefusing ||= told instanceof StoreOutage
      this.#refuse(group, () => told, told instanceof StoreOutage && !link.isEnded)
    }
  }

  /** @param looksAgain those of a group that writes which only look are sent again */
  #refuse(group: Group, reason: () => unknown, looksAgain = false): void {
    const again = looksAgain && group.isWriting ? group.commits.filter(({ encoded }) => !encoded.isWriting) : []
    this.#waiting.unshift(...again)
    for (const { encoded } of again) this.#waitingBytes += encoded.written.bytes.length
    this.#settle(group, () => {
      for (const one of group.commits) if (!again.includes(one)) one.reject(reason())
    })
  }

  #settle(group: Group, tell: () => void): void {
    const place = this.#sent.indexOf(group)
    if (place === -1) return // abandoned
    group.isAwaited = false
    this.#sent.splice(place, 1)
    tell()
    this.#goOnOnceDrained()
    this.#schedule()
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#waiting.length + this.#sent.length === 0) this.#onIdle?.()
  }

  #goOnOnceDrained(): void {
    const link = this.#link
    if (this.#isForgotten && link !== undefined && !this.#sent.some(({ isAwaited }) => isAwaited)) this.resume(link)
  }
}

type Kind = 'looks' | 'frees' | 'grows'

function kindOf({ isWriting, isGrowing }: EncodedCommit): Kind {
  if (isGrowing) return 'grows'
  return isWriting ? 'frees' : 'looks'
}
