import type { FeedEntry } from '../../../store/contract.js'
import type { PhoneId } from '../../../topics/index.js'
import { type MessageDocument, messages } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { readClearance } from '../../views/clearance.js'
import { type Feed, isVisible, type PlacedMessage } from '../../views/message-view.js'

/** Entries looked at for one page; a page of which more are passed over ends early, and `next` goes on from there. */
const maxScanned = 4_000
/** The same where only some kind of message is asked for. */
const maxFiltered = 10_000
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
}

export interface Page {
  /** Ascending. */
  readonly messages: readonly PlacedMessage[]
  /** Id to continue with in the same direction, 0 at the end of the feed. */
  readonly next: number
  /**
   * A page of some kind of messages that is short because too many others lay between them. v11 has no `next` and takes a short page for the
   * end: the answer to such a one says in `entity_id` where to go on instead of where it began.
   */
  readonly isCut: boolean
}

/** The messages of a stretch of a feed that its viewer may see. @see docs/decisions/0070-history-pages.md, 0123-cleared-feeds.md */
export async function readPage(facts: FactReader, query: PageQuery): Promise<Page> {
  const wanted = Math.abs(query.size)
  const walk = await newWalk(facts, query)
  const { entries, rest } = await collect(facts, walk, wanted + 1)
  const found = (await linkEntries(facts, query.feed.name, entries)).filter(({ place, document }) => walk.isWanted(place.id, document))
  const isCut = query.filter !== undefined && rest !== 0 && found.length < wanted
  if (query.size > 0) return { messages: found.slice(0, wanted), next: found[wanted]?.place.id ?? rest, isCut }
  const surplus = Math.max(0, found.length - wanted)
  return { messages: found.slice(surplus), next: found[surplus - 1]?.place.id ?? rest, isCut }
}

interface Walk {
  readonly feed: string
  readonly direction: 'older' | 'newer'
  readonly from: number
  /** Nothing up to this id is wanted. */
  readonly floor: number
  readonly readAtOnce: number
  readonly most: number
  isWanted(id: number, document: MessageDocument): boolean
}

async function newWalk(facts: FactReader, { feed, viewer, size, from, after = 0, filter }: PageQuery): Promise<Walk> {
  const floor = Math.max(after, await readClearance(facts, feed, viewer))
  const direction = size > 0 ? 'newer' : 'older'
  return {
    feed: feed.name,
    direction,
    from: direction === 'newer' && floor > 0 ? Math.max(from, floor + 1) : from,
    floor,
    readAtOnce: filter === undefined ? minRead : minReadFiltered,
    most: filter === undefined ? maxScanned : maxFiltered,
    isWanted: (id, document) => id > floor && isVisible(document, viewer) && (filter === undefined || filter(document)),
  }
}

interface Entry {
  readonly entry: FeedEntry
  readonly document: MessageDocument
}

interface Collected {
  /** Ascending, those that are passed over among them. */
  readonly entries: readonly Entry[]
  /** Where reading would go on, 0 if the feed ends. */
  readonly rest: number
}

/** Reads on until so many wanted messages are found, the feed ends, or as many entries as allowed have been seen. */
async function collect(facts: FactReader, walk: Walk, wanted: number): Promise<Collected> {
  const { feed, direction, isWanted, readAtOnce, most, floor } = walk
  const pages: (readonly Entry[])[] = []
  let found = 0
  let seen = 0
  let rest = walk.from
  do {
    const limit = Math.max(wanted - found, readAtOnce)
    const page = await facts.feedPage(feed, { from: rest, direction, limit })
    const read = page.map((entry) => ({ entry, document: messages.decode(entry.message) }))
    pages.push(read)
    found += read.filter(({ entry, document }) => isWanted(entry.id, document)).length
    seen += read.length
    rest = restAfter(page, direction, limit)
    // What lies at the floor or below is as good as not there.
    if (direction === 'older' && rest <= floor) rest = 0
  } while (rest !== 0 && found < wanted && seen < most)
  return { entries: (direction === 'newer' ? pages : pages.reverse()).flat(), rest }
}

function restAfter(page: readonly FeedEntry[], direction: 'older' | 'newer', limit: number): number {
  if (page.length < limit) return 0
  return direction === 'older' ? (page[0]?.previous ?? 0) : (page.at(-1)?.id ?? -1) + 1
}

async function linkEntries(facts: FactReader, feed: string, entries: readonly Entry[]): Promise<readonly PlacedMessage[]> {
  const last = entries.at(-1)
  if (last === undefined) return []
  const [after] = await facts.feedPage(feed, { from: last.entry.id + 1, direction: 'newer', limit: 1 })
  return entries.map(({ entry: { id, previous }, document }, i) => {
    const next = entries[i + 1]?.entry.id ?? after?.id ?? 0
    return { document, place: { id, previous, next } }
  })
}
