import { connect, type Socket } from 'node:net'
import { createPacketReader } from './packet-reader.js'
import {
  connackType,
  connectPacket,
  disconnectPacket,
  pubackType,
  publishType,
  pubrelType,
  subackType,
  subscribePacket,
  type ConnectOptions,
  type PublishTemplate,
} from './mqtt-packets.js'
import { within } from './within.js'
import { WriteBatch } from './write-batch.js'

/** Topic is `bytes[topicAt..topicEnd)`, payload `bytes[topicEnd + 2..end)` at QoS 1 and 2; valid during the call only. */
export type OnPublish = (bytes: Buffer, topicAt: number, topicEnd: number, payloadAt: number, end: number) => void

export interface OpenOptions extends ConnectOptions {
  readonly port: number
  /** Address it comes from, of this machine; 127.0.0.1 unless given. */
  readonly from?: string
  readonly onPublish?: OnPublish
}

/** Parsing is synchronous and keeps no reference, so all sockets of the process can be read into the same bytes. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024)
const handshakeMs = 30_000

/**
 * One MQTT 3.1.1 client. It acknowledges what it receives by itself, at QoS 1 and 2, and writes once per turn of the event loop.
 * Replace `onPublish` and `onAcknowledged` at any time; both must return quickly.
 */
export class Connection {
  onPublish: OnPublish
  /** A publish of ours was acknowledged; PUBACKs come in the order of publishing. */
  onAcknowledged: () => void = nothing
  onClosed: () => void = nothing
  /** From writing CONNECT to reading CONNACK. */
  connackMs = 0
  readonly #socket: Socket
  readonly #batch: WriteBatch
  #unacknowledged = 0
  #settleAcknowledged: () => void = nothing
  #settleHandshake: (code: number) => void = nothing
  #settleSubscribe: (code: number) => void = nothing

  static async open(options: OpenOptions): Promise<Connection> {
    const connection = new Connection(options)
    try {
      await within(handshakeMs, `CONNECT of ${options.clientId}`, connection.#handshake(options))
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  private constructor(options: OpenOptions) {
    this.onPublish = options.onPublish ?? nothing
    const read = createPacketReader((header, bytes, start, end) => {
      this.#onPacket(header, bytes, start, end)
    })
    const onread = {
      buffer: readBuffer,
      callback: (length: number, bytes: Uint8Array): boolean => {
        read(bytes as Buffer, length)
        return true
      },
    }
    this.#socket = connect({
      port: options.port,
      host: '127.0.0.1',
      ...(options.from === undefined ? {} : { localAddress: options.from }),
      noDelay: true,
      onread,
    })
    this.#socket.on('close', () => {
      this.#settleHandshake(-1)
      this.#settleSubscribe(0xff)
      this.onClosed()
    })
    this.#batch = new WriteBatch(this.#socket)
  }

  publish(template: PublishTemplate, counter = 0): void {
    this.#unacknowledged++
    this.#batch.publish(template, counter)
  }

  /** When everything published so far is acknowledged. */
  async acknowledged(): Promise<void> {
    if (this.#unacknowledged === 0) return
    const acknowledged = new Promise<void>((resolve) => (this.#settleAcknowledged = resolve))
    await within(handshakeMs, 'PUBACK', acknowledged)
  }

  /** One SUBSCRIBE for all of `filters`; returns with its SUBACK. */
  async subscribe(filters: string | readonly string[], qos: 0 | 1 | 2): Promise<void> {
    const granted = new Promise<number>((resolve) => (this.#settleSubscribe = resolve))
    const all = typeof filters === 'string' ? [filters] : filters
    this.#batch.bytes(subscribePacket(1, all, qos))
    const what = `SUBSCRIBE to ${all[0] ?? 'nothing'}${all.length > 1 ? ` and ${all.length - 1} more` : ''}`
    const code = await within(handshakeMs, what, granted)
    if (code > 2) throw new Error(`${what} was refused with ${code}`)
  }

  /** DISCONNECT, then waits for the socket to be gone. */
  async close(): Promise<void> {
    if (this.#socket.closed) return
    const closed = new Promise<void>((resolve) => this.#socket.once('close', resolve))
    this.#batch.flush()
    this.#socket.end(disconnectPacket)
    await within(handshakeMs, 'closing a connection', closed)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #handshake(options: ConnectOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      let written = 0
      this.#settleHandshake = (code) => {
        this.connackMs = performance.now() - written
        this.#settleHandshake = nothing
        if (code === 0) resolve()
        else reject(new Error(code < 0 ? `${options.clientId}: closed before CONNACK` : `${options.clientId}: CONNACK ${code}`))
      }
      this.#socket.on('error', reject)
      this.#socket.once('connect', () => {
        written = performance.now()
        this.#socket.write(connectPacket(options))
      })
    })
  }

  #onPacket(header: number, bytes: Buffer, start: number, end: number): void {
    const type = header >> 4
    if (type === publishType) this.#onPublishPacket(header, bytes, start, end)
    else if (type === pubackType) this.#onPuback()
    else if (type === pubrelType) this.#batch.acknowledge(0x70, bytes[start] ?? 0, bytes[start + 1] ?? 0)
    else if (type === connackType) this.#settleHandshake(bytes[start + 1] ?? 0)
    else if (type === subackType) this.#settleSubscribe(bytes.subarray(start + 2, end).reduce((worst, code) => Math.max(worst, code), 0))
  }

  #onPuback(): void {
    this.#unacknowledged--
    if (this.#unacknowledged === 0) this.#settleAcknowledged()
    this.onAcknowledged()
  }

  #onPublishPacket(header: number, bytes: Buffer, start: number, end: number): void {
    const topicAt = start + 2
    const topicEnd = topicAt + (((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0))
    const qos = (header >> 1) & 3
    if (qos > 0) this.#batch.acknowledge(qos === 1 ? 0x40 : 0x50, bytes[topicEnd] ?? 0, bytes[topicEnd + 1] ?? 0)
    this.onPublish(bytes, topicAt, topicEnd, qos > 0 ? topicEnd + 2 : topicEnd, end)
  }
}

function nothing(): void {
  // no one has asked to be told
}
