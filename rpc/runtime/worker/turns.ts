import { type Monotonic, monotonicMs } from '../../../clock/index.js'
import { LeastFirst } from './least-first.js'

/** What one client has had of the time of its worker. */
export interface Share {
  /**
   * On a scale that stands where whoever works now stands, and goes on for each client by the time he himself has used, ms: who has not worked for a
   * while stands a little before all who have.
   */
  level: number
  /** What one of its requests takes, about, ms. */
  requestMs: number
}

/** Who works in which turn of the event loop. */
export interface Turns {
  /**
   * Resolves when it is the turn of whoever asks, in a later turn than this one: what comes together with his work is there by then. Whoever has
   * had least goes first: one who asks for much waits behind those who ask for little, however many of him there are, and gets what they leave.
   * @param size how many requests he runs now
   */
  next(share: Share, size: () => number): Promise<void>
}

/**
 * Requests that are begun in one turn of the event loop, or a few more: between turns what has been committed is sent, what has been answered is
 * taken up, so that worker, store and main thread work at the same time and not one after the other.
 */
const turnLimit = 64
/** For how long requests are begun in one turn, and how long those of one client may take, about, ms. */
const turnMs = 8
/** So much less than whoever works now has had who has not worked for a while, ms. */
const creditMs = turnMs
/** What is reckoned with as long as nothing is known of a client. */
const firstRequestMs = 0.5
/** Less than this is not told from nothing. */
const leastRequestMs = 0.02
/** What is expected to take less than this is begun together. */
const togetherMs = 2
/** After this, whether what is to be begun would still wait elsewhere is looked at again. */
const heldUpMs = 1
/** Requests of which one that took longer than all since is remembered, about. */
const memory = 4

export function newShare(): Share {
  return { level: 0, requestMs: firstRequestMs }
}

/** How many requests of a client fit into his time of a turn: one at least, of which there is no half. */
export function fittingRequests({ requestMs }: Share): number {
  return Math.max(1, Math.floor(turnMs / requestMs))
}

interface Waiting {
  readonly share: Share
  readonly size: () => number
  readonly begin: () => void
}

/** What has been begun together and is measured as one; `expectedMs` is what it was to take. */
interface Working {
  readonly at: Monotonic
  readonly begun: { readonly share: Share; readonly count: number }[]
  expectedMs: number
}

/** What turns ask the world. */
export interface TurnRules {
  /** The monotonic clock; a test's own. */
  readonly elapsed: () => Monotonic
  /** What is begun now would wait elsewhere, where nobody is given his turn. */
  readonly isHeldUp: () => boolean
}

/** The turns of one worker. */
export function newTurns(rules: Partial<TurnRules> = {}): Turns {
  return new FairTurns(rules)
}

class FairTurns implements Turns {
  readonly #elapsed: () => Monotonic
  readonly #isHeldUp: () => boolean
  readonly #waiting = new LeastFirst<Waiting>()
  /** Where whoever works now, or worked last, began. */
  #level = 0
  #isScheduled = false
  #working: Working | undefined

  constructor({ elapsed = monotonicMs, isHeldUp = () => false }: Partial<TurnRules>) {
    this.#elapsed = elapsed
    this.#isHeldUp = isHeldUp
  }

  next(share: Share, size: () => number): Promise<void> {
    // What was read or refused is done with before the thread rests, and its client asks for his next turn.
    if (this.#working?.begun.length === 1 && this.#working.begun[0]?.share === share) this.#settle()
    return new Promise((resolve) => {
      share.level = Math.max(share.level, this.#level - creditMs)
      // Where he will stand: of those who stand alike, who takes least goes first.
      this.#waiting.add({ share, size, begin: resolve }, share.level + size() * share.requestMs)
      if (!this.#isScheduled) this.#schedule()
    })
  }

  #schedule(): void {
    this.#isScheduled = true
    setImmediate(() => {
      this.#work(0, this.#elapsed())
    })
  }

  #work(taken: number, begunAt: Monotonic): void {
    const at = this.#elapsed()
    if (this.#isHeldUp()) {
      setTimeout(() => {
        this.#work(0, this.#elapsed())
      }, heldUpMs)
      return
    }
    const isOver = this.#waiting.size === 0 || taken >= turnLimit || (taken > 0 && at - begunAt >= turnMs)
    if (isOver) {
      this.#isScheduled = false
      if (this.#waiting.size > 0) this.#schedule()
      return
    }
    const count = this.#beginTogether(at)
    afterItRests(() => {
      this.#settle()
      this.#work(taken + count, begunAt)
    })
  }

  /** Begins what is first, and more for as long as all of it takes little: measuring each would cost as much as it does. @returns how many requests */
  #beginTogether(at: Monotonic): number {
    const group: Working = { at, begun: [], expectedMs: 0 }
    this.#working = group
    let all = 0
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      const { share, size, begin } = next
      const count = Math.max(1, size())
      const expectedMs = count * share.requestMs
      if (all > 0 && (all >= turnLimit || group.expectedMs + expectedMs > togetherMs)) break
      this.#waiting.take()
      this.#level = Math.max(this.#level, share.level)
      group.begun.push({ share, count })
      group.expectedMs += expectedMs
      all += count
      begin()
    }
    return all
  }

  /** Whoever works now, or rests now, is charged for it. */
  #settle(): void {
    const { at, begun, expectedMs } = this.#working ?? { at: this.#elapsed(), begun: [], expectedMs: 1 }
    // What was measured may be a collection of garbage or another program: it counts for twice of what was known at most.
    const factor = Math.min(2, (this.#elapsed() - at) / expectedMs)
    for (const { share, count } of begun) charge(share, factor * share.requestMs, count)
    this.#working = undefined
  }
}

/** Once what has been begun waits for something outside of the thread, or has ended: microtasks come before the next tick. */
function afterItRests(goOn: () => void): void {
  queueMicrotask(() => {
    process.nextTick(goOn)
  })
}

/** What requests take is learnt at once where it is more, and slowly where it is less. */
function charge(share: Share, each: number, count: number): void {
  share.level += each * count
  share.requestMs = Math.max(each, share.requestMs - (share.requestMs - each) / memory, leastRequestMs)
}
