/** Parts of a buffer, ascending. */
export class Spans {
  readonly #spans: { readonly from: number; to: number }[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  add(from: number, to: number): this {
    const last = this.#spans.at(-1)
    if (last?.to === from) last.to = to
    else if (to > from) this.#spans.push({ from, to })
    this.#length += to - from
    return this
  }

  of(bytes: Buffer): Buffer {
    const parts = this.#spans.map(({ from, to }) => bytes.subarray(from, to))
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, this.#length)
  }
}
