import type { FeedEntry } from '../../store/contract.js'
import type { FactReader } from '../facts.js'

/** Bytes of messages held at once while a feed is read through, where it is not a page that is asked for. */
const stretchBytes = 256 * 1024

/** A feed that is read through some entries at a time. */
export interface FeedWalk {
  /** Where reading goes on: an id, or the first that could be one; 0 at the end. */
  readonly rest: number
  /** The next entries in the order of reading: at most `limit`, and of so many bytes that they can be held; empty at the end only. */
  next(limit: number): Promise<readonly FeedEntry[]>
}

/** Which entries of a feed are read, and in which direction. */
export interface WalkedStretch {
  /** Where to begin, inclusive; 0 at the end of the feed that the direction leads away from. */
  readonly from: number
  readonly direction: 'older' | 'newer'
  /** Nothing up to this id is read for its own sake: towards the older it is the end. */
  readonly floor: number
  /** The newest message, where that is known: it is the end towards the newer. */
  readonly lastId?: number
}

/** Reads through a feed, never holding more than a stretch of it. */
export function walkFeed(facts: FactReader, feed: string, { from, direction, floor, lastId = Infinity }: WalkedStretch): FeedWalk {
  let rest = from

  function restAfter(entries: readonly FeedEntry[]): number {
    const last = entries.at(-1)
    if (last === undefined) return 0
    if (direction === 'older') return last.previous <= floor ? 0 : last.previous
    return last.id >= lastId ? 0 : last.id + 1
  }

  return {
    get rest() {
      return rest
    },
    async next(limit) {
      const page = await facts.feedPage(feed, { from: rest, direction, limit, bytes: stretchBytes })
      const entries = direction === 'older' ? [...page].reverse() : page
      rest = restAfter(entries)
      return entries
    },
  }
}
