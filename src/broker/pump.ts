import type { Duplex } from 'node:stream'
import { pubrel, publishFor, type PublishTemplate } from './publish-packet.js'
import type { SocketWriter } from './socket-writer.js'

/**
 * Delivery to one connected device, in order.
 *
 * Two kinds of entries pass through one queue: *inbox entries* (numbered, durable, owed until acknowledged) and *answers* (number 0, for this
 * connection only). At most `windowSize` are unacknowledged. The pump is *closed* until the inbox has been opened (answers of the connect
 * sequence pass); *caught up* while every number arrives next after the one before; *behind* when a number is missing or the queue is full:
 * then it asks for a page of the inbox and goes on from there. Numbers may be missing from a page for good: they are passed over.
 *
 * Acknowledgements move two marks: `releasedTo` (PUBREC came: from now on PUBREL is repeated, never PUBLISH; stored before PUBREL is sent)
 * and `settledTo` (PUBACK or PUBCOMP came: the entry may be forgotten). Both only move over a gapless run of entries.
 *
 * Packet ids: 1 to 32,768 follow from the entry's number, so that a retransmission has the same id without a further table; 32,769 to
 * 49,151 are for answers; the rest is left to Aedes for topics of plain MQTT use.
 */
export interface Pump {
  /** An inbox entry that has just been committed. */
  deliver(number: number, template: PublishTemplate): void
  /** An answer that is in no inbox, or a QoS 0 push. */
  answer(template: PublishTemplate): void
  /** The inbox may follow: it stands at `start`. */
  open(start: PumpStart): void
  page(page: PumpPage): void
  /** PUBACK or PUBCOMP. @returns false if the packet id is none of ours */
  acknowledged(packetId: number): boolean
  /** PUBREC. Resolves when PUBREL may be sent; undefined if the packet id is none of ours. */
  received(packetId: number): Promise<void> | undefined
  /** `releasedTo` is stored. */
  released(releasedTo: number): void
  /** Something may have been missed (a keep-alive, a restarted worker): look at the inbox again, tell the marks again. */
  refresh(): void
  close(): PumpEnd
  readonly isIdle: boolean
}

export interface PumpStart {
  readonly settledTo: number
  readonly releasedTo: number
  /** Entries up to here have been sent before and are repeated with DUP. */
  readonly sentTo: number
}

export interface PumpPage {
  readonly after: number
  readonly last: number
  readonly entries: readonly { readonly number: number; readonly template: PublishTemplate }[]
}

export interface PumpEnd {
  /** Number of the last entry sent, for DUP at the next connection. */
  readonly sentTo: number
}

export interface PumpWorld {
  readonly socket: Duplex
  readonly writer: SocketWriter
  readonly windowSize: number
  /** Entries held in memory beyond the window; what is more stays in the inbox. */
  readonly queueLimit: number
  /** Answers a connection may leave unread before it is closed. */
  readonly answerLimit: number
  readonly maxBufferedBytes: number
  readonly drainTimeoutMs: number
  readonly requestPage: (after: number) => void
  readonly settle: (settledTo: number, releasedTo: number) => void
  readonly onStuck: (because: string) => void
  readonly onSent: (qos: 0 | 1 | 2) => void
}

interface Entry {
  /** 0 for an answer. */
  readonly number: number
  readonly template: PublishTemplate
}

interface Sent extends Entry {
  readonly packetId: number
}

interface Owed {
  readonly number: number
  isReceived: boolean
  isSettled: boolean
}

const inboxPacketIds = 0x8000
const firstAnswerId = inboxPacketIds + 1
const lastAnswerId = 0xbfff

export function packetIdOf(number: number): number {
  return ((number - 1) % inboxPacketIds) + 1
}

export function newPump(world: PumpWorld): Pump {
  const { socket, writer } = world
  const queue: Entry[] = []
  let queueHead = 0
  const inFlight = new Map<number, Sent>()
  /** Inbox entries not yet settled, ascending. */
  const owed: Owed[] = []
  let owedHead = 0
  let isOpen = false
  let isClosed = false
  let isPaging = false
  let next = 0
  let newest = 0
  let settledTo = 0
  let releasedTo = 0
  let storedReleasedTo = 0
  let sentBefore = 0
  let sentTo = 0
  let answersQueued = 0
  // Anywhere among them: a device that was cut between PUBREC and PUBREL of an answer holds its id, and would take another answer under it
  // for the same one.
  let nextAnswerId = firstAnswerId + Math.floor(Math.random() * (lastAnswerId - firstAnswerId + 1))
  let isCongested = false
  let drainTimer: NodeJS.Timeout | undefined
  const waitingForRelease: { readonly number: number; readonly resolve: () => void }[] = []

  const queued = (): number => queue.length - queueHead

  function enqueue(entry: Entry): void {
    queue.push(entry)
  }

  function dequeue(): Entry | undefined {
    const entry = queue[queueHead]
    if (entry === undefined) return undefined
    queueHead++
    if (queueHead === queue.length || queueHead > 1024) {
      queue.splice(0, queueHead)
      queueHead = 0
    }
    return entry
  }

  function answerId(): number {
    for (let tries = 0; tries <= lastAnswerId - firstAnswerId; tries++) {
      const id = nextAnswerId
      nextAnswerId = id === lastAnswerId ? firstAnswerId : id + 1
      if (!inFlight.has(id)) return id
    }
    return 0
  }

  function advance(): void {
    while (!isCongested && !isClosed && inFlight.size < world.windowSize) {
      const entry = dequeue()
      if (entry === undefined) break
      send(entry)
    }
    if (isOpen && !isPaging && queued() === 0 && newest >= next) askForPage()
  }

  function send(entry: Entry): void {
    const { number, template } = entry
    if (number === 0) answersQueued--
    if (template.qos > 0) {
      const packetId = number === 0 ? answerId() : packetIdOf(number)
      inFlight.set(packetId, { ...entry, packetId })
      sentTo = Math.max(sentTo, number)
      if (number > 0 && number <= releasedTo) writer.write(socket, pubrel(packetId))
      else writer.write(socket, publishFor(template, packetId, number > 0 && number <= sentBefore))
    } else {
      writer.write(socket, publishFor(template, 0, false))
    }
    world.onSent(template.qos)
    if (socket.writableLength > world.maxBufferedBytes) becomeCongested()
  }

  function becomeCongested(): void {
    if (isCongested) return
    isCongested = true
    socket.once('drain', drained)
    drainTimer = setTimeout(() => {
      world.onStuck('the device has not read for too long')
    }, world.drainTimeoutMs)
    drainTimer.unref()
  }

  function drained(): void {
    isCongested = false
    clearTimeout(drainTimer)
    advance()
  }

  function askForPage(): void {
    isPaging = true
    world.requestPage(next - 1)
  }

  function take(number: number, template: PublishTemplate): void {
    owed.push({ number, isReceived: number <= releasedTo, isSettled: false })
    enqueue({ number, template })
    next = number + 1
    newest = Math.max(newest, number)
  }

  function findOwed(number: number): Owed | undefined {
    for (let i = owedHead; i < owed.length; i++) if (owed[i]?.number === number) return owed[i]
    return undefined
  }

  /** Moves both marks over the gapless run of finished entries, and tells the store if they moved. */
  function moveMarks(): void {
    const before = settledTo + releasedTo
    while (owed[owedHead]?.isSettled === true) {
      settledTo = owed[owedHead]?.number ?? settledTo
      owedHead++
    }
    if (owedHead === owed.length || owedHead > 1024) {
      owed.splice(0, owedHead)
      owedHead = 0
    }
    let released = Math.max(releasedTo, settledTo)
    for (let i = owedHead; i < owed.length; i++) {
      const entry = owed[i]
      if (entry === undefined || !(entry.isReceived || entry.isSettled)) break
      released = Math.max(released, entry.number)
    }
    releasedTo = released
    if (settledTo + releasedTo !== before) world.settle(settledTo, releasedTo)
  }

  return {
    deliver(number, template) {
      newest = Math.max(newest, number)
      if (!isOpen || isPaging || number !== next || queued() >= world.queueLimit) {
        if (isOpen && !isPaging && number > next && queued() === 0) askForPage()
        return
      }
      take(number, template)
      advance()
    },
    answer(template) {
      if (template.qos === 0 && isCongested) return
      if (++answersQueued > world.answerLimit) {
        world.onStuck('too many answers are left unread')
        return
      }
      enqueue({ number: 0, template })
      advance()
    },
    open(start) {
      ;({ settledTo, releasedTo } = start)
      storedReleasedTo = releasedTo
      sentBefore = start.sentTo
      next = settledTo + 1
      isOpen = true
      askForPage()
    },
    page({ after, last, entries }) {
      isPaging = false
      if (isClosed || !isOpen || after !== next - 1) return
      for (const { number, template } of entries) if (number >= next) take(number, template)
      // Numbers up to `last` that were not in the page are gone for good (dropped, or nothing is left to say).
      const isWhole = entries.length === 0 || (entries.at(-1)?.number ?? 0) >= last
      if (isWhole) next = Math.max(next, last + 1)
      newest = Math.max(newest, last)
      advance()
    },
    acknowledged(packetId) {
      const sent = inFlight.get(packetId)
      if (sent === undefined) return packetId <= lastAnswerId
      inFlight.delete(packetId)
      if (sent.number > 0) {
        const entry = findOwed(sent.number)
        if (entry !== undefined) entry.isSettled = true
        moveMarks()
      }
      advance()
      return true
    },
    received(packetId) {
      const sent = inFlight.get(packetId)
      if (sent === undefined) return packetId <= lastAnswerId ? Promise.resolve() : undefined
      if (sent.number === 0 || sent.number <= storedReleasedTo) return Promise.resolve()
      const entry = findOwed(sent.number)
      if (entry !== undefined) entry.isReceived = true
      return new Promise((resolve) => {
        waitingForRelease.push({ number: sent.number, resolve })
        moveMarks()
      })
    },
    released(to) {
      storedReleasedTo = Math.max(storedReleasedTo, to)
      while (waitingForRelease[0] !== undefined && waitingForRelease[0].number <= storedReleasedTo) waitingForRelease.shift()?.resolve()
    },
    refresh() {
      if (!isOpen || isClosed) return
      world.settle(settledTo, releasedTo)
      isPaging = false
      if (queued() === 0) askForPage()
      else newest = Math.max(newest, next)
    },
    close() {
      isClosed = true
      clearTimeout(drainTimer)
      socket.removeListener('drain', drained)
      return { sentTo }
    },
    get isIdle() {
      return queued() === 0 && inFlight.size === 0 && !isPaging
    },
  }
}
