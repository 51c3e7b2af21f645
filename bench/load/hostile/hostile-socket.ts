import { connect, type Socket } from 'node:net'
import { createPacketReader } from '../packet-reader.js'
import { publishType, pubrelType } from '../mqtt-packets.js'

export interface HostileSocketOptions {
  readonly port: number
  /** Address of this machine it comes from. */
  readonly from: string
  /** What is written at once, each time it is opened. */
  readonly hello: () => Buffer
  /** `never`: what comes stays in the buffers of the system; `drops`: it is read and thrown away; `acknowledges`: MQTT, deliveries are acknowledged. */
  readonly reads: 'never' | 'drops' | 'acknowledges'
}

/** More than this unsent is not added to: the generator is not what runs out of memory. */
const maxUnsentBytes = 64 * 1024
const lingerMs = 1_000
/** What is read is used within the call, so that all sockets can read into the same bytes. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/** A connection of somebody who does not mind being thrown out: it is opened again when it is used next. */
export class HostileSocket {
  /** Times it was opened. */
  opened = 0
  readonly #options: HostileSocketOptions
  #socket: Socket | undefined

  constructor(options: HostileSocketOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  /** Opens it if need be. @returns whether it takes more now */
  isReady(): boolean {
    const socket = this.#socket ?? this.#open()
    return socket.writableLength < maxUnsentBytes
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes)
  }

  /** Without a word: what was written may or may not arrive. */
  cut(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  /** When what was written has been handed over; the peer has a second to take it. */
  end(): void {
    const socket = this.#socket
    socket?.end()
    socket?.setTimeout(lingerMs, () => socket.destroy())
    this.#socket = undefined
  }

  #open(): Socket {
    const { port, from, hello, reads } = this.#options
    const read = reads === 'acknowledges' ? createPacketReader(acknowledger(this)) : undefined
    const callback = (length: number, bytes: Uint8Array): boolean => {
      read?.(bytes as Buffer, length)
      return true
    }
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true, onread: { buffer: readBuffer, callback } })
    if (reads === 'never') socket.pause()
    socket.on('error', () => undefined) // 'close' says it, too
    socket.once('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
    this.#socket = socket
    this.opened++
    socket.write(hello())
    return socket
  }
}

function acknowledger(to: HostileSocket): (header: number, bytes: Buffer, start: number) => void {
  const answer = (type: number, high: number | undefined, low: number | undefined): void => {
    to.write(Buffer.from([type, 2, high ?? 0, low ?? 0]))
  }
  return (header, bytes, start) => {
    const qos = (header >> 1) & 3
    if (header >> 4 === publishType && qos > 0) {
      const idAt = start + 2 + bytes.readUInt16BE(start)
      answer(qos === 1 ? 0x40 : 0x50, bytes[idAt], bytes[idAt + 1])
    } else if (header >> 4 === pubrelType) answer(0x70, bytes[start], bytes[start + 1])
  }
}
