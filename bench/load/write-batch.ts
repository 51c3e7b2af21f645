import type { Socket } from 'node:net'
import { writeCounter, type PublishTemplate } from './mqtt-packets.js'

/** What one connection has to say, gathered during a turn of the event loop and written once at its end. */
export class WriteBatch {
  readonly #socket: Socket
  #bytes: Buffer = empty
  #used = 0
  #packetId = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  bytes(packet: Buffer): void {
    packet.copy(this.#reserve(packet.length), this.#used)
    this.#used += packet.length
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(header: number, idHigh: number, idLow: number): void {
    const bytes = this.#reserve(4)
    bytes[this.#used++] = header
    bytes[this.#used++] = 2
    bytes[this.#used++] = idHigh
    bytes[this.#used++] = idLow
  }

  publish(template: PublishTemplate, counter: number): void {
    const { bytes: packet, packetIdAt, counterAt } = template
    const bytes = this.#reserve(packet.length)
    packet.copy(bytes, this.#used)
    this.#packetId = (this.#packetId % 0xffff) + 1
    bytes[this.#used + packetIdAt] = this.#packetId >> 8
    bytes[this.#used + packetIdAt + 1] = this.#packetId & 0xff
    if (counterAt >= 0) writeCounter(bytes, this.#used + counterAt, counter)
    this.#used += packet.length
  }

  flush(): void {
    if (this.#used === 0 || this.#socket.destroyed) return
    this.#socket.write(this.#bytes.subarray(0, this.#used))
    this.#bytes = empty // the socket may still hold it, so it is not written to again
    this.#used = 0
  }

  #reserve(length: number): Buffer {
    if (this.#used === 0) schedule(this)
    if (this.#used + length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(2_048, 2 * (this.#used + length)))
      this.#bytes.copy(grown, 0, 0, this.#used)
      this.#bytes = grown
    }
    return this.#bytes
  }
}

const empty = Buffer.alloc(0)
let waiting: WriteBatch[] = []

function schedule(batch: WriteBatch): void {
  if (waiting.length === 0) setImmediate(flushAll)
  waiting.push(batch)
}

function flushAll(): void {
  const batches = waiting
  waiting = []
  for (const batch of batches) batch.flush()
}
