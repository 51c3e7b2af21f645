import { WebSocket } from 'ws'
import type { ControlToMain, Ring } from '../rpc/index.js'
import type { MessengerCounts, MessengerLog, Origin } from './broker-state.js'

/** The sockets of the WebSocket endpoint `/ws`. @see docs/protocol/rpc.md 16 */
export interface TransferSockets {
  serve(socket: WebSocket, origin: Origin): void
  onResult(message: ControlToMain & { kind: 'transfer-result' }): void
  /** The worker of a node is gone, and with it what it had been asked. */
  onDeath(node: number): void
  /** Takes no new connections, closes those that stand. */
  close(): void
}

export interface TransferSocketsParts {
  readonly ring: () => Ring
  /** Whether an address may connect now. */
  readonly admits: (address: string) => Promise<boolean>
  readonly counts: Pick<MessengerCounts, 'denied' | 'openConnections'>
  readonly log: MessengerLog
  readonly maxSockets: number
  /** A socket that asks nothing, or is not answered, for this long is closed. */
  readonly idleMs: number
}

/** A socket and the frames that wait for the one in front. */
interface Peer {
  readonly socket: WebSocket
  readonly address: string
  readonly frames: Buffer[]
  /** Which node is asked first: the one that served the last frame. */
  node: number
  /** Number of the question that is out; 0 for none. */
  exchange: number
  idle: NodeJS.Timeout
}

/** RFC 6455, 7.4.1 */
const closeCodes = { goingAway: 1001, unsupported: 1003, malformed: 1007, policy: 1008, internal: 1011, tryAgain: 1013 } as const
/** Beyond this a peer that does not read its answers is closed; an answer is of a few hundred bytes. */
const maxBufferedBytes = 64 * 1024
const lastExchange = 0xffff_ffff

/**
 * Each frame of a socket is a question to the ring, and its answer a frame; one at a time, in order, and nothing is read of the socket meanwhile.
 * The main thread looks into no frame: which node serves one is for the nodes to say.
 */
export function newTransferSockets({ ring, admits, counts, log, maxSockets, idleMs }: TransferSocketsParts): TransferSockets {
  const peers = new Set<Peer>()
  const asking = new Map<number, Peer>()
  let last = 0
  let isClosing = false

  function end(peer: Peer, code: number, because: string): void {
    log.debug({ address: peer.address, because }, 'transfer socket closed')
    peer.frames.length = 0
    asking.delete(peer.exchange)
    peer.socket.close(code, because)
    // Nothing more is read: whoever does not close in turn is cut off by the library's own deadline.
    peer.socket.resume()
  }

  function ask(peer: Peer, frame: Buffer, node: number): void {
    do last = last === lastExchange ? 1 : last + 1
    while (asking.has(last))
    peer.exchange = last
    peer.node = node
    asking.set(last, peer)
    ring().control(node, { kind: 'transfer', exchange: last, payload: frame })
  }

  function next(peer: Peer): void {
    const [frame] = peer.frames
    if (frame === undefined) peer.socket.resume()
    else ask(peer, frame, peer.node)
  }

  function receive(peer: Peer, frame: Buffer): void {
    if (peer.socket.readyState !== WebSocket.OPEN) return
    peer.idle.refresh()
    peer.frames.push(frame)
    if (peer.frames.length > 1) return
    peer.socket.pause()
    next(peer)
  }

  function welcome(socket: WebSocket, { address, listener }: Origin): void {
    const idle = setTimeout(() => {
      end(peer, closeCodes.policy, 'idle')
    }, idleMs)
    const peer: Peer = { socket, address, frames: [], node: 1 + (last % ring().size), exchange: 0, idle }
    peers.add(peer)
    counts.openConnections(listener, 1)
    socket.on('message', (frame: Buffer, isBinary: boolean) => {
      if (isBinary) receive(peer, frame)
      else end(peer, closeCodes.unsupported, 'binary frames only')
    })
    socket.once('close', () => {
      clearTimeout(idle)
      peers.delete(peer)
      asking.delete(peer.exchange)
      counts.openConnections(listener, -1)
    })
    socket.resume()
  }

  return {
    serve(socket, origin) {
      // What is wrong with a frame (its size, say) is followed by 'close'.
      socket.on('error', () => undefined)
      if (isClosing || peers.size >= maxSockets) {
        socket.close(closeCodes.tryAgain)
        return
      }
      socket.pause()
      admits(origin.address).then(
        (isAdmitted) => {
          if (isAdmitted && !isClosing) welcome(socket, origin)
          else socket.terminate()
        },
        () => {
          socket.terminate()
        },
      )
    },
    onResult({ exchange, result }) {
      const peer = asking.get(exchange)
      if (peer === undefined) return
      asking.delete(exchange)
      peer.exchange = 0
      const [frame] = peer.frames
      if (frame === undefined) return
      if (result.kind === 'elsewhere') {
        ask(peer, frame, result.node)
        return
      }
      if (result.kind === 'close') {
        counts.denied(`transfer ${result.because}`)
        end(peer, result.because === 'not_authorized' ? closeCodes.policy : closeCodes[result.because], result.because)
        return
      }
      peer.frames.shift()
      peer.socket.send(result.payload)
      if (peer.socket.bufferedAmount > maxBufferedBytes) end(peer, closeCodes.policy, 'answers are not read')
      else next(peer)
    },
    onDeath(node) {
      for (const peer of asking.values()) if (peer.node === node) end(peer, closeCodes.tryAgain, 'try again')
    },
    close() {
      isClosing = true
      for (const peer of peers) end(peer, closeCodes.goingAway, 'the server stops')
    },
  }
}
