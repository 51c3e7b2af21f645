import { monotonicMs } from '../../clock/index.js'

/** Somebody who reads a socket. */
export interface Reader {
  /** Whether it has proved who it is: such go first. */
  readonly isKnown: boolean
  /**
   * What it has read, on a scale that stands where whoever reads stands, and goes on for each by what he himself reads: who has read nothing for
   * a while stands a little before all who have. Kept by the turns; 0 at first.
   */
  level: number
  /** It may read on. */
  wake(): void
}

/** To read at all costs as much as so many bytes. */
const readCost = 1_024
/** So many bytes less than whoever reads now has read who has read nothing for a while. */
const credit = 16 * 1_024

/** How long what is read may be worked on in one turn of the event loop, ms. */
const turnMs = 4

/**
 * Who may read his socket in which turn of the event loop. Each reads once in a turn, a little at a time; when the time of a turn is used up,
 * the others wait for the next one, and whoever has read least goes first: one who sends little waits behind few of those who send much, however
 * many they are. Between turns answers are sent, timers run, and news of the workers is taken up, however much is waiting to be read.
 */
export class ReadingTurns {
  readonly #elapsedMs: () => number
  readonly #known = new Set<Reader>()
  readonly #others = new Set<Reader>()
  readonly #hasRead = new Set<Reader>()
  #startedAtMs: number | undefined
  #isScheduled = false
  /** Where whoever has begun to read last stood. */
  #level = 0

  /** @param elapsedMs the monotonic clock; a test's own */
  constructor(elapsedMs: () => number = monotonicMs) {
    this.#elapsedMs = elapsedMs
  }

  /** @returns whether the reader may read now; if not, it is woken when it may */
  begin(reader: Reader): boolean {
    if (this.#hasRead.has(reader) || this.#known.has(reader) || this.#others.has(reader) || !this.#hasTime()) {
      this.later(reader)
      return false
    }
    this.#hasRead.add(reader)
    this.#place(reader)
    this.#level = Math.max(this.#level, reader.level)
    this.#startedAtMs ??= this.#elapsedMs()
    this.#schedule()
    return true
  }

  /** It has read so many bytes. */
  hasRead(reader: Reader, bytes: number): void {
    reader.level += readCost + bytes
  }

  /** Wakes the reader in a later turn. */
  later(reader: Reader): void {
    this.#place(reader)
    ;(reader.isKnown ? this.#known : this.#others).add(reader)
    this.#schedule()
  }

  forget(reader: Reader): void {
    for (const readers of [this.#known, this.#others, this.#hasRead]) readers.delete(reader)
  }

  #place(reader: Reader): void {
    reader.level = Math.max(reader.level, this.#level - credit)
  }

  #hasTime(): boolean {
    return this.#startedAtMs === undefined || this.#elapsedMs() - this.#startedAtMs < turnMs
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#next()
    })
  }

  #next(): void {
    this.#isScheduled = false
    this.#startedAtMs = undefined
    this.#hasRead.clear()
    // One of the others goes first, so that they are served at all however many known ones wait.
    const [known, others] = [leastFirst(this.#known), leastFirst(this.#others)]
    const waiting = [...others.slice(0, 1), ...known, ...others]
    for (const reader of waiting) {
      if (!this.#hasTime()) break
      if (this.#known.delete(reader) || this.#others.delete(reader)) reader.wake()
    }
    if (this.#known.size + this.#others.size > 0) this.#schedule()
  }
}

function leastFirst(readers: ReadonlySet<Reader>): Reader[] {
  return [...readers].sort((one, other) => one.level - other.level)
}
