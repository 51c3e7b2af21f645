import type { FastifyInstance } from 'fastify'
import type { Server, Socket } from 'node:net'
import { addressLevel } from '../rpc/index.js'
import { Crowd, networkOf } from '../broker/index.js'
import { type Monotonic, monotonicMs } from '../clock/index.js'

/** How many peers of an HTTP listener there may be, and how patient it is; asked each time. */
export interface HttpRoom {
  /** Connections in all. */
  readonly places: number
  /** Of these, those that are answered at a time, health left out. What is left is for those that ask next. */
  readonly busy: number
  /** Of these, downloads. */
  readonly downloads: number
  /** An answer of which nothing has been taken for this long gives way to others; ms. */
  readonly hardlyReadMs: number
  /** And is cut off after this long; ms. What is taken is seen in chunks of up to 64 KiB. */
  readonly progressMs: number
}

/** Of the listener of whoever runs the server. */
export const adminRoom: HttpRoom = { places: 64, busy: 60, downloads: 0, hardlyReadMs: 10_000, progressMs: 120_000 }

/** Of the connections that fit, this many are for HTTP, within its own bounds. */
const httpShare = 1 / 8
const [fewestPlaces, mostPlaces] = [64, 1_024]

/** @param fits connections that the machine has room for; asked each time */
export function publicRoom(fits: () => number): HttpRoom {
  const places = (): number => Math.min(mostPlaces, Math.max(fewestPlaces, Math.floor(fits() * httpShare)))
  return {
    get places() {
      return places()
    },
    get busy() {
      return Math.floor((places() * 15) / 16)
    },
    get downloads() {
      return Math.floor((places() * 3) / 4)
    },
    hardlyReadMs: 10_000,
    progressMs: 120_000,
  }
}

/** Why a connection was ended. */
export type HttpTurnedAway = 'crowded' | 'unread'

export interface HttpPlacesParts {
  readonly room: HttpRoom
  readonly onTurnedAway: (because: HttpTurnedAway, address: string) => void
  /** The monotonic clock; a test's own */
  readonly elapsed?: () => Monotonic
}

/** A connection to the listener. */
interface Peer {
  readonly socket: Pick<Socket, 'bytesWritten' | 'writableLength' | 'destroy'>
  readonly address: string
  readonly network: string
  /** Answers under way that are no health. */
  answers: number
  downloads: number
  /** What it had taken when it was last looked at, bytes, and since when it has been so much. */
  taken: number
  takenAt: Monotonic
}

/**
 * Who is served by an HTTP listener. Connections that ask nothing give way first, the oldest of the network with most of them; among those
 * that are answered the one that hardly reads, then the oldest of the network with most, to one with fewer. Health is answered whatever else is: it
 * takes no place among the answers, and these leave some to those that come.
 * @see docs/decisions/0197-who-is-served-over-http.md
 */
export class HttpPlaces {
  readonly #room: HttpRoom
  readonly #onTurnedAway: HttpPlacesParts['onTurnedAway']
  readonly #elapsed: () => Monotonic
  readonly #peers = new Map<object, Peer>()
  readonly #idle = new Crowd<Peer>(networkOfPeer)
  readonly #busy = new Crowd<Peer>(networkOfPeer)
  readonly #downloading = new Crowd<Peer>(networkOfPeer)

  constructor({ room, onTurnedAway, elapsed = monotonicMs }: HttpPlacesParts) {
    this.#room = room
    this.#onTurnedAway = onTurnedAway
    this.#elapsed = elapsed
  }

  /** A connection has come. It takes the place of one that asks nothing, if all are taken. @returns false if there is none: it is to be closed */
  enter(socket: Socket): boolean {
    if (this.#peers.size >= this.#room.places) this.#end(this.#idle.oldestOfMost(), 'crowded')
    if (this.#peers.size >= this.#room.places) return false
    const address = addressLevel(socket.remoteAddress ?? '')
    const peer: Peer = { socket, address, network: networkOf(address), answers: 0, downloads: 0, taken: 0, takenAt: this.#elapsed() }
    this.#peers.set(socket, peer)
    this.#idle.add(peer)
    socket.once('close', () => {
      this.#forget(peer)
    })
    return true
  }

  /** Somebody asks for something that is no health. @returns whether it is answered; {@link answered} is to be called then */
  answer(socket: object): boolean {
    const peer = this.#peers.get(socket)
    if (peer === undefined || !this.#hasRoom(this.#busy, this.#room.busy, peer)) return false
    if (peer.answers++ > 0) return true
    peer.taken = takenOf(peer)
    peer.takenAt = this.#elapsed()
    this.#idle.remove(peer)
    this.#busy.add(peer)
    return true
  }

  answered(socket: object): void {
    const peer = this.#peers.get(socket)
    if (peer === undefined || --peer.answers > 0) return
    this.#busy.remove(peer)
    this.#idle.add(peer)
  }

  /** Somebody whose request is being answered is to be sent a file. @returns whether he is; {@link downloaded} is to be called then */
  download(socket: object): boolean {
    const peer = this.#peers.get(socket)
    if (peer === undefined || !this.#hasRoom(this.#downloading, this.#room.downloads, peer)) return false
    peer.downloads++
    this.#downloading.add(peer)
    return true
  }

  downloaded(socket: object): void {
    const peer = this.#peers.get(socket)
    if (peer !== undefined && --peer.downloads === 0) this.#downloading.remove(peer)
  }

  /** Cuts off who does not read; to be called about once a second. */
  sweep(): void {
    const now = this.#elapsed()
    for (const peer of this.#peers.values()) {
      if (peer.answers > 0 && now - this.#look(peer, now) >= this.#room.progressMs) this.#end(peer, 'unread')
    }
  }

  /** Whether one more of a kind fits, perhaps in place of another. */
  #hasRoom(crowd: Crowd<Peer>, places: number, peer: Peer): boolean {
    if (crowd.size < places || crowd.has(peer)) return true
    const giving = this.#hardlyReading(crowd) ?? (crowd.countLike(peer) + 1 < crowd.most ? crowd.oldestOfMost() : undefined)
    this.#end(giving, 'crowded')
    return giving !== undefined
  }

  /** The one of which nothing has been taken for longest, if that is long. */
  #hardlyReading(crowd: Crowd<Peer>): Peer | undefined {
    const now = this.#elapsed()
    let [found, since]: [Peer | undefined, number] = [undefined, now - this.#room.hardlyReadMs]
    for (const peer of this.#peers.values()) {
      if (!crowd.has(peer) || this.#look(peer, now) > since) continue
      found = peer
      since = peer.takenAt
    }
    return found
  }

  /** @returns since when nothing has been taken of what is sent to it */
  #look(peer: Peer, now: Monotonic): Monotonic {
    const taken = takenOf(peer)
    if (taken > peer.taken) {
      peer.taken = taken
      peer.takenAt = now
    }
    return peer.takenAt
  }

  #end(peer: Peer | undefined, because: HttpTurnedAway): void {
    if (peer === undefined) return
    this.#forget(peer)
    this.#onTurnedAway(because, peer.address)
    peer.socket.destroy()
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer.socket)
    for (const crowd of [this.#idle, this.#busy, this.#downloading]) crowd.remove(peer)
  }
}

function networkOfPeer({ network }: Peer): string {
  return network
}

/** Bytes that have left the process. */
function takenOf({ socket }: Peer): number {
  return socket.bytesWritten - socket.writableLength
}

/** What is told to whoever finds no room. */
export const comeBack = { retryAfterSeconds: 5, text: 'try again later\n' } as const

const sweepEveryMs = 1_000
/** What is always answered. */
const health: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Has a server give its places as {@link HttpPlaces} says. @param app one that does not listen yet */
export function keepHttpPlaces(app: FastifyInstance, places: HttpPlaces): void {
  const server: Server = app.server
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (!places.enter(socket)) socket.destroy()
    else for (const listener of listeners) Reflect.apply(listener, server, [socket])
  })
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw
    if (health.has(request.routeOptions.url ?? '')) done()
    else if (places.answer(socket)) {
      reply.raw.once('close', () => {
        places.answered(socket)
      })
      done()
    } else {
      void reply
        .code(503)
        .headers({ 'retry-after': comeBack.retryAfterSeconds, connection: 'close' })
        .type('text/plain')
        .send(comeBack.text)
    }
  })
  const sweeping = setInterval(() => {
    places.sweep()
  }, sweepEveryMs).unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweeping)
    done()
  })
}
