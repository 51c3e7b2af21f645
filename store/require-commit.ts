import type { Commit, MessageRef } from './contract.js'

/** Longest key of a document, name of a feed or client, or id of an outbox entry, in bytes of UTF-8. */
export const maxKeyBytes = 1_500

const isLoneSurrogate = /\p{Surrogate}/u

/** Longest document in bytes: 16 MiB. */
export const maxDocumentBytes = 16 * 1024 * 1024

const maxTopicBytes = 65_535
const maxHolderBytes = 100

/**
 * Requires that a commit can be stored as it is, before it joins a group: what is wrong with one must not reach the others.
 * @throws RangeError if a name, a value or a reference to an append is out of range: a fault of the caller.
 */
export function requireCommit(commit: Commit): void {
  requireDocuments(commit)
  requireInboxes(commit)
  for (const { id, job } of commit.outbox ?? []) requireDocument(id, job)
  for (const id of commit.outboxDone ?? []) requireKey(id)
}

function requireDocuments({ checks, puts, appends, numbers }: Commit): void {
  for (const { key } of checks ?? []) requireKey(key)
  for (const { key, value } of puts ?? []) requireDocument(key, value)
  for (const { feed, message } of appends ?? []) requireDocument(feed, message)
  for (const { key, append } of numbers ?? []) {
    requireKey(key)
    requireAppend({ append }, appends)
  }
}

function requireInboxes({ clearInboxes, opens, fences, settlements, lossesTold, deliveries, appends }: Commit): void {
  for (const client of clearInboxes ?? []) requireKey(client)
  for (const { client } of fences ?? []) requireKey(client)
  for (const { client, holder } of opens ?? []) {
    requireKey(client)
    if (Buffer.byteLength(holder) > maxHolderBytes) throw new RangeError(`holder longer than ${maxHolderBytes} bytes`)
  }
  for (const { client } of [...(settlements ?? []), ...(lossesTold ?? [])]) requireKey(client)
  for (const { client, topic, body, message, loss } of deliveries ?? []) {
    requireDocument(client, body)
    if (loss !== undefined) requireKey(loss.of)
    requireTopic(topic)
    if (message !== undefined) requireAppend(message, appends)
  }
}

function requireTopic(topic: string): void {
  if (topic.length * 3 > maxTopicBytes && Buffer.byteLength(topic) > maxTopicBytes) throw new RangeError('topic longer than 65,535 bytes')
}

function requireDocument(key: string, value: Uint8Array | undefined): void {
  requireKey(key)
  if (value !== undefined && value.byteLength > maxDocumentBytes) throw new RangeError(`document longer than ${maxDocumentBytes} bytes`)
}

/**
 * Requires a name that can be stored under its own bytes and no other's.
 * @throws RangeError if it is too long, holds a NUL or is not well-formed Unicode: a fault of the caller.
 */
export function requireKey(name: string): void {
  if (name.length * 3 > maxKeyBytes && Buffer.byteLength(name) > maxKeyBytes) throw new RangeError(`key longer than ${maxKeyBytes} bytes`)
  if (name.includes('\0')) throw new RangeError('key holds a NUL')
  if (isLoneSurrogate.test(name)) throw new RangeError('key is not well-formed Unicode')
}

function requireAppend(message: MessageRef, appends: Commit['appends'] = []): void {
  if ('append' in message && appends[message.append] === undefined) throw new RangeError('no such append in the commit')
}

/** Bytes of the values in a commit. */
export function commitBytes({ puts = [], appends = [], deliveries = [], outbox = [] }: Commit): number {
  let bytes = 0
  for (const { value } of puts) bytes += value?.byteLength ?? 0
  for (const { message } of appends) bytes += message.byteLength
  for (const { body } of deliveries) bytes += body.byteLength
  for (const { job } of outbox) bytes += job.byteLength
  return bytes
}
