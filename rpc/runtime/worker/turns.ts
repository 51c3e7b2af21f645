import { type Monotonic, monotonicMs } from '../../../clock/index.js'
import { LeastFirst } from './least-first.js'
import type { Share } from './share.js'

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
/** For how long requests are begun in one turn, ms. */
const turnMs = 8
/** What those of one client may come to in one turn, in work, see `share.ts`. */
const batchWork = 8
/** So much less than whoever works now has had who has not worked for a while. */
const credit = batchWork
/** What is expected to come to less than this is begun together, before it is looked whether the turn is over. */
const togetherWork = 2
/** After this, whether what is to be begun would still wait elsewhere is looked at again. */
const heldUpMs = 1

/** How many requests of a client fit into his part of a turn: one at least, of which there is no half. */
export function fittingRequests({ perRequest }: Share): number {
  return Math.max(1, Math.floor(batchWork / perRequest))
}

interface Waiting {
  readonly share: Share
  readonly size: () => number
  readonly begin: () => void
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

  constructor({ elapsed = monotonicMs, isHeldUp = () => false }: Partial<TurnRules>) {
    this.#elapsed = elapsed
    this.#isHeldUp = isHeldUp
  }

  next(share: Share, size: () => number): Promise<void> {
    return new Promise((resolve) => {
      share.level = Math.max(share.level, this.#level - credit)
      // Where he will stand: of those who stand alike, who takes least goes first.
      this.#waiting.add({ share, size, begin: resolve }, share.level + size() * share.perRequest)
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
    const count = this.#beginTogether()
    afterItRests(() => {
      this.#work(taken + count, begunAt)
    })
  }

  /** Begins what is first, and more for as long as all of it is little. @returns how many requests */
  #beginTogether(): number {
    let [all, expected] = [0, 0]
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      const { share, size, begin } = next
      const count = Math.max(1, size())
      const work = count * share.perRequest
      if (all > 0 && (all >= turnLimit || expected + work > togetherWork)) break
      this.#waiting.take()
      this.#level = Math.max(this.#level, share.level)
      all += count
      expected += work
      begin()
    }
    return all
  }
}

/** Once what has been begun waits for something outside of the thread, or has ended: microtasks come before the next tick. */
function afterItRests(goOn: () => void): void {
  queueMicrotask(() => {
    process.nextTick(goOn)
  })
}
