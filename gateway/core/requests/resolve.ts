import { type CoreRefusal, type EntityId, messageOfUuid, parseEntityId, roomOfLocal, userOfLocal, wrongAt } from '../../../cadmium/index.js'
import { type Contact, type Feed, p2pFeed, parsePhoneId, phoneOf, record, type RecordOf, rosterIdOf } from '../../../protocol/index.js'
import type { PhoneId, RoomId } from '../../../topics/index.js'
import { answerOf } from '../asks.js'
import type { Call } from '../call.js'
import { refusalOf, whyNot } from '../refusals.js'

/** As much of a call as it takes to find out who or what an EntityID names. */
type Asker = Pick<Call<'urn:nynja:search:resolve'>, 'ask' | 'person'>

export interface Search {
  readonly field: 'phone' | 'nick' | 'names' | 'name'
  readonly type: '==' | 'like'
  readonly values: readonly string[]
}

/** What a search of the messenger finds. */
export async function search({ ask, person }: Asker, { field, type, values }: Search): Promise<RecordOf<'Roster'> | CoreRefusal> {
  const self = parsePhoneId(person.self)
  const id = self === undefined ? 0 : rosterIdOf(self)
  const status = field === 'name' ? 'room' : 'contact'
  const told = await ask(record('Search', { id, ref: 'core', field, type, value: values, status }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  const found = answerOf(told, 'io')?.data
  return isRoster(found) ? found : record('Roster', {})
}

function isRoster(data: unknown): data is RecordOf<'Roster'> {
  return typeof data === 'object' && data !== null && 'tag' in data && data.tag === 'Roster'
}

export function contactsIn({ userlist }: RecordOf<'Roster'>): readonly Contact[] {
  return userlist.filter((contact) => typeof contact === 'object')
}

/** The roster that an EntityID of a user names. @param field what names it, for a refusal */
export async function userOf(asker: Asker, entity: EntityId, field: string): Promise<{ readonly roster: PhoneId } | CoreRefusal> {
  const notFound = wrongAt('not_found', field)
  if (entity.kind === 'user') {
    const named = userOfLocal(entity.local)
    return 'roster' in named ? named : firstFound(asker, { field: 'nick', type: '==', values: [named.nick] }, notFound)
  }
  if (entity.kind === 'msisdn') {
    const [own] = asker.person.own
    const first = parsePhoneId(own ?? '')
    if (first !== undefined && phoneOf(first) === entity.phone) return { roster: first }
    return firstFound(asker, { field: 'phone', type: '==', values: [entity.phone] }, notFound)
  }
  // Addresses are not indexed, and would let anyone ask who is here.
  return entity.kind === 'email' ? notFound : wrongAt('wrong_field', field)
}

async function firstFound(asker: Asker, query: Search, notFound: CoreRefusal): Promise<{ readonly roster: PhoneId } | CoreRefusal> {
  const found = await search(asker, query)
  if ('error' in found) return found
  const [first] = contactsIn(found)
  const roster = parsePhoneId(first?.phone_id ?? '')
  return roster === undefined ? notFound : { roster }
}

/** The room that an EntityID names. */
export async function roomOf({ ask }: Asker, entity: EntityId, field: string): Promise<{ readonly room: RoomId } | CoreRefusal> {
  if (entity.kind === 'room') {
    const room = roomOfLocal(entity.local)
    return room === undefined ? wrongAt('not_found', field) : { room }
  }
  if (entity.kind !== 'alias') return wrongAt('wrong_field', field)
  const told = await ask(record('Link', { id: entity.local, status: 'check' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why, { invalid_data: 'not_found' }, field)
  const room = answerOf(told, 'Link')?.room_id
  return room === undefined || room === null ? wrongAt('not_found', field) : { room: room as RoomId }
}

/** Where a chat is: with whom or in which room, and its feed. */
export interface ChatPlace {
  readonly to: PhoneId | RoomId
  readonly feed: Feed
  /** As `to` of requests names it. */
  readonly chat: string
}

export async function chatPlace(asker: Asker, to: EntityId | null): Promise<ChatPlace | CoreRefusal> {
  const { self, names } = asker.person
  if (to?.kind === 'room' || to?.kind === 'alias') {
    const found = await roomOf(asker, to, 'to')
    if ('error' in found) return found
    return { to: found.room, feed: record('muc', { name: found.room }), chat: names.room(found.room) }
  }
  if (to === null) return wrongAt('wrong_field', 'to')
  const found = await userOf(asker, to, 'to')
  if ('error' in found) return found
  return { to: found.roster, feed: p2pFeed(self as PhoneId, found.roster), chat: names.user(found.roster) }
}

/** The number of a message that a member of the payload names; null where it names none. */
export function messageIn(text: string | null | undefined, member: string): number | null | CoreRefusal {
  if (text === null || text === undefined) return null
  const entity = parseEntityId(text)
  if (entity?.kind !== 'message') return wrongAt('wrong_field', `payload.${member}`)
  return messageOfUuid(entity.uuid) ?? wrongAt('not_found', `payload.${member}`)
}

/** The rosters that a member of the payload lists. */
export async function usersIn(
  asker: Asker,
  texts: readonly string[] | null | undefined,
  member: string,
): Promise<readonly PhoneId[] | CoreRefusal> {
  const rosters: PhoneId[] = []
  for (const text of texts ?? []) {
    const entity = parseEntityId(text)
    const found = entity === undefined ? wrongAt('no_entity_id', `payload.${member}`) : await userOf(asker, entity, `payload.${member}`)
    if ('error' in found) return found
    rosters.push(found.roster)
  }
  return rosters
}
