import { encode, type History, limits, type Message, record } from '../../../protocol/index.js'
import type { FeedEntry } from '../../../store/contract.js'
import type { PhoneId } from '../../../topics/index.js'
import { contacts, type MessageDocument, messages } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse, type Refused } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type Feed, feedKeyRecord, feedOfKey, isVisible, messageRecord, type PlacedMessage } from '../../views/message-view.js'
import { readParties } from '../message/feed-access.js'
import { ownRoster } from './own-roster.js'

/** Entries looked at for one page; a page of which more are hidden ends early, and `next` goes on from there. */
const maxScanned = 4_000
/** Entries read at once at least, so that a feed with many hidden ones takes few reads. */
const minRead = 50
/** Bytes of an answer around its messages: tag, feed, numbers, in the longest codec. */
const envelopeBytes = 1_024

export interface HistoryPage {
  readonly kind: 'page'
  readonly owner: PhoneId
  readonly feed: Feed
  /** The caller belongs to the feed now, or did to this chat. */
  readonly isParty: boolean
  /** The feed exists. */
  readonly isKnown: boolean
  /** Ascending. */
  readonly messages: readonly PlacedMessage[]
  /** Id to continue with in the same direction, 0 at the end of the feed. */
  readonly next: number
}

/**
 * Answers with a page of a feed: ascending by id whatever the direction, in several answers where one payload does not hold it.
 * @refuses `not_authorized` if the roster is not own or no party of the feed; `invalid_data` for a malformed or unknown feed
 * @see docs/protocol/rpc.md 10, History/get; docs/decisions/0070-history-pages.md
 */
export const getHistory = handler<History, HistoryPage | Refused>({
  async read({ record: { roster_id, feed: key, size, entity_id }, caller, context }, facts) {
    if (key === null || (key.tag !== 'p2p' && key.tag !== 'muc')) return refuse('invalid_data', 'not the feed of a chat or a room')
    const feed = feedOfKey(key)
    if (feed === undefined) return refuse('invalid_data', 'the feed is malformed')
    const owner = ownRoster(caller, roster_id)
    if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
    const standing = await readStanding(facts, feed, owner)
    if (!standing.isParty) return { kind: 'page', owner, feed, ...standing, messages: [], next: 0 }
    const page = await readPage(facts, feed, owner, { size: pageSize(size, context.limits.historyPage), from: entity_id ?? 0 })
    return { kind: 'page', owner, feed, ...standing, ...page }
  },
  decide: (request, page) => (page.kind === 'refused' ? page : decideHistory(request, page)),
})

/** Negative: towards the older. */
function pageSize(asked: number | null, most: number): number {
  if (asked === null || asked === 0) return -limits.historyPageDefault
  return Math.max(-most, Math.min(most, asked))
}

async function readStanding(facts: FactReader, feed: Feed, owner: PhoneId): Promise<Pick<HistoryPage, 'isParty' | 'isKnown'>> {
  const parties = await readParties(facts, feed)
  const isParty = parties.byRoster.has(owner)
  if (feed.kind === 'room') return { isParty, isKnown: parties.list.length > 0 }
  if (!isParty) return { isParty, isKnown: true }
  const other = feed.left === owner ? feed.right : feed.left
  const isKnown = (await facts.peek(contacts, owner, other)) !== undefined || (await facts.feedHead(feed.name)).count > 0
  return { isParty, isKnown }
}

interface PageQuery {
  readonly size: number
  readonly from: number
}

async function readPage(facts: FactReader, feed: Feed, viewer: PhoneId, query: PageQuery): Promise<Pick<HistoryPage, 'messages' | 'next'>> {
  const wanted = Math.abs(query.size)
  const { entries, rest } = await collect(facts, feed.name, viewer, query)
  const visible = (await linkEntries(facts, feed.name, entries)).filter(({ document }) => isVisible(document, viewer))
  if (query.size > 0) return { messages: visible.slice(0, wanted), next: visible[wanted]?.place.id ?? rest }
  const surplus = Math.max(0, visible.length - wanted)
  return { messages: visible.slice(surplus), next: visible[surplus - 1]?.place.id ?? rest }
}

interface Entry {
  readonly entry: FeedEntry
  readonly document: MessageDocument
}

interface Collected {
  /** Ascending, the hidden ones among them. */
  readonly entries: readonly Entry[]
  /** Where reading would go on, 0 if the feed ends. */
  readonly rest: number
}

/** Reads on until one more visible message than asked for is found, the feed ends, or {@link maxScanned} entries have been seen. */
async function collect(facts: FactReader, feed: string, viewer: PhoneId, { size, from }: PageQuery): Promise<Collected> {
  const direction = size > 0 ? 'newer' : 'older'
  const wanted = Math.abs(size) + 1
  let entries: readonly Entry[] = []
  let visible = 0
  let rest = from
  do {
    const limit = Math.max(wanted - visible, minRead)
    const page = await facts.feedPage(feed, { from: rest, direction, limit })
    const read = page.map((entry) => ({ entry, document: messages.decode(entry.message) }))
    entries = direction === 'newer' ? [...entries, ...read] : [...read, ...entries]
    visible += read.filter(({ document }) => isVisible(document, viewer)).length
    rest = restAfter(page, direction, limit)
  } while (rest !== 0 && visible < wanted && entries.length < maxScanned)
  return { entries, rest }
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

/** The pure half of {@link getHistory}. */
export function decideHistory({ record: asked, caller }: Request<History>, page: HistoryPage): Outcome {
  if (!page.isKnown) return refuse('invalid_data', 'there is no such feed')
  if (!page.isParty) return refuse('not_authorized', 'not a party of the feed')
  const encoding = { codec: caller.codec, dialect: caller.dialect }
  const records = page.messages.map(({ place, document }) => messageRecord(place, document))
  const slices = slice(records, (message) => encode(message, encoding).length, limits.payloadBytes - envelopeBytes)
  const head = {
    roster_id: page.owner,
    feed: feedKeyRecord(page.feed.name),
    size: asked.size,
    next: page.next,
    entity_id: asked.entity_id,
    status: 'get',
  } as const
  return accept({ sends: slices.map((data) => answer(record('History', { ...head, data }))) })
}

/** Cuts messages into runs of at most `maxBytes`; at least one run, and at least one message in each if there are any. */
function slice(messages: readonly Message[], bytesOf: (message: Message) => number, maxBytes: number): readonly (readonly Message[])[] {
  const slices: Message[][] = [[]]
  let left = maxBytes
  for (const message of messages) {
    const bytes = bytesOf(message)
    const current = slices.at(-1)
    if (current === undefined || (current.length > 0 && bytes > left)) {
      slices.push([message])
      left = maxBytes - bytes
    } else {
      current.push(message)
      left -= bytes
    }
  }
  return slices
}
