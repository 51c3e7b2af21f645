import type { Duplex } from 'node:stream'
import { pubrel, publishFor, publishToOne, type PublishTemplate } from '../packets/publish-packet.js'
import type { SocketWriter } from '../packets/socket-writer.js'

export interface PumpStart {
  readonly settledTo: number
  readonly releasedTo: number
  /** Entries up to here have been sent before and are repeated with DUP. */
  readonly sentTo: number
}

/** Entries of an inbox, ascending. Numbers after `after` up to `through` that are not among them are empty places; `last` is the newest there is. */
export interface PumpPage {
  readonly after: number
  readonly through: number
  readonly last: number
  readonly entries: readonly PumpPageEntry[]
}

/** What a number of an inbox stands for: something to send, or something of this QoS that may have been sent before and is not sent any more. */
export type PumpPageEntry =
  | { readonly kind: 'publish'; readonly number: number; readonly template: PublishTemplate }
  | { readonly kind: 'empty'; readonly number: number; readonly qos: 1 | 2 }

/** What all pumps share: limits, the writer, and whom to tell. `owner` is what a pump was made for. */
export interface PumpWorld<Owner> {
  readonly writer: SocketWriter
  readonly windowSize: number
  /** Entries held in memory beyond the window, and their bytes; what is more stays in the inbox. */
  readonly queueLimit: number
  readonly queueBytes: number
  /** Bytes of answers that may wait before the connection is closed. What is asked has been held back long before. */
  readonly answerBytes: number
  /** Bytes written to a socket that it has not sent, beyond which nothing more is written. */
  readonly maxBufferedBytes: number
  readonly drainTimeoutMs: number
  readonly requestPage: (owner: Owner, after: number) => void
  readonly settle: (owner: Owner, settledTo: number, releasedTo: number) => void
  readonly onStuck: (owner: Owner, because: string) => void
  readonly onSent: () => void
  /** So much is kept in memory for `owner`: what is unread, and of a packet that is not whole. */
  readonly onKept: (owner: Owner, bytes: number) => void
}

interface Entry {
  /** 0 for an answer. */
  readonly number: number
  /** Undefined where only PUBREL is left to send. */
  readonly template: PublishTemplate | undefined
}

/** An inbox entry that has just been committed. */
interface Arrived {
  readonly number: number
  readonly template: PublishTemplate
}

interface Owed {
  /** Of a run of empty places, the last. */
  readonly number: number
  isReceived: boolean
  isSettled: boolean
}

interface AwaitedRelease {
  readonly number: number
  readonly resolve: () => void
}

const inboxPacketIds = 0x8000
const firstAnswerId = inboxPacketIds + 1
export const lastAnswerId = 0xbfff
/** Taken entries at the front of a list are cut off once there are so many. */
const cutAt = 1_024

/** With the window, fewer than there are packet ids for answers. */
const beyondWindowMax = 8_192

/** The packet id of an inbox entry. */
export function packetIdOf(number: number): number {
  return ((number - 1) % inboxPacketIds) + 1
}

/**
 * Delivery to one connected device, in order.
 *
 * Two kinds of entries pass through one queue: *inbox entries* (numbered, durable, owed until acknowledged) and *answers* (number 0, for this
 * connection only). At most `windowSize` are unacknowledged, or more where their acknowledgements cannot be read before more is sent. The pump is *closed* until the inbox has been opened (answers of the connect
 * sequence pass); *caught up* while every number arrives next after the one before; *behind* when a number is missing or the queue is full:
 * then it asks for a page of the inbox and goes on from there.
 *
 * *Empty places* are numbers for which nothing is sent: they are not in the page that covers them, or the page says so. They count as
 * acknowledged in their place. One of QoS 2 that may have been sent before is released by PUBREL, for the device may hold its packet id and would
 * take the next message under it for a repetition.
 *
 * Acknowledgements move two marks: `releasedTo` (PUBREC came: from now on PUBREL is repeated, never PUBLISH; stored before PUBREL is sent)
 * and `settledTo` (PUBACK or PUBCOMP came: the entry may be forgotten). Both only move over a gapless run of entries.
 *
 * Packet ids: 1 to 32,768 follow from the entry's number, so that a retransmission has the same id without a further table; 32,769 to
 * 49,151 are for answers; the rest is left to Aedes for topics of plain MQTT use.
 */
export class Pump<Owner> {
  readonly #world: PumpWorld<Owner>
  readonly #owner: Owner
  readonly #socket: Duplex
  /** Lists are made when first needed: most devices are idle most of the time. */
  #queue: Entry[] | undefined
  #queueHead = 0
  /** Committed while a page was on its way, ascending. */
  #early: Arrived[] | undefined
  /** Numbers of what was sent and is not acknowledged, by packet id. */
  #inFlight: Map<number, number> | undefined
  /** Inbox entries not yet settled, ascending. */
  #owed: Owed[] | undefined
  #owedHead = 0
  #awaitedReleases: AwaitedRelease[] | undefined
  #isOpen = false
  #isClosed = false
  #isPaging = false
  #isCongested = false
  /** Number of the inbox entry that comes next. */
  #next = 0
  /** Newest number known to exist. */
  #newest = 0
  #settledTo = 0
  #releasedTo = 0
  #storedReleasedTo = 0
  #sentBefore = 0
  #sentTo = 0
  /** So many more than the window may be unacknowledged now. */
  #beyondWindow = 0
  #queuedBytes = 0
  /** Those of them that are answers. */
  #answerBytes = 0
  // Anywhere among them: a device that was cut between PUBREC and PUBREL of an answer holds its id, and would take another answer under it
  // for the same one.
  #nextAnswerId = firstAnswerId + Math.floor(Math.random() * (lastAnswerId - firstAnswerId + 1))
  #drainTimer: NodeJS.Timeout | undefined
  #onDrain: (() => void) | undefined

  constructor(world: PumpWorld<Owner>, owner: Owner, socket: Duplex) {
    this.#world = world
    this.#owner = owner
    this.#socket = socket
  }

  /** Nothing is queued, unacknowledged or asked for. */
  get isIdle(): boolean {
    return this.#queued() === 0 && (this.#inFlight?.size ?? 0) === 0 && !this.#isPaging
  }

  /** Bytes of answers that wait, and of all that the socket has not sent. */
  get unreadBytes(): number {
    return this.#answerBytes + this.#world.writer.waitingBytes(this.#socket)
  }

  /** The socket takes more. */
  get isFlushed(): boolean {
    return this.#world.writer.waitingBytes(this.#socket) < this.#socket.writableHighWaterMark
  }

  /** Sends one more than the window allows: acknowledgements cannot be read before more is sent. */
  sendOneMore(): void {
    if (this.#beyondWindow < beyondWindowMax) this.#beyondWindow++
    this.#advance()
  }

  noteKept(bytes: number): void {
    this.#world.onKept(this.#owner, this.unreadBytes + bytes)
  }

  /** An inbox entry that has just been committed. */
  deliver(number: number, template: PublishTemplate): void {
    this.#newest = Math.max(this.#newest, number)
    if (this.#isPaging) {
      // It follows the page, most likely: else what is missing is asked for.
      this.#early ??= []
      if (this.#hasRoom(this.#early.length)) {
        this.#early.push({ number, template })
        this.#queuedBytes += template.bytes.length
      }
      return
    }
    if (!this.#isOpen || number !== this.#next || !this.#hasRoom(this.#queued())) {
      if (this.#isOpen && number > this.#next && this.#queued() === 0) this.#askForPage()
      return
    }
    this.#take(number, template)
    this.#advance()
  }

  /** An answer that is in no inbox, or a QoS 0 push; the latter is dropped while the socket is full. */
  answer(template: PublishTemplate): void {
    if (this.#isClosed || (template.qos === 0 && (this.#isCongested || this.#answerBytes > this.#world.maxBufferedBytes))) return
    this.#answerBytes += template.bytes.length
    this.#queuedBytes += template.bytes.length
    if (this.#answerBytes > this.#world.answerBytes) {
      this.#world.onStuck(this.#owner, 'too many answers are left unread')
      return
    }
    ;(this.#queue ??= []).push({ number: 0, template })
    this.#advance()
    this.noteKept(0)
  }

  /** The inbox may follow. */
  open({ settledTo, releasedTo, sentTo }: PumpStart): void {
    this.#settledTo = settledTo
    this.#releasedTo = this.#storedReleasedTo = releasedTo
    this.#sentBefore = this.#sentTo = sentTo
    this.#next = settledTo + 1
    this.#isOpen = true
    this.#askForPage()
  }

  /** Entries of the inbox that were asked for. */
  page({ after, through, last, entries }: PumpPage): void {
    this.#isPaging = false
    if (this.#isClosed || !this.#isOpen || after !== this.#next - 1) return
    for (const entry of entries) {
      this.#passOver(entry.number - 1)
      if (entry.kind === 'publish') this.#take(entry.number, entry.template)
      else if (entry.qos === 2 && entry.number <= Math.max(this.#releasedTo, this.#sentBefore)) this.#takeRelease(entry.number)
      else this.#passOver(entry.number)
    }
    this.#passOver(through)
    this.#newest = Math.max(this.#newest, last)
    this.#takeEarly()
    this.#moveMarks()
    this.#advance()
  }

  /** What has come while the page was on its way: as far as it follows. */
  #takeEarly(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const { template } of early) this.#queuedBytes -= template.bytes.length
    for (const { number, template } of early) {
      if (number > this.#next || !this.#hasRoom(this.#queued())) return
      if (number === this.#next) this.#take(number, template)
    }
  }

  /** PUBACK or PUBCOMP. @returns false if the packet id is none of ours */
  acknowledged(packetId: number): boolean {
    const number = this.#inFlight?.get(packetId)
    if (number === undefined) return packetId <= lastAnswerId
    this.#inFlight?.delete(packetId)
    if ((this.#inFlight?.size ?? 0) < this.#world.windowSize) this.#beyondWindow = 0
    if (number > 0) {
      const entry = this.#findOwed(number)
      if (entry !== undefined) entry.isSettled = true
      this.#moveMarks()
    }
    this.#advance()
    return true
  }

  /** PUBREC. Resolves when PUBREL may be sent; undefined if the packet id is none of ours. */
  received(packetId: number): Promise<void> | undefined {
    const number = this.#inFlight?.get(packetId)
    if (number === undefined) return packetId <= lastAnswerId ? Promise.resolve() : undefined
    if (number === 0) return Promise.resolve()
    const entry = this.#findOwed(number)
    if (entry !== undefined) entry.isReceived = true
    return this.#storeRelease(number)
  }

  /** Resolves when a crash cannot bring PUBLISH back after PUBREL. */
  #storeRelease(number: number): Promise<void> {
    if (number <= this.#storedReleasedTo) return Promise.resolve()
    return new Promise((resolve) => {
      ;(this.#awaitedReleases ??= []).push({ number, resolve })
      this.#moveMarks()
    })
  }

  /** `releasedTo` is stored. */
  released(releasedTo: number): void {
    this.#storedReleasedTo = Math.max(this.#storedReleasedTo, releasedTo)
    const awaited = this.#awaitedReleases
    while (awaited?.[0] !== undefined && awaited[0].number <= this.#storedReleasedTo) awaited.shift()?.resolve()
  }

  /**
   * Something may have been missed (a keep-alive, news of another process): looks at the inbox again, tells the marks again. A page that is on its
   * way comes, unless its worker has died.
   */
  refresh(hasWorkerDied = false): void {
    if (!this.#isOpen || this.#isClosed) return
    this.#world.settle(this.#owner, this.#settledTo, this.#releasedTo)
    if (this.#isPaging && !hasWorkerDied) return
    this.#isPaging = false
    if (this.#queued() === 0) this.#askForPage()
    else this.#newest = Math.max(this.#newest, this.#next)
  }

  /** @returns number of the last entry sent here or before, for DUP at the next connection */
  close(): number {
    this.#isClosed = true
    this.#queue = this.#early = undefined
    this.#queueHead = this.#queuedBytes = this.#answerBytes = 0
    clearTimeout(this.#drainTimer)
    if (this.#onDrain !== undefined) this.#socket.removeListener('drain', this.#onDrain)
    return this.#sentTo
  }

  #queued(): number {
    return (this.#queue?.length ?? 0) - this.#queueHead
  }

  /** @param entries how many are where one more is to go */
  #hasRoom(entries: number): boolean {
    return entries < this.#world.queueLimit && this.#queuedBytes < this.#world.queueBytes
  }

  /** What comes next, unless it has to wait for the acknowledgement of what was sent under its packet id. */
  #dequeue(): Entry | undefined {
    const entry = this.#queue?.[this.#queueHead]
    if (entry === undefined || (entry.number > 0 && this.#inFlight?.has(packetIdOf(entry.number)) === true)) return undefined
    this.#queueHead++
    if (this.#queueHead === this.#queue?.length) {
      this.#queue = undefined
      this.#queueHead = 0
    } else if (this.#queueHead > cutAt) {
      this.#queue?.splice(0, this.#queueHead)
      this.#queueHead = 0
    }
    return entry
  }

  #advance(): void {
    while (!this.#isCongested && !this.#isClosed && (this.#inFlight?.size ?? 0) < this.#world.windowSize + this.#beyondWindow) {
      const entry = this.#dequeue()
      if (entry === undefined) break
      this.#send(entry)
    }
    if (this.#isOpen && !this.#isPaging && this.#queued() === 0 && this.#newest >= this.#next) this.#askForPage()
  }

  #send(entry: Entry): void {
    const { number, template } = entry
    const { writer, onSent, maxBufferedBytes } = this.#world
    if (template === undefined) {
      this.#sendRelease(entry)
      return
    }
    this.#queuedBytes -= template.bytes.length
    if (number === 0) this.#answerBytes -= template.bytes.length
    if (template.qos === 0) {
      writer.write(this.#socket, publishFor(template, 0, false))
    } else {
      const packetId = number === 0 ? this.#answerId() : packetIdOf(number)
      ;(this.#inFlight ??= new Map()).set(packetId, number)
      this.#sentTo = Math.max(this.#sentTo, number)
      writer.write(this.#socket, number === 0 ? publishToOne(template, packetId) : this.#packetOf(number, template))
    }
    onSent()
    if (writer.waitingBytes(this.#socket) > maxBufferedBytes) this.#becomeCongested()
  }

  #packetOf(number: number, template: PublishTemplate): Buffer {
    const packetId = packetIdOf(number)
    return number <= this.#releasedTo ? pubrel(packetId) : publishFor(template, packetId, number <= this.#sentBefore)
  }

  #sendRelease(entry: Entry): void {
    const packetId = packetIdOf(entry.number)
    ;(this.#inFlight ??= new Map()).set(packetId, entry.number)
    const send = (): void => {
      if (!this.#isClosed) this.#world.writer.write(this.#socket, pubrel(packetId))
    }
    if (entry.number <= this.#storedReleasedTo) send()
    else void this.#storeRelease(entry.number).then(send)
  }

  #answerId(): number {
    for (;;) {
      const id = this.#nextAnswerId
      this.#nextAnswerId = id === lastAnswerId ? firstAnswerId : id + 1
      // The window is smaller than the range: a free one is always found.
      if (this.#inFlight?.has(id) !== true) return id
    }
  }

  #becomeCongested(): void {
    if (this.#isCongested) return
    this.#isCongested = true
    this.#onDrain = () => {
      this.#isCongested = false
      clearTimeout(this.#drainTimer)
      this.#advance()
    }
    this.#socket.once('drain', this.#onDrain)
    this.#drainTimer = setTimeout(() => {
      this.#world.onStuck(this.#owner, 'the device has not read for too long')
    }, this.#world.drainTimeoutMs)
    this.#drainTimer.unref()
  }

  #askForPage(): void {
    this.#isPaging = true
    this.#world.requestPage(this.#owner, this.#next - 1)
  }

  #take(number: number, template: PublishTemplate): void {
    this.#queuedBytes += template.bytes.length
    ;(this.#owed ??= []).push({ number, isReceived: number <= this.#releasedTo, isSettled: false })
    ;(this.#queue ??= []).push({ number, template })
    this.#next = number + 1
    this.#newest = Math.max(this.#newest, number)
  }

  #takeRelease(number: number): void {
    ;(this.#owed ??= []).push({ number, isReceived: true, isSettled: false })
    ;(this.#queue ??= []).push({ number, template: undefined })
    this.#next = number + 1
  }

  /** The numbers that come next, up to `through`, are empty places. */
  #passOver(through: number): void {
    if (through < this.#next) return
    ;(this.#owed ??= []).push({ number: through, isReceived: true, isSettled: true })
    this.#next = through + 1
  }

  #findOwed(number: number): Owed | undefined {
    const owed = this.#owed ?? []
    for (let i = this.#owedHead; i < owed.length; i++) if (owed[i]?.number === number) return owed[i]
    return undefined
  }

  /** Moves both marks over the gapless run of finished entries, and tells the store if they moved. */
  #moveMarks(): void {
    const before = this.#settledTo + this.#releasedTo
    const owed = this.#owed ?? []
    while (owed[this.#owedHead]?.isSettled === true) {
      this.#settledTo = owed[this.#owedHead]?.number ?? this.#settledTo
      this.#owedHead++
    }
    let released = Math.max(this.#releasedTo, this.#settledTo)
    for (let i = this.#owedHead; i < owed.length; i++) {
      const entry = owed[i]
      if (entry === undefined || !(entry.isReceived || entry.isSettled)) break
      released = Math.max(released, entry.number)
    }
    this.#releasedTo = released
    if (this.#owedHead === owed.length) {
      this.#owed = undefined
      this.#owedHead = 0
    } else if (this.#owedHead > cutAt) {
      owed.splice(0, this.#owedHead)
      this.#owedHead = 0
    }
    if (this.#settledTo + this.#releasedTo !== before) this.#world.settle(this.#owner, this.#settledTo, this.#releasedTo)
  }
}
