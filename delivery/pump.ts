import { Congestion } from './congestion.js'
import { EarlyEntries } from './early-entries.js'
import type { Parcel } from './link.js'
import { Marks } from './marks.js'
import { OutgoingQueue } from './outgoing.js'
import type { Linked, PumpPage, PumpStart, PumpWorld } from './pump-world.js'
import { Window } from './window.js'

/**
 * Delivery to one connected device, in order.
 *
 * Two kinds of entries pass through one queue: *inbox entries* (numbered, durable, owed until acknowledged) and *answers* (number 0, for this
 * connection only). At most `windowSize` are unacknowledged, or more where their acknowledgements cannot be read before more is sent. The pump is
 * *closed* until the inbox has been opened (answers of the connect sequence pass); *caught up* while every number arrives next after the one
 * before; *behind* when a number is missing or the queue is full: then it asks for a page of the inbox and goes on from there.
 *
 * *Empty places* are numbers for which nothing is sent: they are not in the page that covers them, or the page says so, or the link has nothing to
 * send. They count as acknowledged in their place. One of QoS 2 that may have been sent before is released, for the device may hold its slot and
 * would take the next message under it for a repetition.
 *
 * Acknowledgements move the two marks of the inbox, see {@link Marks}. They name a slot, or all numbers up to one.
 */
export class Pump<Owner extends Linked> {
  readonly #world: PumpWorld<Owner>
  readonly #owner: Owner
  readonly #marks = new Marks()
  readonly #queue = new OutgoingQueue()
  readonly #window: Window
  readonly #early = new EarlyEntries()
  #isOpen = false
  #isClosed = false
  #isPaging = false
  /** Number of the inbox entry that comes next. */
  #next = 0
  /** Newest number known to exist. */
  #newest = 0
  #sentBefore = 0
  #sentTo = 0
  readonly #congestion = new Congestion()

  constructor(world: PumpWorld<Owner>, owner: Owner) {
    this.#world = world
    this.#owner = owner
    this.#window = new Window(world.windowSize)
  }

  /** Nothing is queued, unacknowledged or asked for. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#window.isEmpty && !this.#isPaging
  }

  /** Bytes of answers that wait, and of all that its peer has not taken. */
  get unreadBytes(): number {
    return this.#queue.answerBytes + this.#owner.link.waitingBytes
  }

  /** Its peer takes more. */
  get isFlushed(): boolean {
    return this.#owner.link.isFlushed
  }

  /** Sends one more than the window allows: acknowledgements cannot be read before more is sent. */
  sendOneMore(): void {
    this.#window.widen()
    this.#advance()
  }

  noteKept(bytes: number): void {
    this.#world.onKept(this.#owner, this.unreadBytes + bytes)
  }

  /** An inbox entry that has just been committed. */
  deliver(number: number, parcel: Parcel): void {
    this.#newest = Math.max(this.#newest, number)
    if (this.#isPaging) {
      // What does not follow the page is asked for.
      if (this.#hasRoom(this.#early.length)) this.#early.add(number, parcel)
      return
    }
    if (!this.#isOpen || number !== this.#next || !this.#hasRoom(this.#queue.length)) {
      if (this.#isOpen && number > this.#next && this.#queue.length === 0) this.#askForPage()
      return
    }
    this.#take(number, parcel)
    this.#advance()
  }

  /** An answer that is in no inbox, or a QoS 0 push; the latter is dropped while its peer does not read. */
  answer(parcel: Parcel): void {
    const { maxBufferedBytes, answerBytes, onStuck } = this.#world
    if (this.#isClosed || (parcel.qos === 0 && (this.#congestion.isOn || this.#queue.answerBytes > maxBufferedBytes))) return
    this.#queue.add(0, parcel)
    if (this.#queue.answerBytes > answerBytes) {
      onStuck(this.#owner, 'too many answers are left unread')
      return
    }
    this.#advance()
    this.noteKept(0)
  }

  /** The inbox may follow. */
  open(start: PumpStart): void {
    this.#marks.start(start)
    this.#sentBefore = this.#sentTo = start.sentTo
    this.#next = start.settledTo + 1
    this.#newest = Math.max(this.#newest, start.last ?? 0)
    this.#isOpen = true
    this.#askForPage()
  }

  /** Entries of the inbox that were asked for. */
  page({ after, through, last, entries }: PumpPage): void {
    this.#isPaging = false
    if (this.#isClosed || !this.#isOpen) return
    if (after !== this.#next - 1) {
      // What it begins with has been acknowledged meanwhile: another one is asked for if there is more.
      this.#newest = Math.max(this.#newest, last)
      this.#early.take()
      this.#advance()
      return
    }
    for (const entry of entries) {
      this.#passOver(entry.number - 1)
      if (entry.kind === 'publish') this.#take(entry.number, entry.parcel)
      else if (entry.qos === 2 && entry.number <= Math.max(this.#marks.releasedTo, this.#sentBefore)) this.#takeRelease(entry.number)
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
    for (const { number, parcel } of this.#early.take()) {
      if (number > this.#next || !this.#hasRoom(this.#queue.length)) return
      if (number === this.#next) this.#take(number, parcel)
    }
  }

  /** What was sent under this slot is acknowledged. @returns false if the slot is none of ours */
  acknowledged(slot: number): boolean {
    const number = this.#window.find(slot)
    if (typeof number === 'string') return number === 'ours'
    this.#end(slot, number)
    this.#advance()
    return true
  }

  /** How far the inbox is settled. */
  get settledTo(): number {
    return this.#marks.settledTo
  }

  /** Newest number of the inbox that is known to exist. */
  get newest(): number {
    return Math.max(this.#newest, this.#next - 1)
  }

  /** All inbox entries up to this number are acknowledged, sent on this connection or not. */
  acknowledgedTo(number: number): void {
    for (const [slot, sent] of this.#window.upTo(number)) {
      this.#window.free(slot)
      this.#marks.settle(sent)
    }
    for (const skipped of this.#queue.dropTo(number)) this.#marks.settle(skipped)
    if (this.#isOpen) this.#passOver(Math.min(number, this.newest))
    this.#moveMarks()
    this.#advance()
  }

  #end(slot: number, number: number): void {
    this.#window.free(slot)
    if (number === 0) return
    this.#marks.settle(number)
    this.#moveMarks()
  }

  /** What was sent under this slot is received. Resolves when it may be released; undefined if the slot is none of ours. */
  received(slot: number): Promise<void> | undefined {
    const number = this.#window.find(slot)
    if (number === 'others') return undefined
    if (number === 'ours' || number === 0) return Promise.resolve()
    this.#marks.receive(number)
    return this.#storeRelease(number)
  }

  /** Resolves when a crash cannot bring the message back after its release. */
  #storeRelease(number: number): Promise<void> {
    if (number <= this.#marks.storedReleasedTo) return Promise.resolve()
    const stored = this.#marks.storedRelease(number)
    this.#moveMarks()
    return stored
  }

  /** `releasedTo` is stored. */
  released(releasedTo: number): void {
    this.#marks.stored(releasedTo)
  }

  /**
   * Something may have been missed (a keep-alive, news of another process): looks at the inbox again, tells the marks again. A page that is on its
   * way comes, unless its worker has died.
   */
  refresh(hasWorkerDied = false): void {
    if (!this.#isOpen || this.#isClosed) return
    this.#world.settle(this.#owner, this.#marks.settledTo, this.#marks.releasedTo)
    if (this.#isPaging && !hasWorkerDied) return
    this.#isPaging = false
    if (this.#queue.length === 0) this.#askForPage()
    else this.#newest = Math.max(this.#newest, this.#next)
  }

  /** @returns number of the last entry sent here or before, for the next connection to know what it repeats */
  close(): number {
    this.#isClosed = true
    this.#early.take()
    this.#queue.clear()
    this.#congestion.end()
    return this.#sentTo
  }

  /** @param entries how many are where one more is to go */
  #hasRoom(entries: number): boolean {
    return entries < this.#world.queueLimit && this.#queue.bytes + this.#early.bytes < this.#world.queueBytes
  }

  #advance(): void {
    while (!this.#congestion.isOn && !this.#isClosed && !this.#window.isFull) {
      const entry = this.#queue.first
      // It waits for the acknowledgement of what was sent under its slot.
      if (entry === undefined || this.#window.isTaken(entry.number)) break
      this.#queue.take()
      this.#send(entry.number, entry.parcel)
    }
    if (this.#isOpen && !this.#isPaging && this.#queue.length === 0 && this.#newest >= this.#next) this.#askForPage()
  }

  #send(number: number, parcel: Parcel | undefined): void {
    if (parcel === undefined) {
      this.#sendRelease(number)
      return
    }
    const { link } = this.#owner
    const slot = parcel.qos === 0 ? 0 : this.#window.take(number)
    this.#sentTo = Math.max(this.#sentTo, number)
    if (number > 0 && number <= this.#marks.releasedTo) link.release(slot)
    // For this device there may be nothing to send.
    else if (!link.send(parcel, number, slot, number > 0 && number <= this.#sentBefore)) this.#end(slot, number)
    this.#world.onSent()
    if (link.waitingBytes > this.#world.maxBufferedBytes) this.#becomeCongested()
  }

  #sendRelease(number: number): void {
    const slot = this.#window.take(number)
    const send = (): void => {
      if (!this.#isClosed) this.#owner.link.release(slot)
    }
    if (number <= this.#marks.storedReleasedTo) send()
    else void this.#storeRelease(number).then(send)
  }

  #becomeCongested(): void {
    const { drainTimeoutMs, onStuck } = this.#world
    this.#congestion.begin(
      this.#owner.link,
      drainTimeoutMs,
      () => {
        this.#advance()
      },
      () => {
        onStuck(this.#owner, 'the device has not read for too long')
      },
    )
  }

  #askForPage(): void {
    this.#isPaging = true
    this.#world.requestPage(this.#owner, this.#next - 1)
  }

  #take(number: number, parcel: Parcel): void {
    this.#marks.owe(number)
    this.#queue.add(number, parcel)
    this.#next = number + 1
    this.#newest = Math.max(this.#newest, number)
  }

  #takeRelease(number: number): void {
    this.#marks.owe(number, true)
    this.#queue.add(number, undefined)
    this.#next = number + 1
  }

  /** The numbers that come next, up to `through`, are empty places. */
  #passOver(through: number): void {
    if (through < this.#next) return
    this.#marks.passOver(through)
    this.#next = through + 1
  }

  /** Moves both marks, and tells the store if they moved. */
  #moveMarks(): void {
    if (this.#marks.move()) this.#world.settle(this.#owner, this.#marks.settledTo, this.#marks.releasedTo)
  }
}
