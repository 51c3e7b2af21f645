import { type History, limits, record } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { contacts } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse, type Refused } from '../../outcome.js'
import { type Handler, handler, type Request } from '../../request.js'
import { type Feed, feedKeyRecord, feedOfKey, messageRecord } from '../../views/message-view.js'
import { readParties } from '../message/feed-access.js'
import { pageSize } from './listed.js'
import { ownRoster } from './own-roster.js'
import { type Page, type PageQuery, readPage } from './page.js'
import { slicesOf } from './slices.js'

export interface HistoryPage extends Page {
  readonly kind: 'page'
  readonly owner: PhoneId
  readonly feed: Feed
  /** The caller belongs to the feed now, or did to this chat. */
  readonly isParty: boolean
  /** The feed exists. */
  readonly isKnown: boolean
}

/** Reads the page a request asks for; `query.size` is within the limits and not 0. */
type ReadPage = (facts: FactReader, query: PageQuery) => Promise<Page>

/**
 * Answers with a page of a feed: ascending by id whatever the direction, in several answers where one payload does not hold it.
 * @refuses `not_authorized` if the roster is not own or no party of the feed; `invalid_data` for a malformed or unknown feed
 * @see docs/protocol/rpc.md 10, History/get; docs/decisions/0070-history-pages.md
 */
export const getHistory = historyHandler(readPage)

/** The same, of messages that have a part of one kind only: image, video … @see docs/decisions/0123-cleared-feeds.md */
export function getMedia(mime: NonNullable<History['status']>): typeof getHistory {
  return historyHandler((facts, query) => readPage(facts, { ...query, filter: ({ files }) => files.some((desc) => desc.mime === mime) }))
}

/** The replies to message `entity_id`: its first ones, or with a negative size its latest. */
export const getReplies = historyHandler(async (facts, query) => {
  const filter: PageQuery['filter'] = ({ link, type }) => link === query.from && type.includes('reply')
  const page = await readPage(facts, { ...query, from: query.size > 0 ? query.from : 0, after: query.from, filter })
  // The id names the original, wherever the page ends.
  return { ...page, isCut: false }
}, namesEntity)

/**
 * Message `entity_id` with as many on both sides of it as asked for. Where one side ends is not told: whoever wants more goes on with get from the
 * outermost messages.
 */
export const getBothSides = historyHandler(async (facts, query) => {
  const size = Math.max(1, Math.abs(query.size) >> 1)
  const half = { ...query, bytes: limits.historyPageBytes / 2 }
  const older = await readPage(facts, { ...half, size: -size })
  if (query.from === 0) return { ...older, isCut: false }
  const newer = await readPage(facts, { ...half, size, from: query.from + 1 })
  return { ...newer, messages: [...older.messages, ...newer.messages], isCut: false }
})

function namesEntity({ entity_id }: History): string | undefined {
  return entity_id === null || entity_id === 0 ? 'no message is named' : undefined
}

function historyHandler(read: ReadPage, faultOf?: (asked: History) => string | undefined): Handler<History, HistoryPage | Refused> {
  return handler<History, HistoryPage | Refused>({
    async read({ record: asked, caller, context }, facts) {
      const { roster_id, feed: key, size, entity_id } = asked
      if (key === null || (key.tag !== 'p2p' && key.tag !== 'muc')) return refuse('invalid_data', 'not the feed of a chat or a room')
      const feed = feedOfKey(key)
      const fault = faultOf?.(asked)
      if (feed === undefined || fault !== undefined) return refuse('invalid_data', fault ?? 'the feed is malformed')
      const owner = ownRoster(caller, roster_id)
      if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
      const standing = await readStanding(facts, feed, owner)
      if (!standing.isParty) return { kind: 'page', owner, feed, ...standing, messages: [], next: 0, isCut: false }
      const query = { feed, viewer: owner, size: pageSize(size, context.limits.historyPage), from: entity_id ?? 0 }
      return { kind: 'page', owner, feed, ...standing, ...(await read(facts, query)) }
    },
    decide: (request, page) => (page.kind === 'refused' ? page : decideHistory(request, page)),
  })
}

/** Whether a roster belongs to a feed, and whether there is such a feed. */
export async function readStanding(facts: FactReader, feed: Feed, owner: PhoneId): Promise<Pick<HistoryPage, 'isParty' | 'isKnown'>> {
  const parties = await readParties(facts, feed)
  const isParty = parties.byRoster.has(owner)
  if (feed.kind === 'room') return { isParty, isKnown: parties.list.length > 0 }
  if (!isParty) return { isParty, isKnown: true }
  const other = feed.left === owner ? feed.right : feed.left
  const isKnown = (await facts.peek(contacts, owner, other)) !== undefined || (await facts.feedHead(feed.name)).count > 0
  return { isParty, isKnown }
}

/** The pure half of {@link getHistory}. */
export function decideHistory({ record: asked, caller }: Request<History>, page: HistoryPage): Outcome {
  if (!page.isKnown) return refuse('invalid_data', 'there is no such feed')
  if (!page.isParty) return refuse('not_authorized', 'not a party of the feed')
  const records = page.messages.map(({ place, document }) => messageRecord(place, document))
  const slices = slicesOf(records, { codec: caller.codec, dialect: caller.dialect })
  const head = {
    roster_id: page.owner,
    feed: feedKeyRecord(page.feed.name),
    size: asked.size,
    next: page.next,
    entity_id: page.isCut && caller.dialect === 'v11' ? page.next : asked.entity_id,
    status: asked.status,
  } as const
  return accept({ sends: slices.map((data) => answer(record('History', { ...head, data }))) })
}
