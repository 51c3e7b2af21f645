/**
 * The inboxes that a group of commits touches. Each head is read once and written once for the whole group, and what a device is given by many
 * commits of the group becomes one chunk. A chunk goes when all of its entries are settled, dropped or replaced; until then its head hides them.
 */
import {
  type Delivery,
  type DroppedEntries,
  type Fence,
  inboxReach,
  type Loss,
  maxLosses,
  type OpenedInbox,
  type Opening,
  type Settlement,
  type ToldLosses,
} from '../contract.js'
import { newHead, sentToNow, shownHead, type StoredHead } from '../inbox-head-bytes.js'
import type { Rows } from './group-rows.js'
import {
  chunkCount,
  type ChunkEntry,
  decodeChunk,
  decodeInboxRow,
  decodeLosses,
  decodeNewsList,
  emptyPlace,
  encodeChunk,
  encodeInboxRow,
  encodeLosses,
  encodeNewsList,
  type InboxRow,
  type ListedNews,
  type NewEntry,
  newEntry,
  sizeOf,
} from './inbox-rows.js'
import { inboxChunkRow, inboxHeadRow, inboxLossesRow, inboxNewsRow, numberInRow } from './row-keys.js'

/** An inbox during a group: its marks as the commits move them, and what is not yet in a chunk. */
interface OpenInbox {
  readonly client: string
  /** False before the first delivery or opening ever. */
  isKnown: boolean
  last: number
  head: Mutable<StoredHead>
  oldest: number
  /** Number of the newest entry that lies in a chunk already. */
  readonly storedTo: number
  /** The entries after `storedTo`. */
  added: NewEntry[]
  /** Undefined until it is needed. */
  news: ListedNews[] | undefined
  losses: Map<string, number> | undefined
  hasNewLosses: boolean
  /** Entries of the chunk that the oldest ones lie in, as far as they are not settled. */
  front: ChunkEntry[]
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/** A chunk takes no further entry once it holds this much, so that settling frees space steadily. */
const chunkLimit = { entries: 128, bytes: 32_768 }

export interface GroupInboxes {
  /** Whether the inbox has not been opened since it had this epoch. */
  isHeld(fence: Fence): boolean
  /** Takes the next epoch for a holder. */
  open(opening: Opening): OpenedInbox
  /** Settles everything; numbers go on. */
  clear(client: string): void
  /** Moves marks forward, at most to the newest entry; an inbox that is not there stays so. */
  settle(settlement: Settlement): void
  /** Forgets what was lost, unless more has been. */
  tellLosses(told: ToldLosses): void
  /** Adds an entry: what it replaces becomes an empty place, what a full inbox has no room for is dropped and counted. @returns its number */
  add(delivery: Delivery, messageId: number, dropped: Mutable<DroppedEntries>): number
  /** Who holds the inbox; empty for nobody. */
  holderOf(client: string): string
  /** Writes heads and chunks, and removes chunks of which nothing is owed any more. */
  write(): void
}

export function groupInboxes(rows: Rows, limit: number): GroupInboxes {
  const inboxes = new Map<string, OpenInbox>()

  function inboxOf(client: string): OpenInbox {
    const open = inboxes.get(client)
    if (open !== undefined) return open
    const bytes = rows.get(inboxHeadRow(client))
    const row = bytes === undefined ? { last: 0, oldest: 1, head: { ...newHead } } : decodeInboxRow(bytes)
    const inbox = opened(client, bytes !== undefined, row)
    inboxes.set(client, inbox)
    return inbox
  }

  return {
    isHeld: ({ client, epoch }) => inboxOf(client).head.epoch === epoch,
    open: (opening) => open(rows, inboxOf(opening.client), opening),
    holderOf: (client) => inboxOf(client).head.holder,
    clear(client) {
      const inbox = inboxOf(client)
      settle(rows, inbox, inbox.last)
      inbox.head.releasedTo = inbox.last
      forgetLosses(inbox)
    },
    settle({ client, settledTo, releasedTo, epoch }) {
      const inbox = inboxOf(client)
      const { head, last } = inbox
      if (epoch !== undefined && epoch < head.epoch) return
      settle(rows, inbox, Math.min(settledTo, last))
      head.releasedTo = Math.max(head.releasedTo, Math.min(releasedTo, last))
    },
    tellLosses({ client, dropped }) {
      const inbox = inboxOf(client)
      if (inbox.head.dropped === dropped) forgetLosses(inbox)
    },
    add(delivery, messageId, dropped) {
      const inbox = inboxOf(delivery.client)
      const entry = newEntry(delivery, messageId)
      inbox.isKnown = true
      inbox.last += 1
      if (entry.news !== undefined) addNews(rows, inbox, entry.news)
      inbox.added.push(entry)
      if (delivery.isExtra !== true) makeRoom(rows, inbox, limit, dropped)
      return inbox.last
    },
    write() {
      for (const inbox of inboxes.values()) writeInbox(rows, inbox)
    },
  }
}

function open(rows: Rows, inbox: OpenInbox, { holder, sentTo = Infinity }: Opening): OpenedInbox {
  const { head, last } = inbox
  const [heldBefore, sentBefore] = [head.holder, sentToNow(head, last)]
  inbox.isKnown = true
  head.epoch += 1
  head.holder = holder
  if (holder === '') {
    head.sentTo = Math.min(last, Math.max(head.sentTo, sentTo))
    if (head.sentTo < last && head.settledTo < last) replaceUnsent(rows, inbox)
  }
  return { head: shownHead(head, last), heldBefore, sentBefore }
}

function settle(rows: Rows, inbox: OpenInbox, upTo: number): void {
  const { head, last } = inbox
  if (upTo <= head.settledTo) return
  if (head.empty > 0) head.empty -= upTo - head.settledTo - countEntries(rows, inbox, upTo)
  head.isRunOver = true
  passOver(inbox, upTo)
  // An inbox that has been emptied begins anew: what is delivered to a connected device is not listed.
  if (upTo === last && head.isListed) {
    head.isListed = false
    inbox.news = []
  }
}

function passOver(inbox: OpenInbox, upTo: number): void {
  inbox.head.settledTo = upTo
  if (inbox.front.length > 0) inbox.front = inbox.front.filter(({ number }) => number > upTo)
}

function countEntries(rows: Rows, inbox: OpenInbox, upTo: number): number {
  let count = 0
  for (const { number } of entriesOf(rows, inbox)) {
    if (number > upTo) break
    count++
  }
  return count
}

function forgetLosses(inbox: OpenInbox): void {
  if (inbox.head.losses === 0) return
  inbox.head.losses = 0
  inbox.losses = new Map()
  inbox.hasNewLosses = true
}

/** Lists news that is about to be added where it may be looked for, after making what it replaces an empty place. */
function addNews(rows: Rows, inbox: OpenInbox, key: number): void {
  const { head, last } = inbox
  const mayReplace = key !== 0 && head.holder === ''
  if (!mayReplace && !head.isListed) return
  const news = newsOf(rows, inbox)
  const replaced = mayReplace ? news.filter((one) => one.key === key && one.number > head.sentTo) : []
  for (const one of replaced) remove(rows, inbox, one)
  inbox.news = [...news.filter((one) => !replaced.includes(one)), { number: last, key, chunk: 0 }]
}

/** Of what was never sent, news that later news replaces becomes an empty place. */
function replaceUnsent(rows: Rows, inbox: OpenInbox): void {
  const news = newsOf(rows, inbox)
  const unsent = news.filter(({ number, key }) => key !== 0 && number > inbox.head.sentTo)
  const newest = new Map(unsent.map(({ number, key }) => [key, number]))
  const replaced = unsent.filter(({ number, key }) => newest.get(key) !== number)
  for (const one of replaced) remove(rows, inbox, one)
  inbox.news = news.filter((one) => !replaced.includes(one))
}

/** The news that the inbox holds. It is listed once it is first asked for, and from then on whenever news is added. */
function newsOf(rows: Rows, inbox: OpenInbox): readonly ListedNews[] {
  const { head, client } = inbox
  if (inbox.news === undefined || !head.isListed) {
    const row = head.isListed ? rows.get(inboxNewsRow(client)) : undefined
    inbox.news = row === undefined ? listNews(rows, inbox, head.isListed) : decodeNewsList(row)
    head.isListed = true
  }
  return inbox.news.filter(({ number }) => number > head.settledTo)
}

function listNews(rows: Rows, inbox: OpenInbox, isListed: boolean): ListedNews[] {
  if (isListed) return []
  const list: ListedNews[] = []
  for (const { number, news, chunk } of entriesOf(rows, inbox)) if (news !== undefined) list.push({ number, key: news, chunk })
  return list
}

/** Makes an entry an empty place. */
function remove(rows: Rows, inbox: OpenInbox, { number, chunk }: Pick<ListedNews, 'number' | 'chunk'>): void {
  inbox.head.empty += 1
  if (number > inbox.storedTo) {
    inbox.added[number - inbox.storedTo - 1] = undefined
    return
  }
  const row = inboxChunkRow(inbox.client, chunk)
  const bytes = rows.get(row)
  if (bytes === undefined) throw new Error('an inbox chunk is missing')
  rows.put(row, emptyPlace(chunk, bytes, number))
  inbox.front = inbox.front.filter((entry) => entry.number !== number)
}

/** Drops news, then messages, the oldest first, until the inbox holds no more than it may and reaches no farther. */
function makeRoom(rows: Rows, inbox: OpenInbox, limit: number, dropped: Mutable<DroppedEntries>): void {
  const { head } = inbox
  for (;;) {
    const isFull = inbox.last - head.settledTo - head.empty > limit
    if (!isFull && inbox.last - head.settledTo <= limit * inboxReach) return
    const [oldestNews] = isFull ? newsOf(rows, inbox) : []
    if (oldestNews === undefined) dropOldest(rows, inbox, dropped)
    else dropNews(rows, inbox, oldestNews, dropped)
  }
}

function dropOldest(rows: Rows, inbox: OpenInbox, dropped: Mutable<DroppedEntries>): void {
  const { head } = inbox
  const entry = oldestEntry(rows, inbox)
  if (entry === undefined) throw new Error('an inbox reaches too far and holds nothing')
  head.empty -= entry.number - 1 - head.settledTo
  passOver(inbox, entry.number)
  note(rows, inbox, entry, dropped)
  passOverEmpty(rows, inbox)
}

function dropNews(rows: Rows, inbox: OpenInbox, news: ListedNews, dropped: Mutable<DroppedEntries>): void {
  const { number, chunk } = news
  const place = number - inbox.storedTo - 1
  const added = inbox.added[place]
  const entry = place >= 0 && added !== undefined ? { ...added, number } : storedEntry(rows, inbox, chunk, number)
  remove(rows, inbox, news)
  inbox.news = inbox.news?.filter((one) => one.number !== number)
  note(rows, inbox, entry, dropped)
  passOverEmpty(rows, inbox)
}

function storedEntry(rows: Rows, inbox: OpenInbox, chunk: number, number: number): ChunkEntry {
  const bytes = rows.get(inboxChunkRow(inbox.client, chunk))
  const entry = bytes === undefined ? undefined : decodeChunk(chunk, bytes, number - 1)[0]
  if (entry?.number !== number) throw new Error('an inbox entry is missing')
  return entry
}

/** Empty places before the first entry go with what was dropped. */
function passOverEmpty(rows: Rows, inbox: OpenInbox): void {
  const { head, last } = inbox
  if (head.empty === 0) return
  const settledTo = (oldestEntry(rows, inbox)?.number ?? last + 1) - 1
  head.empty -= settledTo - head.settledTo
  passOver(inbox, settledTo)
}

/** What the inbox keeps of an entry that has been dropped. What its device has received is not lost. */
function note(rows: Rows, inbox: OpenInbox, entry: ChunkEntry, dropped: Mutable<DroppedEntries>): void {
  const { head } = inbox
  const { number, news, loss, messageId } = entry
  head.dropped += 1
  dropped[news === undefined ? 'messages' : 'news'] += 1
  if (number <= head.releasedTo) return
  if (news === undefined) {
    const { from, fromId, toId } = head.isRunOver || head.lost.to === 0 ? { from: number, fromId: 0, toId: 0 } : head.lost
    const least = messageId === 0 || (fromId > 0 && fromId < messageId) ? fromId : messageId
    head.lost = { from, to: number, fromId: least, toId: Math.max(toId, messageId) }
    head.isRunOver = false
  }
  if (loss !== undefined) noteLoss(rows, inbox, loss)
}

function noteLoss(rows: Rows, inbox: OpenInbox, loss: Loss): void {
  const { head, client } = inbox
  const row = inbox.losses === undefined && head.losses > 0 ? rows.get(inboxLossesRow(client)) : undefined
  const losses = (inbox.losses ??= row === undefined ? new Map<string, number>() : decodeLosses(row))
  const of = losses.has(loss.of) || losses.size < maxLosses ? loss.of : ''
  if (losses.has(of)) return
  losses.set(of, loss.since)
  head.losses = losses.size
  inbox.hasNewLosses = true
}

/** An entry, and the first number of its chunk, 0 if it is in none yet. */
type PlacedEntry = ChunkEntry & { readonly chunk: number }

/** The oldest entry that is owed. What is asked for again and again lies in one chunk, most likely. */
function oldestEntry(rows: Rows, inbox: OpenInbox): ChunkEntry | undefined {
  const [known] = inbox.front
  if (known !== undefined) return known
  for (const entry of entriesOf(rows, inbox)) {
    const bytes = entry.chunk === 0 ? undefined : rows.get(inboxChunkRow(inbox.client, entry.chunk))
    if (bytes !== undefined) inbox.front = decodeChunk(entry.chunk, Buffer.from(bytes), inbox.head.settledTo)
    return entry
  }
  return undefined
}

/** The entries that are owed, in order: those of chunks, then those that have been added. */
function* entriesOf(rows: Rows, inbox: OpenInbox): Generator<PlacedEntry> {
  const { client, head, storedTo, added } = inbox
  let from = inbox.oldest
  while (from <= storedTo) {
    const chunk = firstChunk(rows, client, from)
    if (chunk === undefined) break
    const { first, bytes } = chunk
    const entries = decodeChunk(first, Buffer.from(bytes), head.settledTo)
    from = first + chunkCount(bytes)
    for (const entry of entries) yield { ...entry, chunk: first }
  }
  for (const [place, entry] of added.entries()) {
    const number = storedTo + place + 1
    if (entry !== undefined && number > head.settledTo) yield { ...entry, number, chunk: 0 }
  }
}

interface FoundChunk {
  readonly first: number
  readonly bytes: Uint8Array
}

/** The first chunk that begins at or after a number. */
function firstChunk(rows: Rows, client: string, from: number): FoundChunk | undefined {
  const bytes = rows.get(inboxChunkRow(client, from))
  if (bytes !== undefined) return { first: from, bytes }
  const row = rows.next(inboxChunkRow(client, from), inboxChunkRow(client, Number.MAX_SAFE_INTEGER))
  const found = row === undefined ? undefined : rows.get(row)
  return row === undefined || found === undefined ? undefined : { first: numberInRow(row), bytes: found }
}

function writeInbox(rows: Rows, inbox: OpenInbox): void {
  const { client, last, head } = inbox
  removeChunks(rows, inbox, Math.min(head.settledTo, inbox.storedTo))
  const chunks = writeAdded(rows, inbox)
  rows.put(inboxHeadRow(client), inbox.isKnown ? encodeInboxRow({ last, oldest: inbox.oldest, head }) : undefined)
  if (inbox.news !== undefined) {
    const news = head.isListed ? inbox.news.filter(({ number }) => number > head.settledTo) : []
    const placed = news.map((one) => (one.chunk === 0 ? { ...one, chunk: chunks.findLast((first) => first <= one.number) ?? 0 } : one))
    rows.put(inboxNewsRow(client), placed.length === 0 ? undefined : encodeNewsList(placed))
  }
  if (inbox.hasNewLosses && inbox.losses !== undefined)
    rows.put(inboxLossesRow(client), inbox.losses.size === 0 ? undefined : encodeLosses(inbox.losses))
}

/** Removes the chunks that end at or before `upTo`, from the oldest on. */
function removeChunks(rows: Rows, inbox: OpenInbox, upTo: number): void {
  while (inbox.oldest <= upTo) {
    const chunk = firstChunk(rows, inbox.client, inbox.oldest)
    inbox.oldest = chunk?.first ?? inbox.storedTo + 1
    if (chunk === undefined) return
    const next = chunk.first + chunkCount(chunk.bytes)
    if (next > upTo + 1) return
    rows.put(inboxChunkRow(inbox.client, chunk.first), undefined)
    inbox.oldest = next
  }
}

/** Writes what was added as chunks, but for what was settled or dropped in the same group. @returns the first numbers of the chunks */
function writeAdded(rows: Rows, inbox: OpenInbox): number[] {
  const gone = Math.max(0, inbox.head.settledTo - inbox.storedTo)
  let first = inbox.storedTo + gone + 1
  if (inbox.oldest > inbox.storedTo) inbox.oldest = first
  const firsts: number[] = []
  for (const entries of chunksOf(inbox.added.slice(gone))) {
    const chunk = encodeChunk(entries)
    if (chunk !== undefined) rows.put(inboxChunkRow(inbox.client, first), chunk)
    firsts.push(first)
    first += entries.length
  }
  return firsts
}

/** One literal: a commit to a large room makes thousands of these. */
function opened(client: string, isKnown: boolean, { last, oldest, head }: InboxRow): OpenInbox {
  return {
    client,
    isKnown,
    last,
    head,
    oldest,
    storedTo: last,
    added: [],
    news: undefined,
    losses: undefined,
    hasNewLosses: false,
    front: [],
  }
}

function chunksOf(entries: readonly NewEntry[]): NewEntry[][] {
  const chunks: NewEntry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const open = chunks.at(-1)
    if (open !== undefined && open.length < chunkLimit.entries && bytes < chunkLimit.bytes) open.push(entry)
    else {
      chunks.push([entry])
      bytes = 0
    }
    bytes += sizeOf(entry)
  }
  return chunks
}
