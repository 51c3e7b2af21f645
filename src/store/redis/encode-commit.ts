import type { Bytes, Commit, Delivery } from '../contract.js'
import { digestLength, digestOf } from './digest.js'
import { noteSeconds } from './layout.js'

/** One argument of a script: text goes out as UTF-8. */
export type Argument = string | Buffer

/** A commit as the script takes it, but for the header, which depends on when it is sent. */
export interface EncodedCommit {
  /** False if it only looks: nothing of it is noted, and it may run twice. */
  readonly isWriting: boolean
  /** Bytes and, roughly, characters of the arguments. */
  readonly size: number
  header(sending: Sending): Buffer
  /** What follows the header, the handle, the number and its place among the notes. */
  readonly rest: readonly Argument[]
}

/** What is settled only when a commit is sent. */
export interface Sending {
  readonly inboxLimit: number
  /** It was sent before, and was not answered. */
  readonly isInDoubt: boolean
  /** The time for which Redis keeps the notes of the handle begins anew. */
  readonly renewsNote: boolean
}

/** Redis ends a connection that sends a command with more arguments or more bytes than it takes (2^20 and 1 GB): we stay far below. */
const maxArguments = 500_000
const maxBytes = 256 * 1024 * 1024

/**
 * Encodes a commit that `requireCommit` has found in order: the counterpart of `commit-script.ts`.
 * @throws RangeError if it holds more than Redis takes at once.
 */
export function encodeCommit(commit: Commit): EncodedCommit {
  const rest: Argument[] = []
  const counts = [
    ...encodeFacts(commit, rest),
    ...encodeDocuments(commit, rest),
    ...encodeInboxes(commit, rest),
    ...encodeDeliveries(commit.deliveries ?? [], rest),
    ...encodeOutbox(commit, rest),
  ]
  const size = sizeOf(rest)
  if (rest.length > maxArguments || size > maxBytes) throw new RangeError('a commit holds more than Redis takes at once')
  const [fences = 0, checks = 0] = counts
  const isWriting = counts.reduce((sum, count) => sum + count, 0) > fences + checks
  return { isWriting, size, rest, header: (sending) => header(sending, isWriting, counts) }
}

function header({ inboxLimit, isInDoubt, renewsNote }: Sending, isWriting: boolean, counts: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + 4 * counts.length)
  bytes.writeUInt32BE(renewsNote ? noteSeconds : 0, 0)
  bytes.writeUInt32BE(inboxLimit, 4)
  bytes[8] = isWriting ? 1 : 0
  bytes[9] = isInDoubt ? 1 : 0
  for (const [place, count] of counts.entries()) bytes.writeUInt32BE(count, headerBytes + 4 * place)
  return bytes
}

const headerBytes = 10

/** Fences and checks. A document that is not there has an empty digest. */
function encodeFacts({ fences = [], checks = [] }: Commit, rest: Argument[]): number[] {
  for (const { client, epoch } of fences) rest.push(client, String(epoch))
  for (const { key, was } of checks) rest.push(key, was === undefined ? '' : digestOf(was))
  return [fences.length, checks.length]
}

/** Appends, puts by what is known of their keys, removals, numbers. */
function encodeDocuments({ checks = [], puts = [], appends = [], numbers = [] }: Commit, rest: Argument[]): number[] {
  for (const { feed, message, isCountable } of appends) rest.push(feed, isCountable ? '1' : '0', withDigest(message))
  const isThere = new Map(checks.map(({ key, was }) => [key, was !== undefined]))
  const [fresh, known, unknown, messages]: [Argument[], Argument[], Argument[], Argument[]] = [[], [], [], []]
  const removed: Argument[] = []
  for (const [key, value] of new Map(puts.map((put) => [put.key, put.value]))) {
    if (value === undefined) {
      removed.push(key)
      continue
    }
    const found = isThere.get(key)
    const puts = found === true ? known : messageName.test(key) ? messages : found === false ? fresh : unknown
    puts.push(key, withDigest(value))
  }
  for (const some of [fresh, known, unknown, messages, removed]) for (const argument of some) rest.push(argument)
  for (const { key, append } of numbers) rest.push(key, String(append + 1))
  return [appends.length, fresh.length / 2, known.length / 2, unknown.length / 2, messages.length / 2, removed.length, numbers.length]
}

const messageName = /^message\/[1-9]\d*$/

/** Inboxes cleared, inboxes opened, settlements. */
function encodeInboxes({ clearInboxes = [], opens = [], settlements = [] }: Commit, rest: Argument[]): number[] {
  for (const client of clearInboxes) rest.push(client)
  for (const { client, holder } of opens) rest.push(client, holder)
  for (const { client, settledTo, releasedTo, epoch } of settlements) {
    rest.push(client, String(settledTo), String(releasedTo), epoch === undefined ? '' : String(epoch))
  }
  return [clearInboxes.length, opens.length, settlements.length]
}

/**
 * Topics and bodies, each once, a block of 18 bytes a delivery, their clients. A block: quality of service (1), places of topic and body
 * (4 each, from 1), whether the message is an append of the commit (1), its place (from 1) or its id (8, double; 0 for none).
 */
function encodeDeliveries(deliveries: readonly Delivery[], rest: Argument[]): number[] {
  if (deliveries.length === 0) return [0, 0]
  const texts: Argument[] = []
  const places = new Map<string | Bytes, number>()
  const placeOf = (text: string | Bytes): number => {
    let place = places.get(text)
    if (place === undefined) {
      place = texts.push(typeof text === 'string' ? text : bufferOf(text))
      places.set(text, place)
    }
    return place
  }
  const blocks = Buffer.allocUnsafe(18 * deliveries.length)
  for (const [place, { topic, qos, body, message }] of deliveries.entries()) {
    const at = 18 * place
    const isAppend = message !== undefined && 'append' in message
    blocks[at] = qos
    blocks.writeUInt32BE(placeOf(topic), at + 1)
    blocks.writeUInt32BE(placeOf(body.byteLength === 0 ? '' : body), at + 5)
    blocks[at + 9] = isAppend ? 1 : 0
    blocks.writeDoubleBE(message === undefined ? 0 : 'append' in message ? message.append + 1 : message.id, at + 10)
  }
  for (const argument of texts) rest.push(argument)
  rest.push(blocks)
  for (const { client } of deliveries) rest.push(client)
  return [texts.length, deliveries.length]
}

/** Outbox entries done, outbox entries added. */
function encodeOutbox({ outboxDone = [], outbox = [] }: Commit, rest: Argument[]): number[] {
  for (const id of outboxDone) rest.push(id)
  for (const { id, job } of outbox) rest.push(id, bufferOf(job))
  return [outboxDone.length, outbox.length]
}

function withDigest(bytes: Bytes): Buffer {
  const value = Buffer.allocUnsafe(digestLength + bytes.byteLength)
  value.write(digestOf(bytes), 'latin1')
  value.set(bytes, digestLength)
  return value
}

function bufferOf(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function sizeOf(rest: readonly Argument[]): number {
  return rest.reduce((sum, argument) => sum + argument.length, 0)
}
