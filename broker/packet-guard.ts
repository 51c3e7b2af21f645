import type { Duplex } from 'node:stream'

/**
 * Follows the packet boundaries in a byte stream, so that a packet that claims to be too large is refused when its header arrives, not after
 * it has been buffered. @see docs/protocol/topics.md 12; MQTT 3.1.1, 2.2.3
 */
export class PacketGuard {
  readonly #maxPacketBytes: number
  #toSkip = 0
  #isInLength = false
  #length = 0
  #shift = 0

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes
  }

  /** @returns false if a packet is larger than allowed or its length is malformed: the connection must be closed */
  accepts(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.length;) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, chunk.length - at)
        this.#toSkip -= skipped
        at += skipped
      } else if (!this.#acceptsHeaderByte(chunk[at++] ?? 0)) return false
    }
    return true
  }

  #acceptsHeaderByte(byte: number): boolean {
    if (!this.#isInLength) {
      this.#isInLength = true
      this.#length = 0
      this.#shift = 0
      return true
    }
    this.#length |= (byte & 0x7f) << this.#shift
    this.#shift += 7
    if (byte >= 0x80) return this.#shift <= 21
    this.#isInLength = false
    this.#toSkip = this.#length
    return this.#length <= this.#maxPacketBytes
  }
}

interface Guarded extends Duplex {
  [guardOf]: { readonly guard: PacketGuard; readonly onRefusal: (because: string) => void; readonly read: Duplex['read'] }
}

const guardOf = Symbol('packet guard')

/** Aedes reads chunks with `read()`: each passes the guard before its parser may buffer it. A socket whose packet is refused is destroyed. */
export function guardPackets(socket: Duplex, maxPacketBytes: number, onRefusal: (because: string) => void): void {
  const { read } = socket
  Object.assign(socket, { [guardOf]: { guard: new PacketGuard(maxPacketBytes), onRefusal, read }, read: guardedRead })
}

function guardedRead(this: Guarded, size?: number): unknown {
  const { guard, onRefusal, read } = this[guardOf]
  const chunk: unknown = read.call(this, size)
  if (!(chunk instanceof Uint8Array) || guard.accepts(chunk)) return chunk
  onRefusal('packet too large')
  this.destroy()
  return null
}
