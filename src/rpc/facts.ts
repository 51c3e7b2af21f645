import { type Appended, type Bytes, type Check, type FeedEntry, type FeedHead, type Key, messageKey, type StoreReader } from '../store/contract.js'
import type { Table } from './documents/index.js'

/** Thrown by a reader whose answer depends on messages that the present batch has decided on but not yet numbered: commit, then ask again. */
export class CommitFirst extends Error {
  override readonly name = 'CommitFirst'
}

/** A document of a scan, with the parts of its key. */
export interface Scanned<KeyParts, Document> {
  readonly key: KeyParts
  readonly document: Document
}

/** Reads stored facts for a handler. What is read with `get` is checked at commit; what is read with the others may change meanwhile. */
export interface FactReader {
  /** A fact the decision rests on: if it changes before the commit, the handler runs again. */
  get<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** A fact that is only shown, not decided on. */
  peek<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** Documents whose key begins with `parts`, ascending, at most `limit`; not checked. */
  scan<K extends readonly string[], D>(
    table: Table<K, D>,
    parts: readonly string[],
    limit: number,
  ): Promise<readonly Scanned<K, D>[]>
  feedHead(feed: string): Promise<FeedHead>
  feedPlace(feed: string, id: number): Promise<Appended | undefined>
  /** See `StoreReader.feedPage`. */
  feedPage(feed: string, page: { readonly from: number; readonly direction: 'older' | 'newer'; readonly limit: number }): Promise<readonly FeedEntry[]>
  /** Names the present start of the server; presence documents of another start are void. */
  readonly boot: string
}

/** What a batch of requests has decided so far: later requests of the batch see it although it is not committed. */
export interface Overlay {
  readonly puts: Map<Key, Bytes | undefined>
  readonly appendedFeeds: Set<string>
  /** Documents that will hold the number of such a message. */
  readonly numbered: Set<Key>
}

export function emptyOverlay(): Overlay {
  return { puts: new Map(), appendedFeeds: new Set(), numbered: new Set() }
}

/** Decoded documents by key, reused while the stored bytes are the same. Bounded: the oldest half goes when it is full. */
export interface DecodeCache {
  readonly capacity: number
  readonly rows: Map<Key, { readonly bytes: Bytes; readonly document: unknown }>
}

export function newDecodeCache(capacity: number): DecodeCache {
  return { capacity, rows: new Map() }
}

function decodeCached<K extends readonly string[], D>(cache: DecodeCache, table: Table<K, D>, key: Key, bytes: Bytes): D {
  const known = cache.rows.get(key)
  if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) return known.document as D
  const document = table.decode(bytes)
  if (cache.rows.size >= cache.capacity) dropOldestHalf(cache)
  cache.rows.set(key, { bytes, document })
  return document
}

function dropOldestHalf({ rows, capacity }: DecodeCache): void {
  let left = capacity >> 1
  for (const key of rows.keys()) {
    if (left-- === 0) return
    rows.delete(key)
  }
}

export interface ReaderParts {
  readonly store: StoreReader
  readonly overlay: Overlay
  readonly cache: DecodeCache
  readonly boot: string
}

/** A reader for one request, and the checks its reading has made necessary. */
export function newFactReader({ store, overlay, cache, boot }: ReaderParts): { readonly reader: FactReader; readonly checks: Check[] } {
  const checks: Check[] = []

  async function read<K extends readonly string[], D>(table: Table<K, D>, key: Key, isChecked: boolean): Promise<D | undefined> {
    if (overlay.numbered.has(key)) throw new CommitFirst(key)
    if (overlay.puts.has(key)) {
      const bytes = overlay.puts.get(key)
      return bytes === undefined ? undefined : table.decode(bytes)
    }
    const bytes = await store.get(key)
    if (isChecked) checks.push({ key, was: bytes })
    return bytes === undefined ? undefined : decodeCached(cache, table, key, bytes)
  }

  async function scan<K extends readonly string[], D>(table: Table<K, D>, parts: readonly string[], limit: number): Promise<readonly Scanned<K, D>[]> {
    const prefix = table.prefix(...parts)
    const rows = new Map((await store.scan(prefix, { limit })).map(({ key, value }) => [key, value]))
    let isChanged = false
    for (const [key, value] of overlay.puts) {
      if (!key.startsWith(prefix)) continue
      isChanged = true
      if (value === undefined) rows.delete(key)
      else rows.set(key, value)
    }
    const ascending = isChanged ? [...rows].sort(([a], [b]) => (a < b ? -1 : 1)) : [...rows]
    return ascending.slice(0, limit).map(([key, value]) => ({ key: table.partsOf(key), document: table.decode(value) }))
  }

  function refuseUncommitted(feed: string): void {
    if (overlay.appendedFeeds.has(feed)) throw new CommitFirst(feed)
  }

  const reader: FactReader = {
    boot,
    get: (table, ...key) => read(table, table.key(...key), true),
    peek: (table, ...key) => read(table, table.key(...key), false),
    scan,
    async feedHead(feed) {
      refuseUncommitted(feed)
      return store.feedHead(feed)
    },
    async feedPlace(feed, id) {
      refuseUncommitted(feed)
      return store.feedPlace(feed, id)
    },
    async feedPage(feed, page) {
      refuseUncommitted(feed)
      const entries = await store.feedPage(feed, page)
      return entries.map((entry) => ({ ...entry, message: overlay.puts.get(messageKey(entry.id)) ?? entry.message }))
    },
  }
  return { reader, checks }
}
