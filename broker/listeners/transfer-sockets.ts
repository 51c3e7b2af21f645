import { WebSocket } from 'ws'
import type { ControlToMain, Ring } from '../../rpc/index.js'
import type { DeliveryLog } from '../../delivery/index.js'
import type { MessengerCounts } from '../broker-state.js'
import type { Origin } from '../origin.js'
import type { Place, Places } from './places.js'

export interface TransferSocketsParts {
  readonly ring: () => Ring
  /** Who has a place: one that has shown no token yet has another than one that has. */
  readonly places: Places
  readonly counts: Pick<MessengerCounts, 'denied' | 'openConnections'>
  readonly log: DeliveryLog
  /** A socket that asks nothing, or is not answered, for this long is closed. */
  readonly idleMs: number
}

/** A socket and the frames that wait for the one in front. */
interface Peer {
  readonly socket: WebSocket
  readonly address: string
  readonly place: Place
  readonly frames: Buffer[]
  /** Which node is asked first: the one that served the last frame. */
  node: number
  /** Number of the question that is out; 0 for none. */
  exchange: number
  idle: NodeJS.Timeout
  /** Whose token it has shown. */
  account: string | undefined
}

/** RFC 6455, 7.4.1 */
const closeCodes = { goingAway: 1001, unsupported: 1003, malformed: 1007, policy: 1008, internal: 1011, tryAgain: 1013 } as const
/** Beyond this a peer that does not read its answers is closed; an answer is of a few hundred bytes. */
const maxBufferedBytes = 64 * 1024
const lastExchange = 0xffff_ffff
/** Sockets of one account; each may hold a frame that is not whole yet. */
const perAccount = 32

/**
 * The sockets of the WebSocket endpoint `/ws`. Each frame of a socket is a question to the ring, and its answer a frame; one at a time, in order,
 * and nothing is read of the socket meanwhile. The main thread looks into no frame: which node serves one is for the nodes to say.
 * @see docs/protocol/rpc.md 16
 */
export class TransferSockets {
  readonly #parts: TransferSocketsParts
  readonly #peers = new Set<Peer>()
  readonly #asking = new Map<number, Peer>()
  /** How many sockets have shown a token of an account. */
  readonly #accounts = new Map<string, number>()
  #last = 0
  #isClosing = false

  constructor(parts: TransferSocketsParts) {
    this.#parts = parts
  }

  readonly serve = (socket: WebSocket, origin: Origin): void => {
    // What is wrong with a frame (its size, say) is followed by 'close'.
    socket.on('error', () => undefined)
    if (this.#isClosing) socket.close(closeCodes.tryAgain)
    else if (this.#parts.places.move(origin.place, 'asking')) this.#welcome(socket, origin)
  }

  onResult({ exchange, result }: ControlToMain & { kind: 'transfer-result' }): void {
    const peer = this.#asking.get(exchange)
    if (peer === undefined) return
    this.#asking.delete(exchange)
    peer.exchange = 0
    const [frame] = peer.frames
    if (frame === undefined) return
    if (result.kind === 'elsewhere') {
      this.#ask(peer, frame, result.node)
    } else if (result.kind === 'close') {
      this.#parts.counts.denied(`transfer ${result.because}`)
      this.#end(peer, result.because === 'not_authorized' ? closeCodes.policy : closeCodes[result.because], result.because)
    } else if (!this.#isOf(peer, result.account)) {
      this.#end(peer, closeCodes.policy, 'too many of this account')
    } else if (this.#parts.places.move(peer.place, 'transferring')) {
      // What is answered has shown the token of a device: rpc.md 16.
      peer.frames.shift()
      peer.socket.send(result.payload)
      if (peer.socket.bufferedAmount > maxBufferedBytes) this.#end(peer, closeCodes.policy, 'answers are not read')
      else this.#next(peer)
    }
  }

  /** The worker of a node is gone, and with it what it had been asked. */
  onDeath(node: number): void {
    for (const peer of this.#asking.values()) if (peer.node === node) this.#end(peer, closeCodes.tryAgain, 'try again')
  }

  /** Takes no new connections, closes those that stand. */
  close(): void {
    this.#isClosing = true
    for (const peer of this.#peers) this.#end(peer, closeCodes.goingAway, 'the server stops')
  }

  #welcome(socket: WebSocket, { address, listener, place }: Origin): void {
    const { idleMs, counts, ring } = this.#parts
    const idle = setTimeout(() => {
      this.#end(peer, closeCodes.policy, 'idle')
    }, idleMs)
    const peer: Peer = { socket, address, place, frames: [], node: 1 + (this.#last % ring().size), exchange: 0, idle, account: undefined }
    this.#peers.add(peer)
    counts.openConnections(listener, 1)
    socket.on('message', (frame: Buffer, isBinary: boolean) => {
      if (isBinary) this.#receive(peer, frame)
      else this.#end(peer, closeCodes.unsupported, 'binary frames only')
    })
    socket.once('close', () => {
      clearTimeout(idle)
      this.#peers.delete(peer)
      this.#leaveAccount(peer)
      this.#asking.delete(peer.exchange)
      counts.openConnections(listener, -1)
    })
    socket.resume()
  }

  /** Counts a socket for the account whose token it has shown. @returns false if that has too many */
  #isOf(peer: Peer, account: string): boolean {
    if (peer.account === account) return true
    const count = this.#accounts.get(account) ?? 0
    if (count >= perAccount) return false
    this.#leaveAccount(peer)
    peer.account = account
    this.#accounts.set(account, count + 1)
    return true
  }

  #leaveAccount({ account }: Peer): void {
    if (account === undefined) return
    const left = (this.#accounts.get(account) ?? 0) - 1
    if (left > 0) this.#accounts.set(account, left)
    else this.#accounts.delete(account)
  }

  #receive(peer: Peer, frame: Buffer): void {
    if (peer.socket.readyState !== WebSocket.OPEN) return
    peer.idle.refresh()
    peer.frames.push(frame)
    if (peer.frames.length > 1) return
    peer.socket.pause()
    this.#next(peer)
  }

  #next(peer: Peer): void {
    const [frame] = peer.frames
    if (frame === undefined) peer.socket.resume()
    else this.#ask(peer, frame, peer.node)
  }

  #ask(peer: Peer, frame: Buffer, node: number): void {
    do this.#last = this.#last === lastExchange ? 1 : this.#last + 1
    while (this.#asking.has(this.#last))
    peer.exchange = this.#last
    peer.node = node
    this.#asking.set(peer.exchange, peer)
    this.#parts.ring().control(node, { kind: 'transfer', exchange: peer.exchange, address: peer.address, payload: frame })
  }

  #end(peer: Peer, code: number, because: string): void {
    this.#parts.log.debug({ address: peer.address, because }, 'transfer socket closed')
    peer.frames.length = 0
    this.#asking.delete(peer.exchange)
    peer.socket.close(code, because)
    // Its answer to the close is read, and nothing else; the library cuts off who gives none.
    peer.socket.resume()
  }
}
