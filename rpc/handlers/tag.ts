import { limits, type Tag } from '../../protocol/index.js'
import { type PhoneId, phoneOf, sesTopic } from '../../topics/index.js'
import { rosters, type TagDocument, tagLists, type TagsDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, type Outcome, push, refuse, type Refused } from '../outcome.js'
import { handler, ownRosters, type Request } from '../request.js'
import { noTags, tagRecord } from '../views/favourite-view.js'
import { hasLength } from './room/room-fields.js'
import { findOwnRoster } from './roster-own.js'

interface OwnTags {
  readonly owner: PhoneId
  readonly list: TagsDocument
}

/** The tags of all own rosters that there still are. */
export interface TagFacts {
  /** The roster of the request; undefined if it names none, or none that is own. */
  readonly owner: PhoneId | undefined
  readonly own: readonly OwnTags[]
}

async function readTags({ record, caller }: Request<Tag>, facts: FactReader): Promise<TagFacts> {
  const found = await Promise.all(
    ownRosters(caller).map(async (owner): Promise<readonly OwnTags[]> => {
      const [roster, list] = await Promise.all([facts.get(rosters, owner), facts.get(tagLists, owner)])
      return roster === undefined ? [] : [{ owner, list: list ?? noTags }]
    }),
  )
  return { owner: findOwnRoster(caller, record.roster_id), own: found.flat() }
}

/**
 * Makes a tag.
 * @refuses `invalid_data` for broken limits, a name in use and one tag too many; `not_authorized` if the roster is not own
 * @see docs/protocol/rpc.md 13, Tag/create
 */
export const createTag = handler<Tag, TagFacts>({
  read: readTags,
  decide({ record: { name, color }, context }, { owner, own }) {
    if (name === null || !isName(name) || !isColor(color)) return refuse('invalid_data', 'name has 1 to 32 characters, color 16 bytes')
    const mine = own.find((one) => one.owner === owner)
    if (mine === undefined) return refuse('not_authorized', 'not an own roster')
    if (mine.list.tags.some((tag) => tag.name === name)) return refuse('invalid_data', 'the name is in use')
    if (mine.list.tags.length >= context.limits.tagsPerRoster) return refuse('invalid_data', 'too many tags')
    const lastId = Math.max(...own.map(({ list }) => list.lastId)) + 1
    const made: TagDocument = { id: lastId, name, color: color ?? '' }
    return store(mine.owner, { lastId, tags: [...mine.list.tags, made] }, made, 'create')
  },
})

/**
 * Changes a tag: one named by id gets the name and color that are given, one named by its name the color.
 * @refuses `invalid_data` for broken limits and a name in use; `not_authorized` if the roster is not own; `not_found`
 * @see docs/protocol/rpc.md 13, Tag/edit
 */
export const editTag = handler<Tag, TagFacts>({
  read: readTags,
  decide({ record }, facts) {
    const { name, color } = record
    if ((name !== null && !isName(name)) || !isColor(color)) return refuse('invalid_data', 'name has 1 to 32 characters, color 16 bytes')
    const found = findTag(record, facts)
    if (found.kind === 'refused') return found
    const { owner, list, tag } = found
    if (list.tags.some((other) => other.id !== tag.id && other.name === name)) return refuse('invalid_data', 'the name is in use')
    const edited: TagDocument = { id: tag.id, name: name ?? tag.name, color: color ?? tag.color }
    return store(owner, { ...list, tags: list.tags.map((one) => (one.id === tag.id ? edited : one)) }, edited, 'edit')
  },
})

/**
 * Removes a tag, from the stars that have it, too.
 * @refuses `not_authorized` if the roster is not own; `not_found`
 * @see docs/protocol/rpc.md 13, Tag/remove
 */
export const removeTag = handler<Tag, TagFacts>({
  read: readTags,
  decide({ record }, facts) {
    const found = findTag(record, facts)
    if (found.kind === 'refused') return found
    const { owner, list, tag } = found
    // Stars keep the id, which is no tag's any more.
    return store(owner, { ...list, tags: list.tags.filter(({ id }) => id !== tag.id) }, tag, 'remove')
  },
})

/** Requests about the marks for favourites. @see docs/protocol/rpc.md 13 */
export const tagHandlers = [
  { tag: 'Tag', request: 'create', handler: createTag },
  { tag: 'Tag', request: 'edit', handler: editTag },
  { tag: 'Tag', request: 'remove', handler: removeTag },
] as const

interface FoundTag extends OwnTags {
  readonly kind: 'found'
  readonly tag: TagDocument
}

/** The tag of a request: by its id, for which the roster may be left out, or by its name in the roster. */
function findTag({ id, roster_id, name }: Tag, { owner, own }: TagFacts): FoundTag | Refused {
  const isAnyOwn = roster_id === null && id !== null
  const searched = own.filter((one) => isAnyOwn || one.owner === owner)
  if (searched.length === 0) return refuse('not_authorized', 'not an own roster')
  for (const one of searched) {
    const tag = one.list.tags.find((known) => (id === null ? known.name === name : known.id === id))
    if (tag !== undefined) return { kind: 'found', ...one, tag }
  }
  return refuse('not_found', 'no such tag')
}

function store(owner: PhoneId, list: TagsDocument, tag: TagDocument, status: Tag['status']): Outcome {
  const phone = phoneOf(owner)
  return accept({ puts: [tagLists.put(list, owner)], sends: [push(sesTopic(phone), [phone], tagRecord(owner, tag, status))] })
}

function isName(name: string): boolean {
  return hasLength(name, limits.tagNameMin, limits.tagNameMax)
}

function isColor(color: string | null): boolean {
  return Buffer.byteLength(color ?? '') <= limits.tagColorMaxBytes
}
