import { limits, type RecordOf } from '../../protocol/index.js'
import type { FeedEntry, FeedHead } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { cursors, feedLevel, type MessageDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { readClearance } from './clearance.js'
import { walkFeed } from './feed-walk.js'
import { feedNamed, isVisible, messageRecord, placedEntry } from './message-view.js'

/** What a roster is shown of a feed in Contact and Room. */
export interface FeedState {
  /** The newest message it may see. */
  readonly lastMessage: RecordOf<'Message'> | null
  /** At most 100 (`limits.unreadMax`). */
  readonly unread: number
  /** Id of the message up to which it has read, 0 before the first. */
  readonly reader: number
  /** In a private chat: how far the other has read. 0 in a room. */
  readonly otherReader: number
}

/** Messages looked at for the unread counter, and their bytes; beyond these it shows what was found. */
const maxScanned = 1_000
/** Messages looked at for the newest visible one; if all of them are hidden, none is shown. */
const maxHidden = 200
const maxScannedBytes = 1024 * 1024
const pageSize = 100

/** The state of a feed that holds nothing. */
export const emptyState: FeedState = { lastMessage: null, unread: 0, reader: 0, otherReader: 0 }

/** Reads what `viewer` is shown of a feed; bounded however long the feed is. Shown only, so nothing of it is checked at commit. */
export function readFeedState(facts: FactReader, feed: string, viewer: PhoneId): Promise<FeedState> {
  return facts.memo(`feed ${feed} ${viewer}`, (own) => buildFeedState(own, feed, viewer))
}

async function buildFeedState(facts: FactReader, feed: string, viewer: PhoneId): Promise<FeedState> {
  const head = await facts.feedHead(feed)
  if (head.count === 0) return emptyState
  const reader = (await facts.peek(cursors, viewer, feedLevel(feed))) ?? 0
  const cleared = await readClearance(facts, feedNamed(feed), viewer)
  const newest = await readNewest(facts, feed)
  const lastMessage = await lastVisible(facts, feed, viewer, { newest, cleared })
  const unread = await unreadAfter(facts, feed, viewer, { head, newest, read: Math.max(reader, cleared) })
  return { lastMessage, unread, reader, otherReader: await readOtherReader(facts, feed, viewer) }
}

async function readNewest(facts: FactReader, feed: string): Promise<FeedEntry | undefined> {
  return (await facts.feedPage(feed, { from: 0, direction: 'older', limit: 1 }))[0]
}

/** How far the other party of a private chat has read; 0 in a room. */
export async function readOtherReader(facts: FactReader, feed: string, viewer: PhoneId): Promise<number> {
  const chat = feedNamed(feed)
  if (chat.kind === 'room') return 0
  const other = chat.left === viewer ? chat.right : chat.left
  return (await facts.peek(cursors, other, feedLevel(feed))) ?? 0
}

/**
 * How many messages after `reader` are unread for `viewer`: those of others, sent by people, neither erased nor hidden.
 * @returns at most 100 (`limits.unreadMax`)
 * @see docs/protocol/rpc.md 10, History/update
 */
export async function readUnread(facts: FactReader, feed: string, viewer: PhoneId, reader: number): Promise<number> {
  const head = await facts.feedHead(feed)
  // What has been cleared away is as good as read.
  const read = Math.max(reader, await readClearance(facts, feedNamed(feed), viewer))
  return unreadAfter(facts, feed, viewer, { head, newest: undefined, read })
}

interface ReadSpan {
  readonly head: FeedHead
  /** The newest message, where it is known already. */
  readonly newest: FeedEntry | undefined
  /** Nothing up to this message is unread. */
  readonly read: number
}

async function unreadAfter(facts: FactReader, feed: string, viewer: PhoneId, { head, newest, read }: ReadSpan): Promise<number> {
  if (read >= head.lastId) return 0
  if (newest !== undefined && newest.previous <= read) return countsFor(placedEntry(newest, 0).document, viewer) ? 1 : 0
  const place = read === 0 ? undefined : await facts.feedPlace(feed, read)
  const bound = Math.min(head.ordinal - (place?.ordinal ?? 0), limits.unreadMax)
  return bound === 0 ? 0 : countUnread(facts, feed, viewer, { reader: read, bound, lastId: head.lastId })
}

interface UnreadSpan {
  readonly reader: number
  readonly bound: number
  readonly lastId: number
}

async function countUnread(facts: FactReader, feed: string, viewer: PhoneId, { reader, bound, lastId }: UnreadSpan): Promise<number> {
  const walk = walkFeed(facts, feed, { from: reader + 1, direction: 'newer', floor: reader, lastId })
  let [unread, scanned, bytes] = [0, 0, 0]
  do {
    for (const entry of await walk.next(pageSize)) {
      if (countsFor(placedEntry(entry, 0).document, viewer)) unread += 1
      if (unread === bound) return unread
      scanned += 1
      bytes += entry.message.byteLength
    }
  } while (walk.rest !== 0 && scanned < maxScanned && bytes < maxScannedBytes)
  return unread
}

function countsFor(document: MessageDocument, viewer: PhoneId): boolean {
  return document.status === 'sent' && document.from !== viewer && isVisible(document, viewer)
}

/** The newest message of a feed that `viewer` may see, null if there is none among the newest 200. */
export async function readLastMessage(facts: FactReader, feed: string, viewer: PhoneId): Promise<RecordOf<'Message'> | null> {
  const cleared = await readClearance(facts, feedNamed(feed), viewer)
  return lastVisible(facts, feed, viewer, { newest: await readNewest(facts, feed), cleared })
}

interface VisibleSpan<Newest = FeedEntry> {
  readonly newest: Newest
  /** Nothing up to this message is visible. */
  readonly cleared: number
}

async function lastVisible(
  facts: FactReader,
  feed: string,
  viewer: PhoneId,
  { newest, cleared }: VisibleSpan<FeedEntry | undefined>,
): Promise<RecordOf<'Message'> | null> {
  if (newest === undefined || newest.id <= cleared) return null
  return visibleRecord(newest, 0, viewer) ?? readOlderVisible(facts, feed, viewer, { newest, cleared })
}

async function readOlderVisible(
  facts: FactReader,
  feed: string,
  viewer: PhoneId,
  { newest, cleared }: VisibleSpan,
): Promise<RecordOf<'Message'> | null> {
  if (newest.previous <= cleared) return null
  const walk = walkFeed(facts, feed, { from: newest.previous, direction: 'older', floor: cleared })
  let [next, scanned, bytes] = [newest.id, 0, 0]
  do {
    for (const entry of await walk.next(maxHidden - scanned)) {
      const found = visibleRecord(entry, next, viewer)
      if (found !== undefined) return entry.id > cleared ? found : null
      next = entry.id
      scanned += 1
      bytes += entry.message.byteLength
    }
  } while (walk.rest !== 0 && scanned < maxHidden && bytes < maxScannedBytes)
  return null
}

function visibleRecord(entry: FeedEntry, next: number, viewer: PhoneId): RecordOf<'Message'> | undefined {
  const { document, place } = placedEntry(entry, next)
  return isVisible(document, viewer) ? messageRecord(place, document) : undefined
}
