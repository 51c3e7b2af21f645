import type { Duplex } from 'node:stream'
import { readAll } from '../read-all.js'
import { countFilters, refusingSuback } from './filter-packets.js'
import { type GateWorld, nothingUnread, type Unread } from './gate-world.js'
import { PacketAssembly } from './packet-assembly.js'
import { packetTypes, readHeader, type PacketHeader } from './packet-header.js'
import { maxBodyBytes, type PeerState } from './packet-limits.js'
import { PublishPace } from './publish-pace.js'
import type { Reader } from './reading-turns.js'
import { Spans } from './spans.js'

/** Filters of one packet, and how many of them cost as much as a packet. */
const filtersMax = 500
const filtersPerPacket = 8
/** What looking at a packet costs that is answered at once, in packets. */
const answeredCosts = 16

/** What becomes of a packet: it passes, and costs as much as so many packets; it stays; it has been answered here; it ends the connection. */
type Verdict = number | 'kept' | 'answered' | 'refused'

/** What is let through in one turn, at most: so many packets, and so many bytes unless one packet alone has more. */
const turnPackets = 64
const turnBytes = 256 * 1024

/** Where what has been read goes: what Aedes parses now, what is put back, and, from `tailAt`, a packet that is not whole. */
interface Sorted {
  readonly passed: Spans
  readonly kept: Spans
  readonly tailAt: number
}

/** Types that tell of what was sent before: they may overtake a publish that waits. */
const overtaking: ReadonlySet<number> = new Set([
  packetTypes.puback,
  packetTypes.pubrec,
  packetTypes.pubrel,
  packetTypes.pubcomp,
  packetTypes.pingreq,
])

/**
 * Stands between a socket and Aedes, which reads it through {@link read}. Only whole packets pass, a few in a turn of the event loop; one that is
 * larger than its type and its sender allow ends the connection when its header arrives, before it is buffered. Nothing passes between CONNECT and
 * its CONNACK. A publish waits while too much that was answered before is unread, or too much is being worked on; acknowledgements and PINGREQ
 * overtake it. What waits lies in the buffer of the socket, which reads no further when that is full.
 */
export class PacketGate implements Reader {
  /** Kept by the turns. */
  level = 0
  readonly #socket: Duplex
  readonly #readSocket: (size?: number) => unknown
  readonly #world: GateWorld
  #state: PeerState = 'silent'
  #assembly: PacketAssembly | undefined
  #unread = nothingUnread
  readonly #pace: PublishPace
  /** How often its reader has read. */
  #reads = 0
  #isOver = false
  #awaitsDrain = false
  /** What the socket holds while nothing has come since something was put back. */
  #keptBytes: number | undefined
  /** Of what was put back, the bytes at the front that hold nothing that may overtake. */
  #searchedBytes = 0

  /** @param readSocket reads the socket itself */
  constructor(socket: Duplex, readSocket: (size?: number) => unknown, world: GateWorld) {
    this.#socket = socket
    this.#readSocket = readSocket
    this.#world = world
    this.#pace = new PublishPace(world, socket, () => {
      this.wake()
    })
    socket.once('close', () => {
      this.#end()
    })
  }

  get isKnown(): boolean {
    return this.#state === 'known'
  }

  /** Bytes of a packet that is not whole. */
  get keptBytes(): number {
    return this.#assembly?.length ?? 0
  }

  /** CONNACK has been sent. */
  open(isKnown: boolean, unread: Unread): void {
    this.#state = isKnown ? 'known' : 'guest'
    this.#unread = unread
    this.wake()
  }

  /** A publish was answered; what is unread says how much of it is left. */
  answered(bytes: number): void {
    this.#pace.answered(bytes)
  }

  /** A publish that passed has been dealt with. */
  publishEnded(): void {
    this.#pace.ended()
    this.wake()
  }

  /** Reads on if there is something to read: what it may have waited for has changed. */
  wake(): void {
    this.#keptBytes = undefined
    if (!this.#isOver && this.#socket.readableLength > 0) this.#socket.emit('readable')
  }

  /**
   * Makes the reader read if more has come than what was put back. Aedes takes each call for the end of one of the packets it was given last, and
   * reads when all have ended: a publish that waits for its worker would keep it from what may overtake it.
   * @param listener what Aedes does when its socket is readable
   */
  tell(listener: () => void): void {
    if (this.#keptBytes === this.#socket.readableLength) return
    const before = this.#reads
    for (let calls = 0; calls <= turnPackets && this.#reads === before; calls++) listener()
  }

  /** Lets everything through from now on, unseen, to whoever reads the socket. */
  letGo(): void {
    this.#end()
    Reflect.deleteProperty(this.#socket, 'read')
  }

  /** What Aedes may parse now. */
  read(): Buffer | null {
    this.#reads++
    if (this.#isOver || this.#state === 'deciding') return null
    // A stream that was not read to its end does not tell of what comes next.
    if (this.#socket.readableLength === 0) return this.#pass()
    if (!this.#world.turns.begin(this)) return null
    const passed = this.#pass()
    this.#world.turns.hasRead(this, passed?.length ?? 0)
    return passed
  }

  #end(): void {
    this.#isOver = true
    this.#world.turns.forget(this)
    this.#pace.stop()
  }

  /** Reads until something passes or stays, or there is nothing more: a stream that was not read to its end does not tell of what comes next. */
  #pass(): Buffer | null {
    for (;;) {
      const bytes = this.#readOn()
      if (bytes === undefined) return null
      const sorted = this.#sort(bytes)
      if (sorted === undefined) {
        this.#isOver = true
        this.#socket.destroy()
        return null
      }
      const { passed, kept, tailAt } = sorted
      // Nothing else is put back: a packet that comes in many pieces would be copied with each of them.
      if (kept.length > 0) this.#putBack(kept.add(tailAt, bytes.length).of(bytes))
      else if (tailAt < bytes.length) this.#assembly = new PacketAssembly(bytes.subarray(tailAt))
      if (passed.length > 0) return passed.of(bytes)
      if (kept.length > 0) return null
    }
  }

  #putBack(bytes: Buffer): void {
    this.#socket.unshift(bytes)
    this.#keptBytes = this.#socket.readableLength
  }

  /** What the socket has, behind the beginning of a packet that came before; undefined if there is nothing to look at. */
  #readOn(): Buffer | undefined {
    for (;;) {
      const chunk = readAll(this.#socket, this.#readSocket)
      if (chunk === null) return undefined
      if (this.#assembly === undefined) return chunk
      const bytes = this.#assembly.add(chunk)
      if (bytes === undefined) {
        this.#unread.noteKept(this.#assembly.length)
        continue
      }
      this.#assembly = undefined
      return bytes
    }
  }

  /** @returns undefined if a packet may not come */
  #sort(bytes: Buffer): Sorted | undefined {
    const [passed, kept, searchedTo] = [new Spans(), new Spans(), this.#searchedBytes]
    this.#searchedBytes = 0
    let isShut = false
    for (let at = 0, packets = 0; ;) {
      if (isShut && at < searchedTo) {
        kept.add(at, searchedTo)
        at = searchedTo
      }
      const packet = this.#packetAt(bytes, at)
      if (packet === 'refused') return undefined
      if (packet === 'partial') {
        if (isShut) this.#searchedBytes = kept.length
        return { passed, kept, tailAt: at }
      }
      const { header, end } = packet
      if (isTurnFull(packets, passed.length + end - at)) {
        this.#world.turns.later(this)
        return { passed, kept: kept.add(at, bytes.length), tailAt: bytes.length }
      }
      const verdict: Verdict = isShut ? overtakes(header) : this.#judge(header, bytes.subarray(at, end), bytes.length - at)
      if (verdict === 'refused') return undefined
      if (verdict === 'kept') kept.add(at, end)
      else if (verdict !== 'answered') passed.add(at, end)
      isShut ||= verdict === 'kept'
      packets += weightOf(verdict)
      at = end
      if (this.#state === 'deciding') return { passed, kept: kept.add(at, bytes.length), tailAt: bytes.length }
    }
  }

  /** The packet that begins there; `partial` if it is not whole. */
  #packetAt(bytes: Buffer, at: number): { readonly header: PacketHeader; readonly end: number } | 'partial' | 'refused' {
    const header = readHeader(bytes, at)
    if (header === 'partial') return header
    if (header === 'malformed' || !this.#isAllowed(header)) return 'refused'
    const end = at + header.headerBytes + header.bodyBytes
    return end > bytes.length ? 'partial' : { header, end }
  }

  #isAllowed(header: PacketHeader): boolean {
    const most = maxBodyBytes(header, this.#state, this.#world.maxPacketBytes)
    const isAllowed = most !== undefined && header.bodyBytes <= most
    if (!isAllowed) this.#world.onRefused(most === undefined ? 'packet out of place' : 'packet too large')
    return isAllowed
  }

  /** @param leftBytes what has been read, from this packet on */
  #judge(header: PacketHeader, packet: Buffer, leftBytes: number): Verdict {
    switch (header.type) {
      case packetTypes.publish:
        return this.#judgePublish(leftBytes)
      case packetTypes.subscribe:
      case packetTypes.unsubscribe:
        return this.#judgeFilters(header, packet)
      case packetTypes.connect:
        this.#state = 'deciding'
        return 1
      default:
        return 1
    }
  }

  /** Too many filters to be worked on are refused as a whole; for UNSUBSCRIBE MQTT 3.1.1 knows no refusal. */
  #judgeFilters(header: PacketHeader, packet: Buffer): Verdict {
    const count = countFilters(packet, header)
    if (count !== undefined && count <= filtersMax) return 1 + Math.floor(count / filtersPerPacket)
    this.#world.onRefused(count === undefined ? 'malformed filters' : 'too many filters')
    if (count === undefined || header.type === packetTypes.unsubscribe) return 'refused'
    if (!this.#unread.isFlushed) {
      this.#wakeOnDrain()
      return 'kept'
    }
    this.#socket.write(refusingSuback(packet, header, count))
    return 'answered'
  }

  #judgePublish(leftBytes: number): Verdict {
    const may = this.#pace.begin(leftBytes, this.#unread)
    if (may === 'drain') this.#wakeOnDrain()
    return may === 'yes' ? 1 : 'kept'
  }

  #wakeOnDrain(): void {
    if (this.#awaitsDrain) return
    this.#awaitsDrain = true
    this.#socket.once('drain', () => {
      this.#awaitsDrain = false
      this.wake()
    })
  }
}

/** @param bytes what would have passed with one more packet */
function isTurnFull(packets: number, bytes: number): boolean {
  return packets >= turnPackets || (packets > 0 && bytes > turnBytes)
}

function overtakes({ type }: PacketHeader): Verdict {
  return overtaking.has(type) ? 1 : 'kept'
}

function weightOf(verdict: Verdict): number {
  return typeof verdict === 'number' ? verdict : verdict === 'answered' ? answeredCosts : 0
}
