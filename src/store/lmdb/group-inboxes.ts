/**
 * The inboxes that a group of commits touches. Each head is read once and written once for the whole group, and what a device is given by many
 * commits of the group becomes one chunk. A chunk goes when all of its entries are settled or dropped; until then its head hides them.
 */
import type { Delivery, Fence, OpenedInbox, Opening, Settlement } from '../contract.js'
import type { Rows } from './group-rows.js'
import { chunkCount, decodeInboxHead, encodeChunk, encodeInboxHead, newEntry, type NewEntry, type StoredInboxHead } from './inbox-rows.js'
import { inboxChunkRow, inboxHeadRow } from './row-keys.js'

/** An inbox during a group: its marks as the commits move them, and what is not yet in a chunk. */
interface OpenInbox {
  readonly client: string
  /** False before the first delivery or opening ever. */
  isKnown: boolean
  last: number
  settledTo: number
  releasedTo: number
  dropped: number
  epoch: number
  holder: string
  oldest: number
  /** Number of the newest entry that lies in a chunk already. */
  storedTo: number
  /** The entries after `storedTo`. */
  added: NewEntry[]
}

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
  /** Adds an entry, dropping the oldest if the inbox is full, and returns its number. */
  add(delivery: Delivery, messageId: number): number
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
    const inbox = bytes === undefined ? nothing(client) : stored(client, decodeInboxHead(bytes))
    inboxes.set(client, inbox)
    return inbox
  }

  return {
    isHeld: ({ client, epoch }) => inboxOf(client).epoch === epoch,
    open({ client, holder }) {
      const inbox = inboxOf(client)
      const heldBefore = inbox.holder
      inbox.isKnown = true
      inbox.epoch += 1
      inbox.holder = holder
      const { last, settledTo, releasedTo, dropped, epoch } = inbox
      return { head: { last, settledTo, releasedTo, dropped, epoch, holder }, heldBefore }
    },
    holderOf: (client) => inboxOf(client).holder,
    clear(client) {
      const inbox = inboxOf(client)
      inbox.settledTo = inbox.last
      inbox.releasedTo = inbox.last
    },
    settle({ client, settledTo, releasedTo, epoch }) {
      const inbox = inboxOf(client)
      if (epoch !== undefined && epoch < inbox.epoch) return
      inbox.settledTo = Math.max(inbox.settledTo, Math.min(settledTo, inbox.last))
      inbox.releasedTo = Math.max(inbox.releasedTo, Math.min(releasedTo, inbox.last))
    },
    add(delivery, messageId) {
      const inbox = inboxOf(delivery.client)
      inbox.isKnown = true
      inbox.last += 1
      inbox.added.push(newEntry(delivery, messageId))
      const overflow = inbox.last - limit - inbox.settledTo
      if (overflow > 0) {
        inbox.settledTo += overflow
        inbox.dropped += overflow
      }
      return inbox.last
    },
    write() {
      for (const inbox of inboxes.values()) {
        removeChunks(rows, inbox, Math.min(inbox.settledTo, inbox.storedTo))
        writeAdded(rows, inbox)
        rows.put(inboxHeadRow(inbox.client), inbox.isKnown ? encodeInboxHead(inbox) : undefined)
      }
    },
  }
}

/** Removes the chunks that end at or before `upTo`, from the oldest on. */
function removeChunks(rows: Rows, inbox: OpenInbox, upTo: number): void {
  while (inbox.oldest <= upTo) {
    const row = inboxChunkRow(inbox.client, inbox.oldest)
    const chunk = rows.get(row)
    if (chunk === undefined) throw new Error('an inbox chunk is missing')
    const next = inbox.oldest + chunkCount(chunk)
    if (next > upTo + 1) return
    rows.put(row, undefined)
    inbox.oldest = next
  }
}

/** Writes what was added as chunks, but for what was settled or dropped in the same group. */
function writeAdded(rows: Rows, inbox: OpenInbox): void {
  const gone = Math.max(0, inbox.settledTo - inbox.storedTo)
  let first = inbox.storedTo + gone + 1
  if (inbox.oldest > inbox.storedTo) inbox.oldest = first
  for (const entries of chunksOf(inbox.added.slice(gone))) {
    rows.put(inboxChunkRow(inbox.client, first), encodeChunk(entries))
    first += entries.length
  }
}

function stored(client: string, head: StoredInboxHead): OpenInbox {
  return { client, isKnown: true, ...head, storedTo: head.last, added: [] }
}

function nothing(client: string): OpenInbox {
  const head = { last: 0, settledTo: 0, releasedTo: 0, dropped: 0, epoch: 0, holder: '', oldest: 1 }
  return { client, isKnown: false, ...head, storedTo: 0, added: [] }
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
    bytes += entry.size
  }
  return chunks
}
