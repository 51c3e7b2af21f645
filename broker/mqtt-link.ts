import type { Duplex } from 'node:stream'
import type { Client as AedesClient, Subscription } from 'aedes'
import type { AcceptedClient, Connection, Link } from '../delivery/index.js'
import type { Origin } from './origin.js'
import type { Places } from './listeners/places.js'
import type { PacketGate } from './packets/packet-gate.js'
import { publishFor, type PublishTemplate, publishToOne, publishWire, pubrel } from './packets/publish-packet.js'
import type { SocketWriter } from './packets/socket-writer.js'

/** How long a client whose connection has been ended may take to end it as well. */
const lingerMs = 1_000

/** What all connections share. */
export interface MqttWorld {
  readonly writer: SocketWriter
  readonly places: Places
}

/** One connection of MQTT 3.1.1: Aedes reads it and acknowledges what it sends; what it is owed is written past Aedes. */
export class MqttLink implements Link {
  readonly wire = publishWire
  readonly aedes: AedesClient
  readonly gate: PacketGate
  readonly origin: Origin
  readonly #world: MqttWorld
  /** Packet ids of QoS 2 publishes between PUBREC and PUBREL. */
  awaitingPubrel: Set<number> | undefined
  /** Filters of plain MQTT use that were granted, by filter. */
  plainFilters: Set<string> | undefined
  /** Those of them that its session does not have yet. */
  readonly unstoredFilters: Subscription[] = []
  /** Set once CONNECT has been read. */
  #connection: Connection | undefined

  constructor(aedes: AedesClient, gate: PacketGate, origin: Origin, world: MqttWorld) {
    this.aedes = aedes
    this.gate = gate
    this.origin = origin
    this.#world = world
  }

  get socket(): Duplex {
    return this.aedes.conn
  }

  get connection(): Connection {
    if (this.#connection === undefined) throw new Error('nothing is asked of a link before its connection is open')
    return this.#connection
  }

  set connection(connection: Connection) {
    this.#connection = connection
  }

  get waitingBytes(): number {
    return this.#world.writer.waitingBytes(this.socket)
  }

  get isFlushed(): boolean {
    return this.waitingBytes < this.socket.writableHighWaterMark
  }

  get keptBytes(): number {
    return this.gate.keptBytes
  }

  /** DISCONNECT was read [MQTT-3.14.4-3]; Aedes notes it, and keeps the will for itself then. */
  get hasSaidGoodbye(): boolean {
    return (this.aedes as AedesClient & { readonly _disconnected?: boolean })._disconnected === true
  }

  send(template: PublishTemplate, number: number, slot: number, isRepeated: boolean): boolean {
    const { writer } = this.#world
    writer.write(this.socket, number === 0 && slot > 0 ? publishToOne(template, slot) : publishFor(template, slot, isRepeated))
    if (template.tail !== undefined) writer.write(this.socket, template.tail)
    return true
  }

  release(slot: number): void {
    this.#world.writer.write(this.socket, pubrel(slot))
  }

  answered(bytes: number): void {
    this.gate.answered(bytes)
  }

  /** Who has proved something takes a place of his own. */
  takePlace(client: AcceptedClient): boolean {
    const { place } = this.origin
    const isIn = !place.isOver && (!isProven(client) || this.#world.places.move(place, 'proven'))
    if (!isIn) this.socket.destroy()
    return isIn
  }

  onceDrained(tell: () => void): () => void {
    this.socket.once('drain', tell)
    return () => {
      this.socket.removeListener('drain', tell)
    }
  }

  onceClosed(tell: () => void): void {
    this.socket.once('close', tell)
  }

  async end(): Promise<void> {
    const { socket } = this
    if (socket.destroyed) return
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve()
      })
    })
    // A connection that is destroyed while something is unread is reset, and takes along what the client has not read yet.
    this.gate.letGo()
    socket.removeAllListeners('readable')
    socket.resume()
    socket.end()
    await Promise.race([closed, pause(lingerMs)])
    socket.destroy()
  }

  /** MQTT 3.1.1 has no words for why. */
  close(): void {
    this.socket.destroy()
  }
}

/** Whether a token or a secret was shown, and is right. */
export function isProven(client: AcceptedClient | undefined): boolean {
  return client === 'device' || client === 'service'
}

/** The link of a connection that came through this door. */
export function mqttLink(connection: Connection | undefined): MqttLink | undefined {
  return connection?.link instanceof MqttLink ? connection.link : undefined
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
