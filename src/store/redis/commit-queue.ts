/**
 * Commits of one handle on their way to Redis, in order.
 *
 * A commit waits until there is room, is sent, and is answered; up to {@link maxUnderWay} are under way. If the connection ends, those that were sent
 * are in doubt: they stay, and are sent again, in their order, on the next connection, where the script knows which of them it has
 * carried out (see `commit-script.ts`). Those that were never sent are refused, as is every new one while there is no connection. If
 * Redis has forgotten the script, nothing more is sent until all under way is answered; then those it met are sent again, the first with
 * the source of the script.
 */
import type { Commit, CommitResult } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Connection } from './connection.js'
import { decodeResult } from './decode-result.js'
import { encodeCommit, type EncodedCommit } from './encode-commit.js'
import { maxUnderWay, noteSeconds } from './layout.js'
import { LinkLost, RedisRefusal, type Link } from './link.js'

interface Waiting {
  readonly commit: Commit
  readonly encoded: EncodedCommit
  /** Given when it is first sent; 0 if it only looks. */
  number: number
  /** On its way on the link of now. */
  isAwaited: boolean
  /** It was sent on a link that ended before the answer came. */
  isInDoubt: boolean
  resolve(result: CommitResult): void
  reject(reason: unknown): void
}

export interface CommitQueueParts {
  readonly connection: () => Connection
  /** Names the handle: random, never used twice. */
  readonly handle: string
  readonly inboxLimit: number
  /** Redis has carried out a commit that writes, or refuses to and says why. */
  readonly onWrite: (refusal: string | undefined) => void
}

/** What may be under way, and what may wait besides. */
const limits = { underWayBytes: 8 * 1024 * 1024, waiting: 10_000, waitingBytes: 128 * 1024 * 1024 }

export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #waiting: Waiting[] = []
  readonly #sent: Waiting[] = []
  #waitingBytes = 0
  #sentBytes = 0
  #link: Link | undefined
  #lastNumber = 0
  #renewedAt = -Infinity
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
      this.#waiting.push({ commit, encoded, number: 0, isAwaited: false, isInDoubt: false, resolve, reject })
      this.#waitingBytes += encoded.size
      this.#sendWaiting()
    })
  }

  /** A new link: what is in doubt is sent again. */
  resume(link: Link): void {
    if (link !== this.#link) this.#isForgotten = false
    this.#link = link
    this.#renewedAt = -Infinity
    for (const one of this.#sent) this.#transmit(one, link)
    this.#sendWaiting()
  }

  /** The link has ended. */
  suspend(because: string): void {
    this.#link = undefined
    this.#mayComeLate ||= this.#sent.length > 0
    for (const one of this.#waiting.splice(0)) one.reject(new StoreOutage(because))
    this.#waitingBytes = 0
    for (const one of [...this.#sent]) {
      one.isInDoubt ||= one.isAwaited
      one.isAwaited = false
      if (!one.encoded.isWriting) this.#settle(one, () => one.reject(new StoreOutage(because)))
    }
  }

  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void> {
    if (this.#waiting.length + this.#sent.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#onIdle = resolve))
  }

  /** Gives up what is not settled. @returns whether the notes of the handle may still be needed */
  abandon(): boolean {
    const isNoteNeeded = this.#mayComeLate || this.#sent.length > 0
    const outage = new StoreOutage('the store was closed before Redis answered: whether the commit was applied is not known')
    for (const one of [...this.#sent.splice(0), ...this.#waiting.splice(0)]) one.reject(outage)
    return isNoteNeeded
  }

  #sendWaiting(): void {
    while (this.#link !== undefined && !this.#isForgotten && this.#hasRoom()) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#waitingBytes -= next.encoded.size
      if (next.encoded.isWriting) next.number = ++this.#lastNumber
      this.#sent.push(next)
      this.#sentBytes += next.encoded.size
      this.#transmit(next, this.#link)
    }
  }

  #hasRoom(): boolean {
    if (this.#sent.length >= maxUnderWay || this.#sentBytes >= limits.underWayBytes) return false
    // The note of the oldest must not be overwritten before it is settled.
    const oldest = this.#sent[0]?.number ?? 0
    return oldest === 0 || this.#lastNumber + 1 - oldest < maxUnderWay
  }

  #transmit(one: Waiting, link: Link): void {
    const { handle, inboxLimit, connection } = this.#parts
    const { number, isInDoubt, encoded } = one
    const { hash, source } = connection().scriptOf('commit')
    const [command, script] = this.#isForgotten ? ['eval', source] : ['evalsha', hash]
    this.#isForgotten = false
    const header = encoded.header({ inboxLimit, isInDoubt, renewsNote: this.#renewsNote(encoded) })
    one.isAwaited = true
    link.send(command, [script, '0', header, handle, String(number), String(number % maxUnderWay), ...encoded.rest]).then(
      (answer) => {
        this.#answered(one, answer as Buffer)
      },
      (error: unknown) => {
        this.#failed(one, error, link)
      },
    )
  }

  #renewsNote({ isWriting }: EncodedCommit): boolean {
    const now = performance.now()
    if (!isWriting || now - this.#renewedAt < (noteSeconds * 1_000) / 24) return false
    this.#renewedAt = now
    return true
  }

  #answered(one: Waiting, answer: Buffer): void {
    this.#settle(one, () => {
      try {
        const result = decodeResult(answer, one.commit)
        if (result.kind === 'committed' && one.encoded.isWriting) this.#parts.onWrite(undefined)
        one.resolve(result)
      } catch (error) {
        one.reject(error)
      }
    })
  }

  #failed(one: Waiting, error: unknown, link: Link): void {
    if (error instanceof LinkLost) return // the end of the link has put it in doubt, or will
    one.isAwaited = false
    if (error instanceof RedisRefusal && error.code === 'NOSCRIPT') {
      this.#isForgotten = true
      this.#goOnOnceDrained()
      return
    }
    const told = this.#parts.connection().told(error, link)
    if (told instanceof StoreOutage) this.#parts.onWrite(told.message)
    // What is in doubt stays so: it is sent again on the next link.
    if (told instanceof StoreOutage && one.isInDoubt) link.end(told.message)
    else this.#settle(one, () => one.reject(told))
  }

  #settle(one: Waiting, tell: () => void): void {
    const place = this.#sent.indexOf(one)
    if (place === -1) return // abandoned
    one.isAwaited = false
    this.#sent.splice(place, 1)
    this.#sentBytes -= one.encoded.size
    tell()
    this.#goOnOnceDrained()
    this.#sendWaiting()
    if (this.#waiting.length + this.#sent.length === 0) this.#onIdle?.()
  }

  #goOnOnceDrained(): void {
    const link = this.#link
    if (this.#isForgotten && link !== undefined && !this.#sent.some(({ isAwaited }) => isAwaited)) this.resume(link)
  }
}
