import type { Bytes, Commit, Delivery, Key } from '../contract.js'
import { ArgumentWriter, type WrittenArguments } from './arguments.js'
import { newsKey, newsKeyBytes } from '../news-key.js'
import { entryFlags, noteSeconds } from './layout.js'

/** A commit as the script takes it. */
export interface EncodedCommit {
  /** False if it only looks. */
  readonly isWriting: boolean
  /** It may need memory: Redis refuses it when it has none left. False for what only frees some, or looks. */
  readonly isGrowing: boolean
  /** How much it lists of each kind, in the order of `carry-out.ts`. */
  readonly counts: readonly number[]
  /** What it lists. */
  readonly written: WrittenArguments
}

/** Redis ends a connection that sends a command with more arguments or more bytes than it takes (2^20 and 1 GB): we stay far below. */
const maxArguments = 500_000
const maxBytes = 256 * 1024 * 1024

const writer = new ArgumentWriter()

/**
 * Encodes a commit that `requireCommit` has found in order: the counterpart of `commit-script.ts`.
 * @throws RangeError if it holds more than Redis takes at once.
 */
export function encodeCommit(commit: Commit): EncodedCommit {
  writer.reset()
  const facts = encodeFacts(commit)
  const changes = [
    ...encodeDocuments(commit),
    ...encodeInboxes(commit),
    ...encodeDeliveries(commit.deliveries ?? []),
    ...encodeOutbox(commit),
  ]
  if (writer.count > maxArguments || writer.length > maxBytes) throw new RangeError('a commit holds more than Redis takes at once')
  const { puts = [], appends = [], opens = [], deliveries = [], outbox = [] } = commit
  return {
    isWriting: changes.some((count) => count > 0),
    isGrowing: appends.length + opens.length + deliveries.length + outbox.length > 0 || puts.some(({ value }) => value !== undefined),
    counts: [...facts, ...changes],
    written: writer.take(),
  }
}

/** What is settled only when commits are sent. */
export interface Sending {
  readonly inboxLimit: number
  /** They were sent before, and were not answered. */
  readonly isInDoubt: boolean
  /** The time for which Redis keeps the notes of the handle begins anew. */
  readonly renewsNote: boolean
}

const sendingBytes = 10
/** Bytes of a delivery's block. */
const blockBytes = 36

/** The header of commits that are sent together: how they are sent, then the counts of each. */
export function headerOf(commits: readonly EncodedCommit[], { inboxLimit, isInDoubt, renewsNote }: Sending): Buffer {
  const counts = commits.flatMap((commit) => commit.counts)
  const bytes = Buffer.allocUnsafe(sendingBytes + 4 * counts.length)
  bytes.writeUInt32BE(renewsNote ? noteSeconds : 0, 0)
  bytes.writeUInt32BE(inboxLimit, 4)
  bytes[8] = commits.some(({ isWriting }) => isWriting) ? 1 : 0
  bytes[9] = isInDoubt ? 1 : 0
  counts.forEach((count, place) => bytes.writeUInt32BE(count, sendingBytes + 4 * place))
  return bytes
}

/** Fences and checks. A document that is not there has an empty digest. */
function encodeFacts({ fences = [], checks = [] }: Commit): number[] {
  for (const { client, epoch } of fences) {
    writer.text(client)
    writer.number(epoch)
  }
  for (const { key, was } of checks) {
    writer.text(key)
    if (was === undefined) writer.text('')
    else writer.digest(was)
  }
  return [fences.length, checks.length]
}

/** Appends, puts by whether their keys are listed already, removals, numbers. */
function encodeDocuments({ checks = [], puts = [], appends = [], numbers = [] }: Commit): number[] {
  for (const { feed, message, isCountable } of appends) {
    writer.text(feed)
    writer.number(isCountable ? 1 : 0)
    writer.document(message)
  }
  const { listed, others, messages, removed } = sortedPuts(puts, checks)
  for (const [key, value] of [...listed, ...others, ...messages]) {
    writer.text(key)
    writer.document(value)
  }
  for (const key of removed) writer.text(key)
  for (const { key, append } of numbers) {
    writer.text(key)
    writer.number(append + 1)
  }
  return [appends.length, listed.length, others.length, messages.length, removed.length, numbers.length]
}

type Document = readonly [Key, Bytes]

interface SortedPuts {
  /** The commit rests on it that they are there. */
  readonly listed: readonly Document[]
  readonly others: readonly Document[]
  readonly messages: readonly Document[]
  readonly removed: readonly Key[]
}

const noPuts: SortedPuts = { listed: [], others: [], messages: [], removed: [] }

function sortedPuts(puts: NonNullable<Commit['puts']>, checks: NonNullable<Commit['checks']>): SortedPuts {
  if (puts.length === 0) return noPuts
  const [listed, others, messages]: [Document[], Document[], Document[]] = [[], [], []]
  const removed: Key[] = []
  const there = new Set(checks.filter(({ was }) => was !== undefined).map(({ key }) => key))
  for (const [key, value] of new Map(puts.map((put) => [put.key, put.value]))) {
    if (value === undefined) removed.push(key)
    else if (there.has(key)) listed.push([key, value])
    else (messageName.test(key) ? messages : others).push([key, value])
  }
  return { listed, others, messages, removed }
}

const messageName = /^message\/[1-9]\d*$/

/** Inboxes cleared, inboxes opened, settlements, losses told. */
function encodeInboxes({ clearInboxes = [], opens = [], settlements = [], lossesTold = [] }: Commit): number[] {
  for (const client of clearInboxes) writer.text(client)
  for (const { client, holder, sentTo } of opens) {
    writer.text(client)
    writer.text(holder)
    writer.text(sentTo === undefined ? '' : String(sentTo))
  }
  for (const { client, settledTo, releasedTo, epoch } of settlements) {
    writer.text(client)
    writer.number(settledTo)
    writer.number(releasedTo)
    writer.text(epoch === undefined ? '' : String(epoch))
  }
  for (const { client, dropped } of lossesTold) {
    writer.text(client)
    writer.number(dropped)
  }
  return [clearInboxes.length, opens.length, settlements.length, lossesTold.length]
}

/**
 * Topics, bodies and what may be lost, each once, a block of {@link blockBytes} a delivery, their clients. A block: flags of the entry (1, see
 * `layout.ts`), places of topic and body (4 each, from 1), whether the message is an append of the commit (1), its place (from 1) or its id (8,
 * double; 0 for none), key of the news (6), place of what is lost (4, 0 for nothing) and since when (8, double).
 */
function encodeDeliveries(deliveries: readonly Delivery[]): number[] {
  if (deliveries.length === 0) return [0, 0]
  const places = new Map<string | Bytes, number>()
  const placeOf = (text: string | Bytes): number => {
    let place = places.get(text)
    if (place === undefined) {
      place = places.size + 1
      places.set(text, place)
      if (typeof text === 'string') writer.text(text)
      else writer.bytes(text)
    }
    return place
  }
  const blocks = Buffer.allocUnsafe(blockBytes * deliveries.length)
  for (const [place, delivery] of deliveries.entries()) {
    const { topic, body, message, news, loss } = delivery
    const at = blockBytes * place
    const isAppend = message !== undefined && 'append' in message
    blocks[at] = flagsOf(delivery)
    blocks.writeUInt32BE(placeOf(topic), at + 1)
    blocks.writeUInt32BE(placeOf(body.byteLength === 0 ? '' : body), at + 5)
    blocks[at + 9] = isAppend ? 1 : 0
    blocks.writeDoubleBE(message === undefined ? 0 : 'append' in message ? message.append + 1 : message.id, at + 10)
    blocks.writeUIntBE(news === undefined ? 0 : newsKey(news), at + 18, newsKeyBytes)
    blocks.writeUInt32BE(loss === undefined ? 0 : placeOf(loss.of), at + 24)
    blocks.writeDoubleBE(loss?.since ?? 0, at + 28)
  }
  writer.bytes(blocks)
  for (const { client } of deliveries) writer.text(client)
  return [places.size, deliveries.length]
}

function flagsOf({ qos, news, loss, isExtra }: Delivery): number {
  const kind = (news === undefined ? 0 : entryFlags.news) | (loss === undefined ? 0 : entryFlags.loss)
  return qos | kind | (isExtra === true ? entryFlags.extra : 0)
}

/** Outbox entries done, outbox entries added. */
function encodeOutbox({ outboxDone = [], outbox = [] }: Commit): number[] {
  for (const id of outboxDone) writer.text(id)
  for (const { id, job } of outbox) {
    writer.text(id)
    writer.bytes(job)
  }
  return [outboxDone.length, outbox.length]
}
