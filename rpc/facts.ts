import type { Appended, FeedEntry, FeedHead, Key } from '../store/contract.js'
import type { StrangersLearn } from './strangers-learn.js'
import type { Table } from './documents/index.js'
import type { Bytes } from '../store/contract.js'

/** Thrown by a reader whose answer depends on what the present batch has decided on but not yet stored or numbered: commit, then ask again. */
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
  /** Of messages, {@link stretchBytes} unless said. */
  readonly bytes?: number
}

/** Bytes of messages that a handler reads at once, and no more: as many as a page of history has. */
export const stretchBytes = 1024 * 1024

/** Which rows of a table are read: their key begins with `parts`, and the level behind these with `begins`. */
export interface PageOfRows {
  readonly parts: readonly string[]
  readonly begins: string
  readonly limit: number
  /** Where a page before this one ended. */
  readonly after?: Key
}

/** A page of keys, ascending; `next` is where the next page goes on, undefined at the end. */
export interface PageOfKeys<KeyParts> {
  readonly keys: readonly KeyParts[]
  readonly next: Key | undefined
}

/** Reads stored facts for a handler. What is read with `get` is checked at commit; what is read with the others may change meanwhile. */
export interface FactReader {
  /** A fact the decision rests on: if it changes before the commit, the handler runs again. */
  get<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /**
   * A fact as of `get` that is hardly ever there: where nobody has the answer at hand it is presumed absent, and the commit finds out; then the
   * request runs again, and reads it.
   */
  getRare<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** A fact that is only shown, not decided on. */
  peek<K extends readonly string[], D>(table: Table<K, D>, ...key: K): Promise<D | undefined>
  /** Documents whose key begins with `parts` (the partition at least), ascending, at most `limit`; not checked. */
  scan<K extends readonly string[], D>(table: Table<K, D>, parts: readonly string[], limit: number): Promise<readonly Scanned<K, D>[]>
  /** The keys of a stretch of a table, page by page; not checked. */
  page<K extends readonly string[], D>(table: Table<K, D>, page: PageOfRows): Promise<PageOfKeys<K>>
  feedHead(feed: string): Promise<FeedHead>
  feedPlace(feed: string, id: number): Promise<Appended | undefined>
  feedPage(feed: string, page: FeedStretch): Promise<readonly FeedEntry[]>
  /**
   * What `build` makes of facts that are only shown, kept under `name` until one of them changes. `build` must depend on nothing but `name`
   * and what it reads through the reader it is given.
   */
  memo<T extends object | undefined>(name: string, build: (facts: FactReader) => Promise<T>): Promise<T>
  /** Names the present start of the server. */
  readonly boot: string
  readonly strangersLearn: StrangersLearn
  /** Whether the process of that start still serves its devices; what is noted of the devices of one that does not is void. */
  isLive(boot: string): boolean
}

/** What a batch of requests has decided so far: later requests of the batch see it although it is not committed. */
export interface Overlay {
  readonly puts: Map<Key, Bytes | undefined>
  readonly appendedFeeds: Set<string>
  /** Documents that will hold the number of such a message. */
  readonly numbered: Set<Key>
  /** Scopes in which something has changed, see `Stamps`; views that rest on them are made anew. */
  readonly scopes: Set<string>
  /** Tells this batch from all others of the thread. */
  readonly batch: number
}

let lastBatch = 0

export function emptyOverlay(): Overlay {
  return { puts: new Map(), appendedFeeds: new Set(), numbered: new Set(), scopes: new Set(), batch: ++lastBatch }
}

/** How much has been read: documents and their bytes, whether they came from the store or from what was remembered. */
export interface Weight {
  bytes: number
  rows: number
}

export function noWeight(): Weight {
  return { bytes: 0, rows: 0 }
}

/** A place among those who may hold large pages, see `newPagePlaces`. */
export interface PagePlace {
  /** Resolves when it is taken; undefined if it is at once. Taken twice is taken once. */
  take(): Promise<void> | undefined
  giveBack(): void
}
