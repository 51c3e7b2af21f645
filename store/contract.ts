/**
 * The Store contract: what the broker needs of its memory, and what every engine promises.
 *
 * Promises, each kept by the contract suite (`test/store/store-contract.ts`):
 * - **Atomic.** A commit is applied as a whole or not at all; readers never see a part of it.
 * - **Durable.** When the promise of `commit` resolves with `committed`, `kill -9` and power loss keep it.
 * - **Checked.** A commit lists the facts it rests on; if one has changed since it was read, nothing is applied: `conflict`.
 * - **Numbered inside.** Message ids (unique over all feeds, increasing), feed positions and inbox numbers (dense, from 1) are allocated in
 *   the commit, so that appending needs no read and busy feeds do not conflict with themselves.
 * - **Frugal.** A full inbox drops news before messages, oldest first; a dropped message is never taken for a received one.
 * - **Fenced.** Opening an inbox takes its next epoch; a commit that names an older one is `fenced`: nothing of it is applied.
 * - **Ordered.** Commits of one store handle are applied in the order in which `commit` was called.
 * - **Fresh.** A read that starts after a commit has resolved, on any handle of the same store, sees that commit.
 *
 * It speaks of documents (bytes under a key), feeds, inboxes and an outbox; no engine's words occur in it.
 * @see docs/architecture.md
 */

/** Bytes of one stored document, at most 16 MiB. Readers must not write to them, nor a committer before its commit has resolved. */
export type Bytes = Uint8Array

/**
 * `<table>/<partition>[/<rest>]`, well-formed Unicode without NUL, at most 1,500 bytes of UTF-8; names of feeds and clients and ids of outbox
 * entries are bound likewise. The partition (phone, phone_id, room, feed, client) is the second level,
 * so that a sharded engine can place the key. Keys sort bytewise.
 */
export type Key = string

/** A fact a commit rests on: the document's bytes when it was read, or `undefined` if there was none. */
export interface Check {
  readonly key: Key
  readonly was: Bytes | undefined
}

/** Stores a document, or removes it where `value` is undefined. */
export interface Put {
  readonly key: Key
  readonly value: Bytes | undefined
}

/** Stores, under `key`, the message id that `appends[append]` of the same commit receives (see {@link readNumber}). */
export interface PutNumber {
  readonly key: Key
  readonly append: number
}

/** Adds a message to the end of a feed. The document is stored under {@link messageKey} and may be replaced later by a put. */
export interface Append {
  readonly feed: string
  readonly message: Bytes
  /** Counts as unread for others: false for system messages. */
  readonly isCountable: boolean
}

/** What an append received. */
export interface Appended {
  readonly id: number
  /** Id of the message before it in the feed, 0 if it is the first. */
  readonly previous: number
  /** Dense position in the feed, from 1. */
  readonly position: number
  /** How many countable messages the feed holds up to and including this one. */
  readonly ordinal: number
}

/** A message by id, or by its place in `appends` of the same commit. */
export type MessageRef = { readonly id: number } | { readonly append: number }

/** One thing a device is owed. */
export interface Delivery {
  readonly client: string
  readonly topic: string
  readonly qos: 1 | 2
  /** The record to send, as the caller encodes it; empty where the message itself is sent. Opaque to the store. */
  readonly body: Bytes
  /** The message that `body` speaks of or that is sent itself: kept as a reference, so a large room costs one copy. */
  readonly message?: MessageRef
  /**
   * Given for *news*: a receipt, a changed contact or room, what a device finds again when it logs in. A full inbox drops news before messages.
   * While nobody holds the inbox, news of something (the text says of what) makes an earlier entry of the same text an empty place, unless that
   * may have been sent; so does giving the inbox up for what came meanwhile. News of '' replaces nothing.
   */
  readonly news?: string
  /** What the device has to be told of, should this be dropped before it was received. */
  readonly loss?: Loss
  /** Nothing is dropped for it, though the inbox be full; later it is an entry like any other. */
  readonly isExtra?: true
}

/** What a device has missed because its inbox was full: something of `of`, or of anything at all where that is empty, at `since` or later. */
export interface Loss {
  /** At most 1,500 bytes of UTF-8. */
  readonly of: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/** A delivery as an inbox holds it: numbered, its message reference resolved to an id (0 for none). */
export interface InboxEntry {
  /** Dense number within the inbox, from 1. */
  readonly number: number
  readonly topic: string
  readonly qos: 1 | 2
  readonly body: Bytes
  readonly messageId: number
}

/** Where an inbox stands. */
export interface InboxHead {
  /** Number of the newest entry ever added; 0 if none. */
  readonly last: number
  /** Entries up to this number are settled (acknowledged) or dropped, and gone. */
  readonly settledTo: number
  /** Entries up to this number have been received by the device (PUBREC): PUBREL, never PUBLISH, is repeated for them. */
  readonly releasedTo: number
  /** How many entries have been dropped because the inbox was full. */
  readonly dropped: number
  /** How often the inbox has been opened; 0 if never. */
  readonly epoch: number
  /** Who opened it last, as it named itself; empty for nobody. */
  readonly holder: string
  /** Entries up to this number may have been sent: the newest while somebody holds the inbox. What lies after it has never been sent. */
  readonly sentTo: number
  /** Messages that were dropped last, before they were received and before the device settled anything after them; null for none ever. */
  readonly lost: LostMessages | null
  /** How many losses are noted for the device. */
  readonly losses: number
}

/** A run of dropped messages: first and last number, least and greatest of the message ids they refer to, 0 if none does. */
export interface LostMessages {
  readonly from: number
  readonly to: number
  readonly fromId: number
  readonly toId: number
}

/**
 * Opens an inbox for whoever serves its device from now on: takes its next epoch, notes the holder. An inbox that is not there is made.
 * An empty holder gives the inbox up, which takes an epoch too.
 */
export interface Opening {
  readonly client: string
  /** At most 100 bytes of UTF-8. */
  readonly holder: string
  /** How far it may have been sent, where it is given up; without it, as far as it reaches. */
  readonly sentTo?: number
}

/** An inbox as it stands once it has been opened, who held it before, and how far it may have been sent by then. */
export interface OpenedInbox {
  readonly head: InboxHead
  readonly heldBefore: string
  readonly sentBefore: number
}

/** A commit rests on an inbox not having been opened since it had this epoch. */
export interface Fence {
  readonly client: string
  readonly epoch: number
}

/**
 * Moves the marks of an inbox forward: never back, and at most to the newest entry. A settled entry may be forgotten. An inbox that is not there
 * stays so.
 */
export interface Settlement {
  readonly client: string
  readonly settledTo: number
  readonly releasedTo: number
  /** Passed over if the inbox has been opened since it had this epoch; without it, always taken. */
  readonly epoch?: number
}

/** A device has been told of its losses: they are noted no more, unless more entries than `dropped` have been dropped by now. */
export interface ToldLosses {
  readonly client: string
  readonly dropped: number
}

/** Entries that a commit has dropped from full inboxes. */
export interface DroppedEntries {
  readonly news: number
  readonly messages: number
}

/** Work on the outside world (an SMS, say) that must happen although a process dies; kept until removed. */
export interface OutboxEntry {
  readonly id: string
  readonly job: Bytes
}

/**
 * What is applied together, in this order: appends, puts, numbers, inboxes cleared, inboxes opened, settlements, losses told, deliveries, outbox
 * entries done, outbox entries added. Of two writes to the same key the later stands. Fences come before checks: what is both is `fenced`.
 */
export interface Commit {
  readonly fences?: readonly Fence[]
  readonly checks?: readonly Check[]
  readonly puts?: readonly Put[]
  readonly appends?: readonly Append[]
  readonly numbers?: readonly PutNumber[]
  readonly deliveries?: readonly Delivery[]
  readonly settlements?: readonly Settlement[]
  /**
   * Settles all that is in these inboxes (logout, clean session). Numbers go on, so that an acknowledgement still on its way for an old
   * entry can never settle a new one.
   */
  readonly clearInboxes?: readonly string[]
  readonly opens?: readonly Opening[]
  readonly lossesTold?: readonly ToldLosses[]
  /** An entry with the id of one that is there replaces it. */
  readonly outbox?: readonly OutboxEntry[]
  readonly outboxDone?: readonly string[]
}

export type CommitResult =
  | {
      readonly kind: 'committed'
      readonly appended: readonly Appended[]
      /** For each delivery, in order, its number in the inbox of its client. */
      readonly delivered: readonly number[]
      /** For each delivery, in order, who holds the inbox of its client; empty for nobody. */
      readonly holders: readonly string[]
      /** For each opening, in order. */
      readonly opened: readonly OpenedInbox[]
      readonly dropped: DroppedEntries
    }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'fenced' }

/** A feed as a whole: zeros if nothing was ever appended. */
export interface FeedHead {
  readonly lastId: number
  readonly count: number
  readonly ordinal: number
}

/** A message in its feed. */
export interface FeedEntry extends Appended {
  readonly message: Bytes
}

export interface Row {
  readonly key: Key
  readonly value: Bytes
}

/** Reads may answer at once or later: await them. Bytes handed out stay valid. */
export type Eventually<T> = T | Promise<T>

/**
 * Change counters of scopes. The scope of a document is the first two levels of its key ({@link scopeOfKey}), that of a feed's order is
 * {@link scopeOfFeed}. A stamp changes before the commit that changed something in its scope resolves; it may change without reason.
 */
export interface Stamps {
  /** The counter that stands for a scope. */
  slotOf(scope: string): number
  at(slot: number): number
}

export interface StoreReader {
  get(key: Key): Eventually<Bytes | undefined>
  /** The documents of `keys`, in that order. */
  getMany(keys: readonly Key[]): Eventually<readonly (Bytes | undefined)[]>
  /** Rows whose key begins with `prefix`, ascending, after `after` if given, at most `limit`. */
  scan(prefix: string, options: { readonly limit: number; readonly after?: Key }): Eventually<readonly Row[]>
  /**
   * Present where the engine can tell cheaply whether something may have changed since it was read. A reader that takes the stamp of a scope
   * before it reads, and finds the same stamp later, may use what it read: it is as fresh as a new read would be.
   */
  readonly stamps?: Stamps
  feedHead(feed: string): Eventually<FeedHead>
  /** Place of message `id` in `feed`, or undefined if it is not in it. */
  feedPlace(feed: string, id: number): Eventually<Appended | undefined>
  /**
   * Entries of a feed, always ascending: `older` ends at `from` (or the nearest before it), `newer` begins at `from` (or the nearest after it);
   * `from` 0 means the newest for `older`, the oldest for `newer`. An entry whose document a put has removed keeps its place, with an empty message.
   * The page holds no more messages than come to `bytes` together, counted from `from` on, but always the first: one that is short need not be
   * the end of the feed, an empty one is.
   */
  feedPage(
    feed: string,
    page: { readonly from: number; readonly direction: 'older' | 'newer'; readonly limit: number; readonly bytes?: number },
  ): Eventually<readonly FeedEntry[]>
  inboxHead(client: string): Eventually<InboxHead | undefined>
  /**
   * Entries still owed with a number greater than `after`, ascending; no more than have bodies of `bytes` together, but always the first: a page
   * that is short need not be the end of the inbox, an empty one is.
   */
  inboxPage(
    client: string,
    page: { readonly after: number; readonly limit: number; readonly bytes?: number },
  ): Eventually<readonly InboxEntry[]>
  /** What is noted that the device has missed, in no order. */
  inboxLosses(client: string): Eventually<readonly Loss[]>
  /** Outbox entries by ascending id, after the id `after` if given. */
  outboxPage(limit: number, after?: string): Eventually<readonly OutboxEntry[]>
}

export interface Store extends StoreReader {
  /**
   * @throws StoreOutage if the engine cannot write (no room left, closed); nothing was applied then.
   * @throws RangeError if a key, a value or a reference is out of range: a fault of the caller; nothing was applied then.
   */
  commit(commit: Commit): Promise<CommitResult>
  /** Waits for commits under way, then releases everything. */
  close(): Promise<void>
}

/** An inbox to which nothing was ever delivered. */
export const emptyInbox: InboxHead = {
  ...{ last: 0, settledTo: 0, releasedTo: 0, dropped: 0, epoch: 0, holder: '' },
  ...{ sentTo: 0, lost: null, losses: 0 },
}

/** Entries an inbox holds at most, empty places not counted, unless an engine is opened with another number. */
export const defaultInboxLimit = 1_000

/** With its empty places an inbox reaches over so many times as many numbers: beyond that its oldest entry is dropped. */
export const inboxReach = 100

/** Losses noted by name for one inbox; what else is lost is noted as '': of anything at all. */
export const maxLosses = 64

/** `<table>/<partition>` of a key. */
export function scopeOfKey(key: Key): string {
  const second = key.indexOf('/', key.indexOf('/') + 1)
  return second === -1 ? key : key.slice(0, second)
}

/** Scope of the order of a feed: its head and places, not the messages' documents. */
export function scopeOfFeed(feed: string): string {
  return `feed:${feed}`
}

/** Key of a message's document. */
export function messageKey(id: number): Key {
  return `message/${id}`
}

/** Bytes of a number stored by {@link PutNumber}: decimal ASCII, the same in every engine. */
export function numberBytes(value: number): Bytes {
  return Buffer.from(String(value), 'latin1')
}

/** Reads what {@link numberBytes} wrote. */
export function readNumber(bytes: Bytes): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))
}

/** What an engine may run out of: room on the disk, memory of its server, replicas that have to take part. */
export type Lack = 'disk' | 'memory' | 'replicas'

/** The store cannot serve now: closed, full, or unreachable. Whoever can retry catches it. */
export class StoreOutage extends Error {
  override readonly name = 'StoreOutage'
  /** What it has run out of, if that is it: nothing is written until somebody has made room, and waiting a little does not help. */
  readonly lacks: Lack | undefined

  constructor(message: string, { lacks, ...options }: ErrorOptions & { readonly lacks?: Lack | undefined } = {}) {
    super(message, options)
    this.lacks = lacks
  }
}

/** Told when an engine can no longer serve, why and for lack of what, and when it can again. */
export type OnState = (isServing: boolean, because: string, lacks?: Lack) => void
