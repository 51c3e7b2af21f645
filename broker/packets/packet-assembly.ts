import { readHeader } from './packet-header.js'

/**
 * The beginning of a packet whose end has not come yet. However small the pieces are in which it comes, it takes about as much memory as has
 * come, and each byte is copied a few times at most.
 */
export class PacketAssembly {
  #bytes: Buffer
  #length: number

  constructor(beginning: Uint8Array) {
    this.#bytes = Buffer.from(beginning)
    this.#length = beginning.length
  }

  get length(): number {
    return this.#length
  }

  /** @returns the packet and what came behind it, once it is whole or its header is and was not before; else undefined */
  add(piece: Uint8Array): Buffer | undefined {
    const header = readHeader(this.#bytes.subarray(0, this.#length), 0)
    const length = this.#length + piece.length
    const isToSee = header === 'partial' || header === 'malformed' || header.headerBytes + header.bodyBytes <= length
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(isToSee ? length : Math.max(length, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
    return isToSee ? this.#bytes.subarray(0, length) : undefined
  }
}
