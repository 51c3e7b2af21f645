/** How much unused time is kept for later. */
const maxCreditMs = 20

/** Holds this process to a share of one core: what it has used too much it waits off, standing still, all of it. */
export class ProcessorShare {
  readonly #share: number
  readonly #cell = new Int32Array(new SharedArrayBuffer(4))
  #usedMs = usedMs()
  #countedAt = performance.now()
  /** Processor time it may use, ms; negative: it has used more. */
  #creditMs = 0

  /** @param share of one core, 0 to 1 */
  constructor(share: number) {
    this.#share = share
  }

  /** What was used before does not count. */
  begin(): void {
    this.#usedMs = usedMs()
    this.#countedAt = performance.now()
    this.#creditMs = 0
  }

  /** Blocks the thread until the process is within its share; to be called often. */
  hold(): void {
    this.#count()
    if (this.#creditMs >= 0) return
    Atomics.wait(this.#cell, 0, 0, -this.#creditMs / this.#share)
    this.#count()
  }

  #count(): void {
    const [used, now] = [usedMs(), performance.now()]
    this.#creditMs = Math.min(maxCreditMs, this.#creditMs + (now - this.#countedAt) * this.#share - (used - this.#usedMs))
    this.#usedMs = used
    this.#countedAt = now
  }
}

function usedMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
