import { limits } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { type MessageDocument, messages } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { readClearance } from '../../views/clearance.js'
import { walkFeed } from '../../views/feed-walk.js'
import { type Feed, isVisible, type PlacedMessage } from '../../views/message-view.js'

/** Entries looked at for one page; a page of which more are passed over ends early, and `next` goes on from there. */
const maxScanned = 4_000
/** The same where only some kind of message is asked for. */
const maxFiltered = 10_000
/** The same in bytes of messages. */
const maxScannedBytes = 4 * 1024 * 1024
/** Entries read at once at least, so that a feed with many hidden ones takes few reads. */
const minRead = 50
const minReadFiltered = 500

/** A stretch of a feed as somebody sees it. */
export interface PageQuery {
  readonly feed: Feed
  readonly viewer: PhoneId
  /** Entries wanted; negative towards the older. */
  readonly size: number
  /** Where to begin, inclusive; 0 at the end of the feed that the direction leads away from. */
  readonly from: number
  /** Messages up to this one are left out, whatever they are. */
  readonly after?: number
  /** Only these; all that the viewer may see if left out. */
  readonly filter?: (document: MessageDocument) => boolean
  /** Bytes of stored messages that it holds at most, if it is more than one; `limits.historyPageBytes` unless said. */
  readonly bytes?: number
}

export interface Page {
  /** Ascending. */
  readonly messages: readonly PlacedMessage[]
  /** Id to continue with in the same direction, 0 at the end of the feed. */
  readonly next: number
  /**
   * A page that is short although more follows: of so many bytes, or because too much that its reader is not shown lay between. v11 has no `next`
   * and takes a short page for the end: the answer to such a one says in `entity_id` where to go on instead of where it began.
   */
  readonly isCut: boolean
}

/** The messages of a stretch of a feed that its viewer may see. @see docs/decisions/0070-history-pages.md, 0123-cleared-feeds.md, 0190-bytes-of-pages-and-batches.md */
export async function readPage(facts: FactReader, query: PageQuery): Promise<Page> {
  const wanted = Math.abs(query.size)
  const { seen, rest, isAtEntry } = await collect(facts, await newSearch(facts, query), wanted)
  const isOlder = query.size < 0
  const ends = await readEnds(facts, query.feed.name, { first: seen[0], rest, isOlder, isAtEntry })
  const found = seen.flatMap(({ id, previous, document }, i) => {
    if (document === undefined) return []
    const next = (isOlder ? seen[i - 1] : seen[i + 1])?.id ?? ends
    return [{ document, place: { id, previous, next } }]
  })
  return { messages: isOlder ? found.reverse() : found, next: rest, isCut: rest !== 0 && found.length < wanted }
}

interface Search {
  readonly feed: string
  readonly direction: 'older' | 'newer'
  readonly from: number
  /** Nothing up to this id is wanted. */
  readonly floor: number
  readonly readAtOnce: number
  readonly most: number
  readonly bytes: number
  isWanted(id: number, document: MessageDocument): boolean
}

async function newSearch(
  facts: FactReader,
  { feed, viewer, size, from, after = 0, filter, bytes = limits.historyPageBytes }: PageQuery,
): Promise<Search> {
  const floor = Math.max(after, await readClearance(facts, feed, viewer))
  const direction = size > 0 ? 'newer' : 'older'
  return {
    feed: feed.name,
    direction,
    from: direction === 'newer' && floor > 0 ? Math.max(from, floor + 1) : from,
    floor,
    readAtOnce: filter === undefined ? minRead : minReadFiltered,
    most: filter === undefined ? maxScanned : maxFiltered,
    bytes,
    isWanted: (id, document) => id > floor && isVisible(document, viewer) && (filter === undefined || filter(document)),
  }
}

/** An entry that has been looked at. Of one that is passed over nothing is kept but its place. */
interface Seen {
  readonly id: number
  readonly previous: number
  readonly document: MessageDocument | undefined
}

interface Collected {
  /** In the order of reading. */
  readonly seen: readonly Seen[]
  /** Where reading would go on, 0 if the feed ends. */
  readonly rest: number
  /** At `rest` there is an entry for certain, and the next one that is wanted. */
  readonly isAtEntry: boolean
}

/** Reads on until so many wanted messages are found, or as many bytes of them, the feed ends, or as many entries as allowed have been seen. */
async function collect(facts: FactReader, search: Search, wanted: number): Promise<Collected> {
  const { feed, isWanted, readAtOnce, most } = search
  const walk = walkFeed(facts, feed, search)
  const seen: Seen[] = []
  let [found, bytes, scanned] = [0, 0, 0]
  do {
    for (const { id, previous, message } of await walk.next(Math.max(wanted + 1 - found, readAtOnce))) {
      const document = messages.decode(message)
      scanned += message.byteLength
      const isFound = isWanted(id, document)
      if (isFound) {
        bytes += message.byteLength
        if (found === wanted || (found > 0 && bytes > search.bytes)) return { seen, rest: id, isAtEntry: true }
        found += 1
      }
      seen.push({ id, previous, document: isFound ? document : undefined })
    }
  } while (walk.rest !== 0 && seen.length < most && scanned < maxScannedBytes)
  return { seen, rest: walk.rest, isAtEntry: false }
}

interface Ends {
  readonly first: Seen | undefined
  readonly rest: number
  readonly isOlder: boolean
  readonly isAtEntry: boolean
}

/** Id of the entry after the newest that has been seen; 0 if there is none. */
async function readEnds(facts: FactReader, feed: string, { first, rest, isOlder, isAtEntry }: Ends): Promise<number> {
  if (first === undefined) return 0
  if (!isOlder && (isAtEntry || rest === 0)) return rest
  const [after] = await facts.feedPage(feed, { from: isOlder ? first.id + 1 : rest, direction: 'newer', limit: 1 })
  return after?.id ?? 0
}
