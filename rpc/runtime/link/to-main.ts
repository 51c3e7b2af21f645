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
import type { Encoded, FrameToMain, InboxPage, InboxPageEntry } from './messages-to-main.js'
import { readVerdict, type Verdict, writeVerdict } from './verdict.js'

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
