/**
 * The inboxes that a group of commits touches. Each head is read once and written once for the whole group, and what a device is given by many
 * commits of the group becomes one chunk. A chunk goes when all of its entries are settled or dropped; until then its head hides them.
 */
import type { Delivery, Settlement } from '../contract.js'
import type { Rows } from './group-rows.js'
import { chunkCount, decodeInboxHead, encodeChunk, encodeInboxHead, entryBytes, type NewEntry, type StoredInboxHead } from './inbox-rows.js'
import { inboxChunkRow, inboxHeadRow } from './row-keys.js'

/** An inbox during a group: its marks as the commits move them, and what is not yet in a chunk. */
interface OpenInbox {
  readonly client: string
  /** False before the first delivery ever and after the inbox was cleared. */
  isKnown: boolean
  last: number
  settledTo: number
  releasedTo: number
  dropped: number
  oldest: number
  /** Number of the newest entry that lies in a chunk already. */
  storedTo: number
  /** The entries after `storedTo`. */
  added: NewEntry[]
}

/** A chunk takes no further entry once it holds this much, so that settling frees space steadily. */
const chunkLimit = { entries: 128, bytes: 32_768 }

export class GroupInboxes {
  readonly #rows: Rows
  readonly #limit: number
  readonly #open = new Map<string, OpenInbox>()

  constructor(rows: Rows, limit: number) {
    this.#rows = rows
    this.#limit = limit
  }

  clear(client: string): void {
    const inbox = this.#take(client)
    this.#removeChunks(inbox, inbox.storedTo)
    Object.assign(inbox, nothing(client))
  }

  /** Moves marks forward, at most to the newest entry; an inbox that is not there stays so. */
  settle({ client, settledTo, releasedTo }: Settlement): void {
    const inbox = this.#take(client)
    inbox.settledTo = Math.max(inbox.settledTo, Math.min(settledTo, inbox.last))
    inbox.releasedTo = Math.max(inbox.releasedTo, Math.min(releasedTo, inbox.last))
  }

  /** Adds an entry, dropping the oldest if the inbox is full, and returns its number. */
  add(delivery: Delivery, messageId: number): number {
    const inbox = this.#take(delivery.client)
    inbox.isKnown = true
    inbox.last += 1
    inbox.added.push({ delivery, messageId })
    const overflow = inbox.last - this.#limit - inbox.settledTo
    if (overflow > 0) {
      inbox.settledTo += overflow
      inbox.dropped += overflow
    }
    return inbox.last
  }

  /** Writes heads and chunks, and removes chunks of which nothing is owed any more. */
  write(): void {
    for (const inbox of this.#open.values()) {
      this.#removeChunks(inbox, Math.min(inbox.settledTo, inbox.storedTo))
      this.#writeAdded(inbox)
      this.#rows.put(inboxHeadRow(inbox.client), inbox.isKnown ? encodeInboxHead(inbox) : undefined)
    }
  }

  #take(client: string): OpenInbox {
    let inbox = this.#open.get(client)
    if (inbox === undefined) {
      inbox = this.#read(client)
      this.#open.set(client, inbox)
    }
    return inbox
  }

  #read(client: string): OpenInbox {
    const bytes = this.#rows.get(inboxHeadRow(client))
    if (bytes === undefined) return nothing(client)
    const head: StoredInboxHead = decodeInboxHead(bytes)
    return { client, isKnown: true, ...head, storedTo: head.last, added: [] }
  }

  /** Removes the chunks that end at or before `upTo`, from the oldest on. */
  #removeChunks(inbox: OpenInbox, upTo: number): void {
    while (inbox.oldest <= upTo) {
      const row = inboxChunkRow(inbox.client, inbox.oldest)
      const chunk = this.#rows.get(row)
      if (chunk === undefined) throw new Error('an inbox chunk is missing')
      const next = inbox.oldest + chunkCount(chunk)
      if (next > upTo + 1) return
      this.#rows.put(row, undefined)
      inbox.oldest = next
    }
  }

  #writeAdded(inbox: OpenInbox): void {
    const gone = Math.max(0, Math.min(inbox.settledTo - inbox.storedTo, inbox.added.length))
    let first = inbox.storedTo + gone + 1
    if (inbox.oldest > inbox.storedTo) inbox.oldest = first
    for (const entries of chunksOf(inbox.added.slice(gone))) {
      this.#rows.put(inboxChunkRow(inbox.client, first), encodeChunk(entries))
      first += entries.length
    }
  }
}

function nothing(client: string): OpenInbox {
  return { client, isKnown: false, last: 0, settledTo: 0, releasedTo: 0, dropped: 0, oldest: 1, storedTo: 0, added: [] }
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
    bytes += entryBytes(entry.delivery)
  }
  return chunks
}
