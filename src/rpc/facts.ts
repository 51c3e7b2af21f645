import type { Appended, Bytes, Check, FeedEntry, FeedHead, Key, Stamps, StoreReader } from '../store/contract.js'
import { messageKey, scopeOfFeed, scopeOfKey } from '../store/contract.js'
import type { Table } from './documents/index.js'
import { type Dependencies, isUnchanged, type ReadCache, remember, restsOn } from './read-cache.js'

/** Thrown by a reader whose answer depends on messages that the present batch has decided on but not yet numbered: commit, then ask again. */
export class CommitFirst extends Error {
  override readonly name = 'CommitFirst'
}

/** A document of a scan, with the parts of its key. */
export interface Scanned<KeyParts, Document> {
  readonly key: KeyParts
  readonly document: Document
}

/** A stretch of a feed, see `StoreReader.feedPage`. */
export interface FeedStretch {
  readonly from: number
  readonly direction: 'older' | 'newer'
  readonly limit: number
}

/** Reads stored facts for a handler. What is read with `get` is checked at commit; what is read with the others may change meanwhile. */
export interface FactReader {
  /** A fact the decision rests on: if it changes before the commit, the handler runs again. */
  get<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** A fact that is only shown, not decided on. */
  peek<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** Documents whose key begins with `parts` (the partition at least), ascending, at most `limit`; not checked. */
  scan<K extends readonly string[], D>(table: Table<K, D>, parts: readonly string[], limit: number): Promise<readonly Scanned<K, D>[]>
  feedHead(feed: string): Promise<FeedHead>
  feedPlace(feed: string, id: number): Promise<Appended | undefined>
  feedPage(feed: string, page: FeedStretch): Promise<readonly FeedEntry[]>
  /**
   * What `build` makes of facts that are only shown, kept under `name` until one of them changes. `build` must depend on nothing but `name`
   * and what it reads through the reader it is given.
   */
  memo<T extends object | undefined>(name: string, build: (facts: FactReader) => Promise<T>): Promise<T>
  /** Names the present start of the server; presence documents of another start are void. */
  readonly boot: string
}

/** What a batch of requests has decided so far: later requests of the batch see it although it is not committed. */
export interface Overlay {
  readonly puts: Map<Key, Bytes | undefined>
  readonly appendedFeeds: Set<string>
  /** Documents that will hold the number of such a message. */
  readonly numbered: Set<Key>
  /** Scopes in which something has changed, see `Stamps`; views that rest on them are made anew. */
  readonly scopes: Set<string>
}

export function emptyOverlay(): Overlay {
  return { puts: new Map(), appendedFeeds: new Set(), numbered: new Set(), scopes: new Set() }
}

export interface ReaderParts {
  readonly store: StoreReader
  readonly overlay: Overlay
  readonly cache: ReadCache
  readonly boot: string
}

/** A reader for one request, and the checks its reading has made necessary. */
export function newFactReader(parts: ReaderParts): { readonly reader: FactReader; readonly checks: Check[] } {
  const checks: Check[] = []
  return { reader: readerFor(parts, checks, undefined), checks }
}

/** A reader; `dependencies` are noted where what is read is being memoized. */
function readerFor(parts: ReaderParts, checks: Check[], dependencies: Dependencies | undefined): FactReader {
  const { store, overlay, cache, boot } = parts
  const { stamps } = store

  /** The stamp of a scope, taken before it is read. */
  function begin(scope: string): { readonly slot: number; readonly stamp: number } {
    if (stamps === undefined) return noStamp
    const slot = stamps.slotOf(scope)
    const stamp = stamps.at(slot)
    dependencies?.push(slot, stamp)
    return { slot, stamp }
  }

  async function read<K extends readonly string[], D>(table: Table<K, D>, key: Key, isChecked: boolean): Promise<D | undefined> {
    if (overlay.numbered.has(key)) throw new CommitFirst(key)
    if (overlay.puts.has(key)) {
      const bytes = overlay.puts.get(key)
      return bytes === undefined ? undefined : table.decode(bytes)
    }
    const known = cache.rows.get(key)
    if (known !== undefined && stamps?.at(known.slot) === known.stamp) {
      dependencies?.push(known.slot, known.stamp)
      if (isChecked) checks.push({ key, was: known.bytes })
      return known.document as D | undefined
    }
    const { slot, stamp } = begin(scopeOfKey(key))
    const bytes = await store.get(key)
    if (isChecked) checks.push({ key, was: bytes })
    const isSame = known?.bytes !== undefined && bytes !== undefined && Buffer.compare(known.bytes, bytes) === 0
    const document = isSame ? (known.document as D) : bytes === undefined ? undefined : table.decode(bytes)
    remember(cache, key, { bytes, document, slot, stamp })
    return document
  }

  async function scan<K extends readonly string[], D>(
    table: Table<K, D>,
    parts: readonly string[],
    limit: number,
  ): Promise<readonly Scanned<K, D>[]> {
    const prefix = table.prefix(...parts)
    begin(scopeOfKey(prefix))
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

  function beginFeed(feed: string): void {
    if (overlay.appendedFeeds.has(feed)) throw new CommitFirst(feed)
    begin(scopeOfFeed(feed))
  }

  async function memo<T extends object | undefined>(name: string, build: (facts: FactReader) => Promise<T>): Promise<T> {
    if (stamps === undefined) return build(reader)
    const changed = changedSlots(overlay, stamps)
    const known = cache.views.get(name)
    if (known !== undefined && isUnchanged(known.dependencies, stamps) && !restsOn(known.dependencies, changed)) {
      dependencies?.push(...known.dependencies)
      return known.view as T
    }
    const own: Dependencies = []
    const view = await build(readerFor(parts, checks, own))
    dependencies?.push(...own)
    if (!restsOn(own, changed)) cache.views.set(name, view, own)
    return view
  }

  const reader: FactReader = {
    boot,
    get: (table, ...key) => read(table, table.key(...key), true),
    peek: (table, ...key) => read(table, table.key(...key), false),
    scan,
    async feedHead(feed) {
      beginFeed(feed)
      return store.feedHead(feed)
    },
    async feedPlace(feed, id) {
      beginFeed(feed)
      return store.feedPlace(feed, id)
    },
    async feedPage(feed, page) {
      beginFeed(feed)
      const entries = await store.feedPage(feed, page)
      return entries.map((entry) => {
        const key = messageKey(entry.id)
        begin(scopeOfKey(key))
        return { ...entry, message: overlay.puts.get(key) ?? entry.message }
      })
    },
    memo,
  }
  return reader
}

function changedSlots({ scopes }: Overlay, stamps: Stamps): readonly number[] {
  return scopes.size === 0 ? [] : [...scopes].map((scope) => stamps.slotOf(scope))
}

const noStamp = { slot: -1, stamp: -1 } as const
