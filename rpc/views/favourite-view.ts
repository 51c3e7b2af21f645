import { type Contact, type ExtendedStar, limits, record, type Room, type Roster, type Star, type Tag } from '../../protocol/index.js'
import type { PhoneId } from '../../topics/index.js'
import { members, rooms, rosters, type StarDocument, stars, type TagDocument, tagLists, type TagsDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { partialContact } from './contact-view.js'
import { feedNamed, messageRecord } from './message-view.js'

/** The tags of a roster that has made none. */
export const noTags: TagsDocument = { lastId: 0, tags: [] }

/** A star and its id, which is that of its message. */
export interface PlacedStar {
  readonly id: number
  readonly document: StarDocument
}

export function tagRecord(owner: PhoneId, { id, name, color }: TagDocument, status: Tag['status']): Tag {
  return record('Tag', { id, roster_id: owner, name, color, status })
}

/** A star with its tags as they are now; the message is as it was. */
export function starRecord(owner: PhoneId, { id, document }: PlacedStar, { tags }: TagsDocument, status: Star['status']): Star {
  const marks = tags.filter((tag) => document.tags.includes(tag.id))
  return record('Star', {
    id,
    client_id: document.clientId,
    roster_id: owner,
    message: messageRecord({ id, previous: document.previous, next: 0 }, document.message),
    tags: marks.map((tag) => tagRecord(owner, tag, null)),
    status,
  })
}

/**
 * Tags and favourites of a roster as in its snapshots, the stars in the order of their making: each with the chat or room it comes from, as
 * far as its owner still knows that.
 * @see docs/decisions/0120-favourites.md
 */
export async function readFavourites(facts: FactReader, owner: PhoneId): Promise<Pick<Roster, 'favorite' | 'tags'>> {
  const [list, rows] = await Promise.all([facts.peek(tagLists, owner), facts.scan(stars, [owner], limits.starsPerRoster)])
  const known = list ?? noTags
  const tags = known.tags.map((tag) => tagRecord(owner, tag, null))
  if (rows.length === 0) return { favorite: [], tags }
  const found = rows.map(({ key: [, id], document }): PlacedStar => ({ id: Number(id), document })).sort(byMaking)
  const origins = await readOrigins(facts, owner, new Set(found.map(({ document }) => document.message.feed)))
  return {
    favorite: found.map((star) => withOrigin(starRecord(owner, star, known, null), origins.get(star.document.message.feed))),
    tags,
  }
}

function byMaking(a: PlacedStar, b: PlacedStar): number {
  return a.document.created - b.document.created || a.id - b.id
}

function withOrigin(star: Star, from: Contact | Room | undefined): Star | ExtendedStar {
  return from === undefined ? star : record('ExtendedStar', { star, from })
}

async function readOrigins(facts: FactReader, owner: PhoneId, feeds: ReadonlySet<string>): Promise<ReadonlyMap<string, Contact | Room>> {
  const found = await Promise.all([...feeds].map(async (feed) => [feed, await readOrigin(facts, owner, feed)] as const))
  return new Map(found.flatMap(([feed, origin]) => (origin === undefined ? [] : [[feed, origin] as const])))
}

/** The other of a chat, or the room while one is in it: strangers must not know a group. */
async function readOrigin(facts: FactReader, owner: PhoneId, name: string): Promise<Contact | Room | undefined> {
  const feed = feedNamed(name)
  if (feed.kind === 'room') {
    const [room, own] = await Promise.all([facts.peek(rooms, feed.room), facts.peek(members, feed.room, owner)])
    if (room === undefined || own === undefined) return undefined
    return record('Room', { id: feed.room, name: room.name, data: room.data, type: room.type })
  }
  const other = feed.left === owner ? feed.right : feed.left
  const roster = await facts.peek(rosters, other)
  if (roster === undefined) return undefined
  const { names, surnames, nick, avatar } = roster
  return partialContact(other, { names, surnames, nick, avatar })
}
