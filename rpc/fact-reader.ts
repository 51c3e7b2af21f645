import {
  type Appended,
  type Bytes,
  type Check,
  type FeedEntry,
  type FeedHead,
  type Key,
  messageKey,
  scopeOfFeed,
  scopeOfKey,
  type Stamps,
  type StoreReader,
} from '../store/contract.js'
import type { Table } from './documents/index.js'
import {
  CommitFirst,
  type FactReader,
  type FeedStretch,
  noWeight,
  type Overlay,
  type PageOfKeys,
  type PageOfRows,
  type PagePlace,
  type Scanned,
  stretchBytes,
  type Weight,
} from './facts.js'
import { type CachedRow, type Dependencies, isUnchanged, notDecoded, type ReadCache, remember, restsOn } from './read-cache.js'
import type { StrangersLearn } from './strangers-learn.js'

export interface ReaderParts {
  readonly store: StoreReader
  readonly overlay: Overlay
  readonly cache: ReadCache
  readonly boot: string
  /** As an operator has it; by default the name. */
  readonly strangersLearn?: StrangersLearn
  /** Which processes are members of the cluster; where this is left out, there is none but this one. */
  readonly isLive?: (boot: string) => boolean
  /**
   * Without stamps nobody knows whether what is remembered still holds. Where a commit follows that checks it, checked facts may be taken from
   * the cache all the same (see `runBatch`); elsewhere everything is read anew.
   */
  readonly isCheckedLater?: boolean
  /** Nothing that this batch has presumed has been found wrong yet. */
  readonly mayPresume?: boolean
  /** What is read is added to it. */
  readonly weight?: Weight
  /** Taken before pages are read. */
  readonly place?: PagePlace | undefined
}

/** A page of more entries than this is read in a place of its own. */
const entriesWithoutPlace = 8

/**
 * A reader for one request, and the checks its reading makes necessary.
 * @param checks where they are put: of a batch without stamps, its own list, for what one request has had checked the next one takes for granted
 */
export function newFactReader(parts: ReaderParts, checks: Check[] = []): { readonly reader: FactReader; readonly checks: Check[] } {
  return { reader: new BatchReader(parts, { checks, dependencies: undefined, weight: parts.weight ?? noWeight() }), checks }
}

/** What a reader notes of what it reads. */
interface Notes {
  readonly checks: Check[]
  /** Noted where what is read is being memoized. */
  readonly dependencies: Dependencies | undefined
  readonly weight: Weight
}

/** Reads the store as a batch sees it. A class, because one is made for every request. */
class BatchReader implements FactReader {
  readonly #parts: ReaderParts
  readonly #checks: Check[]
  readonly #dependencies: Dependencies | undefined
  readonly #weight: Weight

  constructor(parts: ReaderParts, { checks, dependencies, weight }: Notes) {
    this.#parts = parts
    this.#checks = checks
    this.#dependencies = dependencies
    this.#weight = weight
  }

  get boot(): string {
    return this.#parts.boot
  }

  get strangersLearn(): StrangersLearn {
    return this.#parts.strangersLearn ?? 'name'
  }

  isLive(boot: string): boolean {
    const { isLive, boot: own } = this.#parts
    return isLive === undefined ? boot === own : isLive(boot)
  }

  get<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined> {
    return this.#read(table, table.key(...key), true)
  }

  async getRare<K extends readonly string[], D>(table: Table<K, D>, ...keyParts: K): Promise<D | undefined> {
    const key = table.key(...keyParts)
    const { store, overlay, cache, isCheckedLater, mayPresume } = this.#parts
    const isKnown = overlay.puts.has(key) || overlay.numbered.has(key) || cache.rows.has(key)
    if (isKnown || store.stamps !== undefined || isCheckedLater !== true || mayPresume !== true) return this.#read(table, key, true)
    this.#checks.push({ key, was: undefined })
    return undefined
  }

  peek<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined> {
    return this.#read(table, table.key(...key), false)
  }

  async scan<K extends readonly string[], D>(
    table: Table<K, D>,
    parts: readonly string[],
    limit: number,
  ): Promise<readonly Scanned<K, D>[]> {
    const prefix = table.prefix(...parts)
    this.#begin(scopeOfKey(prefix))
    const stored = await this.#parts.store.scan(prefix, { limit })
    for (const { value } of stored) this.#weigh(value)
    return changedRows(this.#parts.overlay, prefix, stored)
      .slice(0, limit)
      .map(({ key, value }) => ({ key: table.partsOf(key), document: table.decode(value) }))
  }

  async page<K extends readonly string[], D>(table: Table<K, D>, { parts, begins, limit, after }: PageOfRows): Promise<PageOfKeys<K>> {
    const prefix = table.prefix(...parts) + begins
    const { store, overlay } = this.#parts
    for (const key of overlay.puts.keys()) if (key.startsWith(prefix)) throw new CommitFirst(key)
    this.#begin(scopeOfKey(prefix))
    const rows = await store.scan(prefix, after === undefined ? { limit } : { limit, after })
    for (const { value } of rows) this.#weigh(value)
    return { keys: rows.map(({ key }) => table.partsOf(key)), next: rows.length < limit ? undefined : rows.at(-1)?.key }
  }

  async feedHead(feed: string): Promise<FeedHead> {
    this.#beginFeed(feed)
    return this.#parts.store.feedHead(feed)
  }

  async feedPlace(feed: string, id: number): Promise<Appended | undefined> {
    this.#beginFeed(feed)
    return this.#parts.store.feedPlace(feed, id)
  }

  async feedPage(feed: string, page: FeedStretch): Promise<readonly FeedEntry[]> {
    this.#beginFeed(feed)
    const { store, overlay, place } = this.#parts
    const waiting = page.limit > entriesWithoutPlace ? place?.take() : undefined
    if (waiting !== undefined) await waiting
    const entries = await store.feedPage(feed, { ...page, bytes: page.bytes ?? stretchBytes })
    return entries.map((entry) => {
      const key = messageKey(entry.id)
      this.#begin(scopeOfKey(key))
      this.#weigh(entry.message)
      return { ...entry, message: overlay.puts.get(key) ?? entry.message }
    })
  }

  async memo<T extends object | undefined>(name: string, build: (facts: FactReader) => Promise<T>): Promise<T> {
    const { store, overlay, cache } = this.#parts
    if (store.stamps === undefined) return build(this)
    const changed = changedSlots(overlay, store.stamps)
    const known = cache.views.get(name)
    if (known !== undefined && isUnchanged(known.dependencies, store.stamps) && !restsOn(known.dependencies, changed)) {
      this.#dependencies?.push(...known.dependencies)
      this.#weight.bytes += known.bytes
      return known.view as T
    }
    const own: Dependencies = []
    const weight = noWeight()
    const view = await build(new BatchReader(this.#parts, { checks: this.#checks, dependencies: own, weight }))
    this.#dependencies?.push(...own)
    this.#weight.bytes += weight.bytes
    this.#weight.rows += weight.rows
    if (!restsOn(own, changed)) cache.views.set(name, view, own, weight.bytes)
    return view
  }

  async #read<K extends readonly string[], D>(table: Table<K, D>, key: Key, isChecked: boolean): Promise<D | undefined> {
    const { store, overlay, cache } = this.#parts
    if (overlay.numbered.has(key)) throw new CommitFirst(key)
    if (overlay.puts.has(key)) {
      // A view of it rests on its scope like any other: it must not outlive the batch, nor miss a later change.
      this.#begin(scopeOfKey(key))
      const bytes = overlay.puts.get(key)
      return bytes === undefined ? undefined : table.decode(bytes)
    }
    const known = cache.rows.get(key)
    if (known !== undefined && this.#mayUse(known, isChecked)) {
      this.#weigh(known.bytes)
      this.#dependencies?.push(known.slot, known.stamp)
      if (isChecked) this.#check(key, known)
      return decoded(table, known)
    }
    const { slot, stamp } = this.#begin(scopeOfKey(key))
    const bytes = await store.get(key)
    this.#weigh(bytes)
    const isSame = known?.bytes !== undefined && bytes !== undefined && Buffer.compare(known.bytes, bytes) === 0
    const row = { bytes, document: isSame ? known.document : notDecoded, slot, stamp }
    remember(cache, key, row)
    if (isChecked) this.#check(key, row)
    return decoded(table, row)
  }

  #weigh(bytes: Bytes | undefined): void {
    this.#weight.rows += 1
    if (bytes !== undefined) this.#weight.bytes += bytes.byteLength
  }

  /** Requests of a batch rest on much the same facts. Without stamps, what one of them has read is checked whatever it came to: once is enough. */
  #check(key: Key, row: CachedRow): void {
    const { store, overlay } = this.#parts
    if (store.stamps === undefined) {
      if (row.checkedBy === overlay.batch) return
      row.checkedBy = overlay.batch
    }
    this.#checks.push({ key, was: row.bytes })
  }

  #mayUse(known: { readonly slot: number; readonly stamp: number }, isChecked: boolean): boolean {
    const { store, isCheckedLater } = this.#parts
    return store.stamps === undefined ? isChecked && isCheckedLater === true : store.stamps.at(known.slot) === known.stamp
  }

  #beginFeed(feed: string): void {
    if (this.#parts.overlay.appendedFeeds.has(feed)) throw new CommitFirst(feed)
    this.#begin(scopeOfFeed(feed))
  }

  /** The stamp of a scope, taken before it is read. */
  #begin(scope: string): { readonly slot: number; readonly stamp: number } {
    const { stamps } = this.#parts.store
    if (stamps === undefined) return noStamp
    const slot = stamps.slotOf(scope)
    const stamp = stamps.at(slot)
    this.#dependencies?.push(slot, stamp)
    return { slot, stamp }
  }
}

/** What a remembered row says; it is decoded once. */
function decoded<K extends readonly string[], D>(table: Table<K, D>, row: CachedRow): D | undefined {
  if (row.document === notDecoded) row.document = row.bytes === undefined ? undefined : table.decode(row.bytes)
  return row.document as D | undefined
}

/** Stored rows of a prefix with what the batch has changed among them, ascending. */
function changedRows({ puts }: Overlay, prefix: string, stored: readonly { readonly key: Key; readonly value: Bytes }[]): typeof stored {
  const changed = [...puts].filter(([key]) => key.startsWith(prefix))
  if (changed.length === 0) return stored
  const rows = new Map(stored.map(({ key, value }) => [key, value]))
  for (const [key, value] of changed) {
    if (value === undefined) rows.delete(key)
    else rows.set(key, value)
  }
  return [...rows].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1))
}

function changedSlots({ scopes }: Overlay, stamps: Stamps): readonly number[] {
  return scopes.size === 0 ? [] : [...scopes].map((scope) => stamps.slotOf(scope))
}

const noStamp = { slot: -1, stamp: -1 } as const
