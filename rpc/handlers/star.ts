import { limits, type Star } from '../../protocol/index.js'
import type { Put } from '../../store/contract.js'
import { type PhoneId, phoneOf, sesTopic } from '../../topics/index.js'
import {
  type MessageDocument,
  messages,
  rosters,
  type StarDocument,
  stars,
  type StarTotals,
  starTotals,
  tagLists,
  type TagsDocument,
} from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, push, refuse, type Refused, type Send } from '../outcome.js'
import { handler, type Request } from '../request.js'
import { isCleared } from '../views/clearance.js'
import { noTags, type PlacedStar, starRecord } from '../views/favourite-view.js'
import { feedNamed, type PlacedMessage, readMessage } from '../views/message-view.js'
import { mayRead, readParties } from './message/feed-access.js'
import { findOwnRoster } from './roster-own.js'

/** What a Star request is decided on. */
export interface StarFacts {
  readonly kind: 'star'
  readonly owner: PhoneId
  /** Id of the message, and of the star. */
  readonly id: number
  readonly stored: StarDocument | undefined
  readonly tags: TagsDocument
  readonly totals: StarTotals
  /** The message, if it has content and the owner may read it; looked up only where there is no star yet. */
  readonly message: PlacedMessage | undefined
}

/**
 * Puts a message among the favourites, as a copy that outlives the original. Repeated, its tags are replaced and the copy stays.
 * @refuses `invalid_data` if no message is named or a limit is broken; `not_authorized` if the roster is not own; `not_found` if the
 *   message is not there, erased, or not for this roster to read; `invalid_data` for unknown tags and beyond the limits of a roster
 * @see docs/protocol/rpc.md 13, Star/add
 */
export const addStar = handler<Star, StarFacts | Refused>({
  async read(request, facts) {
    if (Buffer.byteLength(request.record.client_id ?? '') > limits.starClientIdMaxBytes)
      return refuse('invalid_data', 'client_id is too long')
    const known = await readStar(request, facts)
    if (known.kind === 'refused' || known.stored !== undefined) return known
    return { ...known, message: await readReadable(facts, known.id, known.owner) }
  },

  decide({ record, context, now }, facts) {
    if (facts.kind === 'refused') return facts
    const { owner, id, stored, message } = facts
    if (stored === undefined && message === undefined) return refuse('not_found', 'no such message')
    const tags = tagIds(record.tags, facts.tags)
    if (tags === undefined) return refuse('invalid_data', 'no such tag')
    const star = stored === undefined ? message && newStar(message, record.client_id, now) : stored
    if (star === undefined) return refuse('not_found', 'no such message')
    const totals = stored === undefined ? changed(facts.totals, 1, star.bytes) : facts.totals
    const { starsPerRoster, starBytesPerRoster } = context.limits
    if (totals.count > starsPerRoster || totals.bytes > starBytesPerRoster) return refuse('invalid_data', 'too many stars')
    const document = { ...star, tags }
    return accept({
      puts: [stars.put(document, owner, String(id)), ...(stored === undefined ? [starTotals.put(totals, owner)] : [])],
      sends: [tell(owner, { id, document }, facts.tags, 'add')],
    })
  },
})

/**
 * Takes a message off the favourites.
 * @refuses `invalid_data` if no message is named; `not_authorized` if the roster is not own; `not_found`
 * @see docs/protocol/rpc.md 13, Star/remove
 */
export const removeStar = handler<Star, StarFacts | Refused>({
  read: readStar,
  decide(_request, facts) {
    if (facts.kind === 'refused') return facts
    const { owner, id, stored, tags, totals } = facts
    if (stored === undefined) return refuse('not_found', 'no such star')
    return accept({
      puts: [stars.remove(owner, String(id)), putTotals(changed(totals, -1, -stored.bytes), owner)],
      sends: [tell(owner, { id, document: stored }, tags, 'remove')],
    })
  },
})

/** Requests about favourites. @see docs/protocol/rpc.md 13 */
export const starHandlers = [
  { tag: 'Star', request: 'add', handler: addStar },
  { tag: 'Star', request: 'remove', handler: removeStar },
] as const

async function readStar({ record, caller }: Request<Star>, facts: FactReader): Promise<StarFacts | Refused> {
  const id = record.message?.id ?? record.id
  if (id === null) return refuse('invalid_data', 'no message is named')
  const owner = findOwnRoster(caller, record.roster_id)
  const roster = owner && (await facts.get(rosters, owner))
  if (owner === undefined || roster === undefined) return refuse('not_authorized', 'not an own roster')
  const [stored, tags, totals] = await Promise.all([
    facts.get(stars, owner, String(id)),
    facts.get(tagLists, owner),
    facts.get(starTotals, owner),
  ])
  return {
    kind: 'star',
    owner,
    id,
    stored,
    tags: tags ?? noTags,
    totals: totals ?? { count: 0, bytes: 0 },
    message: undefined,
  }
}

async function readReadable(facts: FactReader, id: number, reader: PhoneId): Promise<PlacedMessage | undefined> {
  const found = await readMessage(facts, id)
  if (found === undefined || found.document.status === 'deleted' || found.document.status === 'link') return undefined
  const feed = feedNamed(found.document.feed)
  if (!mayRead(await readParties(facts, feed), found.document, reader)) return undefined
  return (await isCleared(facts, feed, reader, id)) ? undefined : found
}

function newStar({ place, document }: PlacedMessage, clientId: string | null, now: number): StarDocument {
  const message: MessageDocument = { ...document, hiddenFrom: [] }
  return { message, previous: place.previous, tags: [], clientId, created: now, bytes: messages.encode(message).length }
}

/** The ids of the tags of a request, v1 naming them by id and v11 by name; undefined if one is unknown. */
function tagIds(named: Star['tags'], { tags }: TagsDocument): readonly number[] | undefined {
  const found = named.map((one) => {
    if (typeof one === 'number') return tags.find(({ id }) => id === one)
    return tags.find((tag) => (one.id === null ? tag.name === one.name : tag.id === one.id))
  })
  return found.includes(undefined) ? undefined : [...new Set(found.flatMap((tag) => tag?.id ?? []))]
}

function changed({ count, bytes }: StarTotals, stars: number, by: number): StarTotals {
  return { count: count + stars, bytes: bytes + by }
}

function putTotals(totals: StarTotals, owner: PhoneId): Put {
  return totals.count === 0 ? starTotals.remove(owner) : starTotals.put(totals, owner)
}

function tell(owner: PhoneId, star: PlacedStar, tags: TagsDocument, status: Star['status']): Send {
  const phone = phoneOf(owner)
  return push(sesTopic(phone), [phone], starRecord(owner, star, tags, status))
}
