import type { Bytes, Key, Put, PutNumber, Stamps } from '../store/contract.js'
import { forgetOldest } from './bounded-memo.js'

/** Slots and the stamps they had: slot, stamp, slot, stamp … */
export type Dependencies = number[]

/** Stands for a document that has not been decoded yet. */
export const notDecoded = Symbol('not decoded')

export interface CachedRow {
  readonly bytes: Bytes | undefined
  /** What `bytes` say; `notDecoded` until somebody asks. */
  document: unknown
  readonly slot: number
  readonly stamp: number
  /** The batch that last took it for a checked fact: its commit checks it already. */
  checkedBy?: number
}

interface CachedView {
  readonly view: object | undefined
  readonly dependencies: Dependencies
  /** Of what it was made of. */
  readonly bytes: number
}

/**
 * What a worker keeps of what it has read: decoded documents, used again while their stamp (see `Stamps`) or at least their bytes are the
 * same, and views made of many facts, used again while all of them are the same. Bounded in number and bytes; the oldest half of the documents
 * goes when there are too many.
 */
export interface ReadCache {
  readonly capacity: number
  readonly rows: Map<Key, CachedRow>
  /** Bytes of `rows`, or more: what is removed one by one stays counted until the oldest half goes. */
  rememberedBytes: number
  readonly views: ViewCache
}

interface ViewCache {
  get(name: string): CachedView | undefined
  set(name: string, view: object | undefined, dependencies: Dependencies, bytes: number): void
}

/** Bytes of documents that are remembered before the oldest half goes. */
const maxRowBytes = 32 * 1024 * 1024
/** Bytes of what all views were made of. */
const maxViewBytes = 64 * 1024 * 1024

/** @param capacity documents kept; views are kept while they rest on at most 16 times as many facts together */
export function newReadCache(capacity: number): ReadCache {
  return { capacity, rows: new Map(), rememberedBytes: 0, views: newViewCache(capacity * 16) }
}

export function remember(cache: ReadCache, key: Key, row: CachedRow): void {
  const before = cache.rows.get(key)
  if (before === undefined && cache.rows.size >= cache.capacity) forgetHalf(cache)
  cache.rows.set(key, row)
  cache.rememberedBytes += bytesOf(row) - (before === undefined ? 0 : bytesOf(before))
  if (cache.rememberedBytes > maxRowBytes) forgetHalf(cache)
}

function forgetHalf(cache: ReadCache): void {
  forgetOldest(cache.rows, Math.ceil(cache.rows.size / 2))
  cache.rememberedBytes = 0
  for (const row of cache.rows.values()) cache.rememberedBytes += bytesOf(row)
}

const bytesOf = ({ bytes }: CachedRow): number => bytes?.byteLength ?? 0

/**
 * After a commit: what it has put is as it put it, until somebody else commits; what it was numbered by is read again.
 * Only for caches that are used without stamps: a stamp that is already known would belie it.
 */
export function rememberCommit(cache: ReadCache, puts: readonly Put[], numbers: readonly PutNumber[]): void {
  for (const { key, value } of puts)
    remember(cache, key, { bytes: value, document: value === undefined ? undefined : notDecoded, slot: -1, stamp: -1 })
  for (const { key } of numbers) cache.rows.delete(key)
}

/** Whether nothing a view rests on may have changed. */
export function isUnchanged(dependencies: Dependencies, stamps: Stamps): boolean {
  for (let i = 0; i < dependencies.length; i += 2) if (stamps.at(dependencies[i] ?? 0) !== dependencies[i + 1]) return false
  return true
}

/** Whether a view rests on one of these slots. */
export function restsOn(dependencies: Dependencies, slots: readonly number[]): boolean {
  if (slots.length === 0) return false
  for (let i = 0; i < dependencies.length; i += 2) if (slots.includes(dependencies[i] ?? 0)) return true
  return false
}

/** Whether a record is a view that may be sent again as it is, so that its encoding is worth keeping. */
export function isView(record: object): boolean {
  return views.has(record)
}

const views = new WeakSet<object>()

function newViewCache(maxFacts: number): ViewCache {
  const known = new Map<string, CachedView>()
  let [facts, all] = [0, 0]
  return {
    get: (name) => known.get(name),
    set(name, view, dependencies, bytes) {
      const before = known.get(name)
      facts += dependencies.length - (before?.dependencies.length ?? 0)
      all += bytes - (before?.bytes ?? 0)
      known.set(name, { view, dependencies, bytes })
      if (view !== undefined) views.add(view)
      while (facts > maxFacts * 2 || all > maxViewBytes) {
        const [oldest] = known
        if (oldest === undefined) return
        known.delete(oldest[0])
        facts -= oldest[1].dependencies.length
        all -= oldest[1].bytes
      }
    },
  }
}
