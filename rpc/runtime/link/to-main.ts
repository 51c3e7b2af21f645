import type { DroppedEntries } from '../../../store/contract.js'
import type { Task } from '../outbox/task.js'
import {
  hasMore,
  readBytes,
  readNumber,
  readFrame,
  readText,
  readU16,
  readU32,
  readU8,
  writeBytes,
  writeNumber,
  writeText,
  writeU16,
  writeU32,
  writeU8,
  type FrameReader,
  type FrameWriter,
} from './frame.js'
import { readVerdict, type Verdict, writeVerdict } from './verdict.js'

/** One payload in one variant (see variant.ts). */
export interface Encoded {
  readonly variant: number
  readonly payload: Uint8Array
}

/** A number of an inbox: what is to be sent, or that nothing is sent any more of what once stood there. */
export type InboxPageEntry =
  | { readonly kind: 'publish'; readonly number: number; readonly topic: string; readonly qos: 1 | 2; readonly payload: Uint8Array }
  | { readonly kind: 'empty'; readonly number: number; readonly qos: 1 | 2 }

/** Entries of an inbox, ascending. What is missing between `after` and `through` is not there any more; `last` is the newest number there is. */
export interface InboxPage {
  readonly after: number
  readonly through: number
  readonly last: number
  readonly entries: readonly InboxPageEntry[]
}

export type FrameToMain =
  /** The request is committed, or needed no commit: acknowledge it. */
  | { readonly kind: 'done'; readonly request: number; readonly verdict: Verdict }
  /** Entries added to inboxes, by client and number, for devices that are connected. */
  | {
      readonly kind: 'deliver'
      readonly topic: string
      readonly qos: 1 | 2
      readonly encoded: readonly Encoded[]
      readonly clients: readonly string[]
      readonly numbers: readonly number[]
    }
  /** An answer for one connection that is in no inbox. */
  | { readonly kind: 'answer'; readonly connection: number; readonly topic: string; readonly qos: 0 | 1 | 2; readonly payload: Uint8Array }
  /** For whoever of these phones is connected now. */
  | {
      readonly kind: 'live'
      readonly topic: string
      readonly exceptClient: string
      readonly encoded: readonly Encoded[]
      readonly phones: readonly string[]
    }
  | { readonly kind: 'settled'; readonly client: string; readonly releasedTo: number }
  /** The inbox of a client has been opened elsewhere: connections with an older epoch are over. */
  | { readonly kind: 'evict'; readonly client: string; readonly epoch: number }
  /** Whoever is connected as this client is to be disconnected, once it has read what it was sent. */
  | { readonly kind: 'close'; readonly client: string; readonly because: string }
  /** The account filed under `phone` is called `number` from now on. */
  | { readonly kind: 'renumber'; readonly phone: string; readonly number: string }
  | { readonly kind: 'page'; readonly connection: number; readonly page: InboxPage }

export interface InboxStart {
  readonly last: number
  readonly settledTo: number
  readonly releasedTo: number
  /** Entries up to here may have been sent, as far as the store knows. */
  readonly sentTo: number
}

export type ConnectResult =
  /** `delayMs`: so long it is kept back; 0 for not at all. */
  | { readonly kind: 'refused'; readonly returnCode: 2 | 4; readonly because: string; readonly delayMs: number }
  /** The store did not answer in time, or there was a fault of ours: nothing is said of the client. */
  | { readonly kind: 'undecided'; readonly because: string }
  | {
      readonly kind: 'accepted'
      readonly client: 'device' | 'registration' | 'anonymous' | 'service'
      /** What the account of a device is filed under; empty for others. */
      readonly phone: string
      /** The number of the account as of now; empty for others. */
      readonly number: string
      readonly variant: number
      /** Where the inbox of a device stands; absent for others. */
      readonly inbox: InboxStart | null
      readonly isSessionPresent: boolean
      /** In a cluster, the epoch of its inbox; 0 elsewhere. */
      readonly epoch: number
      /** Somebody held the inbox until this connection opened it. */
      readonly wasHeld: boolean
    }

/**
 * One line of the workers' counts: requests by record and outcome, conflicts, groups of commits planned again, commit times in seconds, what became of push notifications, and
 * what waits in the outbox now.
 */
export type Counted =
  | { readonly name: 'request'; readonly record: string; readonly outcome: string; readonly count: number }
  | { readonly name: 'conflict' | 'replan' | 'fault'; readonly count: number }
  | ({ readonly name: 'dropped' } & DroppedEntries)
  | { readonly name: 'commit'; readonly seconds: readonly number[] }
  | { readonly name: 'push'; readonly provider: string; readonly outcome: string; readonly count: number }
  | { readonly name: 'outbox'; readonly jobs: number; readonly notices: number; readonly ageMs: number }

/** What became of a frame of `/ws`: an answer, to a device of the account that is filed under `account`; another node serves its device; or its connection has to be closed. */
export type TransferResult =
  | { readonly kind: 'answer'; readonly payload: Uint8Array; readonly account: string }
  | { readonly kind: 'elsewhere'; readonly node: number }
  | { readonly kind: 'close'; readonly because: 'malformed' | 'not_authorized' | 'internal' }

/** What a worker may run out of. */
export type WorkerResource = 'disk' | 'store' | 'memory' | 'files' | 'object-storage' | 'outbox'

export type ControlToMain =
  | { readonly kind: 'ready' }
  | { readonly kind: 'connect-result'; readonly connection: number; readonly result: ConnectResult }
  /** Everything owed at connect is on its way: the inbox may follow. */
  | { readonly kind: 'open-inbox'; readonly connection: number }
  /** The end of a connection has been dealt with: its departure is stored, whoever had to know has been told. */
  | { readonly kind: 'left'; readonly connection: number }
  | { readonly kind: 'subscribe-result'; readonly connection: number; readonly request: number; readonly isAllowed: boolean }
  | { readonly kind: 'close'; readonly client: string; readonly because: string }
  /** The client is connected elsewhere: this connection of it is over. */
  | { readonly kind: 'followed'; readonly connection: number }
  /** What the worker has run out of, and why; `because` is null once there is enough of it again. */
  | { readonly kind: 'exhausted'; readonly resource: WorkerResource; readonly because: string | null }
  | { readonly kind: 'perform'; readonly id: string; readonly job: Task; readonly connection: number }
  | { readonly kind: 'transfer-result'; readonly exchange: number; readonly result: TransferResult }
  /** What the worker has counted since it last told. */
  | { readonly kind: 'counted'; readonly counts: readonly Counted[] }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly fields: Readonly<Record<string, unknown>>
      readonly text: string
    }
  | { readonly kind: 'stopped' }

const opDone = 1
const opDeliver = 2
const opAnswer = 3
const opLive = 4
const opSettled = 5
const opPage = 6
const opEvict = 7
const opClose = 8
const opRenumber = 9

export function writeDone(frame: FrameWriter, request: number, verdict: Verdict): void {
  writeU8(frame, opDone)
  writeU32(frame, request)
  writeVerdict(frame, verdict)
}

function writeEncoded(frame: FrameWriter, encoded: readonly Encoded[]): void {
  writeU8(frame, encoded.length)
  for (const { variant, payload } of encoded) {
    writeU8(frame, variant)
    writeBytes(frame, payload)
  }
}

function readEncoded(frame: FrameReader): Encoded[] {
  const encoded: Encoded[] = []
  for (let left = readU8(frame); left > 0; left--) encoded.push({ variant: readU8(frame), payload: readBytes(frame) })
  return encoded
}

export function writeDeliver(
  frame: FrameWriter,
  message: { topic: string; qos: 1 | 2; encoded: readonly Encoded[]; clients: readonly string[]; numbers: readonly number[] },
): void {
  writeU8(frame, opDeliver)
  writeText(frame, message.topic)
  writeU8(frame, message.qos)
  writeEncoded(frame, message.encoded)
  writeU32(frame, message.clients.length)
  message.clients.forEach((client, i) => {
    writeText(frame, client)
    writeNumber(frame, message.numbers[i] ?? 0)
  })
}

export function writeAnswer(frame: FrameWriter, message: { connection: number; topic: string; qos: 0 | 1 | 2; payload: Uint8Array }): void {
  writeU8(frame, opAnswer)
  writeU32(frame, message.connection)
  writeText(frame, message.topic)
  writeU8(frame, message.qos)
  writeBytes(frame, message.payload)
}

export function writeLive(
  frame: FrameWriter,
  message: { topic: string; exceptClient: string; encoded: readonly Encoded[]; phones: readonly string[] },
): void {
  writeU8(frame, opLive)
  writeText(frame, message.topic)
  writeText(frame, message.exceptClient)
  writeEncoded(frame, message.encoded)
  writeU32(frame, message.phones.length)
  for (const phone of message.phones) writeText(frame, phone)
}

export function writeSettled(frame: FrameWriter, client: string, releasedTo: number): void {
  writeU8(frame, opSettled)
  writeText(frame, client)
  writeNumber(frame, releasedTo)
}

export function writeEvict(frame: FrameWriter, client: string, epoch: number): void {
  writeU8(frame, opEvict)
  writeText(frame, client)
  writeNumber(frame, epoch)
}

export function writeClose(frame: FrameWriter, client: string, because: string): void {
  writeU8(frame, opClose)
  writeText(frame, client)
  writeText(frame, because)
}

export function writeRenumber(frame: FrameWriter, phone: string, number: string): void {
  writeU8(frame, opRenumber)
  writeText(frame, phone)
  writeText(frame, number)
}

export function writeInboxPage(frame: FrameWriter, connection: number, { after, through, last, entries }: InboxPage): void {
  writeU8(frame, opPage)
  writeU32(frame, connection)
  writeNumber(frame, after)
  writeNumber(frame, through)
  writeNumber(frame, last)
  writeU16(frame, entries.length)
  for (const entry of entries) {
    writeNumber(frame, entry.number)
    writeU8(frame, entry.qos)
    writeU8(frame, entry.kind === 'publish' ? 1 : 0)
    if (entry.kind === 'empty') continue
    writeText(frame, entry.topic)
    writeBytes(frame, entry.payload)
  }
}

function readDeliver(frame: FrameReader): FrameToMain {
  const topic = readText(frame)
  const qos = readU8(frame) as 1 | 2
  const encoded = readEncoded(frame)
  const count = readU32(frame)
  const clients: string[] = []
  const numbers: number[] = []
  for (let i = 0; i < count; i++) {
    clients.push(readText(frame))
    numbers.push(readNumber(frame))
  }
  return { kind: 'deliver', topic, qos, encoded, clients, numbers }
}

function readLive(frame: FrameReader): FrameToMain {
  const topic = readText(frame)
  const exceptClient = readText(frame)
  const encoded = readEncoded(frame)
  const phones: string[] = []
  for (let left = readU32(frame); left > 0; left--) phones.push(readText(frame))
  return { kind: 'live', topic, exceptClient, encoded, phones }
}

function readInboxPage(frame: FrameReader): FrameToMain {
  const connection = readU32(frame)
  const [after, through, last] = [readNumber(frame), readNumber(frame), readNumber(frame)]
  const entries: InboxPageEntry[] = []
  for (let left = readU16(frame); left > 0; left--) {
    const number = readNumber(frame)
    const qos = readU8(frame) as 1 | 2
    const isEmpty = readU8(frame) === 0
    entries.push(
      isEmpty ? { kind: 'empty', number, qos } : { kind: 'publish', number, topic: readText(frame), qos, payload: readBytes(frame) },
    )
  }
  return { kind: 'page', connection, page: { after, through, last, entries } }
}

/** The messages of a frame, in order. Payloads are views into it. */
export function messagesToMain(bytes: Uint8Array): Generator<FrameToMain> {
  return messagesIn(readFrame(bytes))
}

/** The messages that are left in a frame, in order. */
export function* messagesIn(frame: FrameReader): Generator<FrameToMain> {
  while (hasMore(frame)) {
    const op = readU8(frame)
    if (op === opDone) yield { kind: 'done', request: readU32(frame), verdict: readVerdict(frame) }
    else if (op === opDeliver) yield readDeliver(frame)
    else if (op === opAnswer) {
      const connection = readU32(frame)
      const topic = readText(frame)
      const qos = readU8(frame) as 0 | 1 | 2
      yield { kind: 'answer', connection, topic, qos, payload: readBytes(frame) }
    } else if (op === opLive) yield readLive(frame)
    else if (op === opSettled) yield { kind: 'settled', client: readText(frame), releasedTo: readNumber(frame) }
    else if (op === opEvict) yield { kind: 'evict', client: readText(frame), epoch: readNumber(frame) }
    else if (op === opClose) yield { kind: 'close', client: readText(frame), because: readText(frame) }
    else if (op === opRenumber) yield { kind: 'renumber', phone: readText(frame), number: readText(frame) }
    else yield readInboxPage(frame)
  }
}
