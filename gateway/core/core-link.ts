import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Origin, Places } from '../../broker/index.js'
import type { Delivered } from '../../cadmium/index.js'
import type { AcceptedClient, CloseReason, Link, Parcel, Wire } from '../../delivery/index.js'
import { decodePush } from '../../protocol/index.js'

/** RFC 6455, 7.4.1, and those of the contract. @see docs/protocol/core.md 1 */
export const closeCodes = { stopping: 1001, policy: 1008, fault: 1011, followed: 4001, loggedOut: 4002 } as const

const codeOf: Readonly<Record<CloseReason, number>> = {
  undecided: closeCodes.fault,
  full: closeCodes.policy,
  followed: closeCodes.followed,
  logout: closeCodes.loggedOut,
  unread: closeCodes.policy,
  draining: closeCodes.stopping,
  failed: closeCodes.fault,
}

/** A delivery as this door lays it out: a record that is read once, however many are told of it in their own words. */
export interface CoreParcel extends Parcel {
  readonly topic: string
  /** Undefined for what is no record. */
  readonly delivered: Delivered | undefined
}

export const coreWire: Wire = {
  layOut(topic, qos, payload): CoreParcel {
    let read: Delivered | undefined | null = null
    const readOnce = (): Delivered | undefined => {
      const decoded = decodePush(Buffer.from(payload), 'v11')
      return decoded.kind === 'record' ? { topic, record: decoded.record } : undefined
    }
    return {
      ...{ topic, qos, size: payload.length },
      get delivered() {
        if (read === null) read = readOnce()
        return read
      },
    }
  },
}

/** How long a peer may take to close after it has been told to. */
const lingerMs = 1_000

/** What the links of the door share. */
export interface CoreLinks {
  readonly places: Places
  /** What has been written to in this tick, and is held back until its end. */
  readonly written: Set<Socket>
  /** Something has been held back: it is sent soon. */
  readonly laterFlush: () => void
}

/** What a link tells the session whose it is. */
export interface LinkEvents {
  /** @returns whether there was something to push */
  readonly push: (parcel: CoreParcel, number: number) => boolean
  readonly hear: (parcel: CoreParcel) => void
  /** Resolves when nothing is under way that waits for an answer. */
  readonly whenAnswered: () => Promise<void>
  /** Of what has been received and is not begun. */
  readonly keptBytes: () => number
}

/** One WebSocket of this door. */
export class CoreLink implements Link {
  readonly wire = coreWire
  readonly origin: Origin
  readonly #socket: WebSocket
  readonly #below: Socket
  readonly #shared: CoreLinks
  readonly #closers: (() => void)[] = []
  #events: LinkEvents | undefined

  /** @param below what the WebSocket lies on */
  constructor(socket: WebSocket, below: Socket, origin: Origin, shared: CoreLinks) {
    this.#socket = socket
    this.#below = below
    this.origin = origin
    this.#shared = shared
    socket.once('close', () => {
      for (const tell of this.#closers.splice(0)) tell()
    })
  }

  set events(events: LinkEvents) {
    this.#events = events
  }

  get keptBytes(): number {
    return this.#events?.keptBytes() ?? 0
  }

  get waitingBytes(): number {
    return this.#below.writableLength
  }

  get isFlushed(): boolean {
    return this.waitingBytes < this.#below.writableHighWaterMark
  }

  /** A WebSocket has no word for it: who closes may be back at once. */
  get hasSaidGoodbye(): boolean {
    return false
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  /** Writes one message; all of a tick leave together. */
  write(text: string): void {
    if (!this.isOpen) return
    const { written, laterFlush } = this.#shared
    if (!written.has(this.#below)) {
      if (written.size === 0) laterFlush()
      written.add(this.#below)
      this.#below.cork()
    }
    this.#socket.send(text)
  }

  ping(data?: Buffer): void {
    if (this.isOpen) this.#socket.ping(data)
  }

  send(parcel: CoreParcel, number: number): boolean {
    return this.#events?.push(parcel, number) ?? false
  }

  /** Nothing is sent at QoS 2: all up to a number is acknowledged. */
  release(): void {}

  hears(parcel: CoreParcel): void {
    this.#events?.hear(parcel)
  }

  /** What is unread holds back what is read, in the session. */
  answered(): void {}

  takePlace(client: AcceptedClient): boolean {
    const { place } = this.origin
    return !place.isOver && (client !== 'device' || this.#shared.places.move(place, 'proven'))
  }

  onceDrained(tell: () => void): () => void {
    this.#below.once('drain', tell)
    return () => {
      this.#below.removeListener('drain', tell)
    }
  }

  onceClosed(tell: () => void): void {
    this.#closers.push(tell)
  }

  async end(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return
    const closed = new Promise<void>((resolve) => {
      this.onceClosed(resolve)
    })
    this.closeWith(closeCodes.stopping)
    const patience = new Promise<void>((resolve) => setTimeout(resolve, lingerMs).unref())
    await Promise.race([closed, patience])
    this.#socket.terminate()
  }

  /** Who has logged out is told so first: his session may be over before his request is done. */
  close(because: CloseReason): void {
    if (because === 'logout') void this.#closeAnswered()
    else this.closeWith(codeOf[because])
  }

  async #closeAnswered(): Promise<void> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, lingerMs).unref())
    await Promise.race([this.#events?.whenAnswered(), patience])
    this.closeWith(closeCodes.loggedOut)
  }

  /** What was written arrives before it; who does not answer is cut off. */
  closeWith(code: number): void {
    if (this.#socket.readyState >= this.#socket.CLOSING) return
    this.#socket.close(code)
    // What it still sends is passed over, but its answer to the close is read.
    this.#socket.resume()
    setTimeout(() => {
      this.#socket.terminate()
    }, lingerMs).unref()
  }
}
