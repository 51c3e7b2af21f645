/** Milliseconds, kept one by one: percentiles are exact. */
export class Latencies {
  #samples = new Float64Array(1 << 16)
  #count = 0

  record(ms: number): void {
    if (this.#count === this.#samples.length) {
      const grown = new Float64Array(2 * this.#count)
      grown.set(this.#samples)
      this.#samples = grown
    }
    this.#samples[this.#count++] = ms
  }

  get count(): number {
    return this.#count
  }

  /** The smallest sample that `share` (0 to 1) of all samples do not exceed; NaN without samples. */
  percentiles(...shares: readonly number[]): number[] {
    const sorted = this.#samples.slice(0, this.#count).sort()
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * this.#count) - 1)] ?? NaN)
  }
}
