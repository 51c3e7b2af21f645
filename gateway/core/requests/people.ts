import { type CoreRefusal, parseEntityId, presenceOf, stateOf, userShape, wrongAt } from '../../../cadmium/index.js'
import { parsePhone, record } from '../../../protocol/index.js'
import { answerOf } from '../asks.js'
import { type Call, type Handle, isRefusal } from '../call.js'
import { refusalOf, whyNot } from '../refusals.js'
import { contactsIn, roomOf, search, userOf } from './resolve.js'
import { withoutMembers } from './rooms.js'

/** @see docs/protocol/core.md 5.7 */
export const getPresence: Handle<'urn:nynja:presence:get'> = async ({ to, person, ask }) => {
  const found = to === null ? wrongAt('wrong_field', 'to') : await userOf({ ask, person }, to, 'to')
  if (isRefusal(found)) return found
  const told = await ask(record('Presence', { uid: found.roster }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  const { presence, lastSeen } = presenceOf({ presence: answerOf(told, 'Presence')?.status ?? null, update: 0 })
  return { ok: { user: person.names.user(found.roster), presence, lastSeen } }
}

export const searchUsers: Handle<'urn:nynja:search:users'> = async (call) => {
  const { by, values, match } = call.payload
  // Names are found by their parts, phones as a whole.
  if (by === 'names' ? match === 'exact' : by === 'phone' && match === 'contains') return wrongAt('wrong_field', 'payload.match')
  const texts = by === 'phone' ? phonesIn(values, call) : values
  if (isRefusal(texts)) return texts
  const isPart = by === 'names' || (by === 'nick' && match === 'contains')
  const found = await search(call, { field: by, type: isPart ? 'like' : '==', values: texts })
  if (isRefusal(found)) return found.errPayload !== undefined && 'retryAfter' in found.errPayload ? found : inPayload(found, 'values')
  const users = contactsIn(found).map((contact) => ({
    ...userShape(call.person.names, contact.phone_id ?? '', contact),
    state: stateOf(contact.status),
    presence: presenceOf(contact).presence,
  }))
  return { ok: { users } }
}

function inPayload(refusal: CoreRefusal, member: string): CoreRefusal {
  return refusal.error === 'wrong_field' ? wrongAt('wrong_field', `payload.${member}`) : refusal
}

/** Each a number with or without +, or the EntityID of one. */
function phonesIn(values: readonly string[], { person }: Pick<Call<'urn:nynja:search:users'>, 'person'>): readonly string[] | CoreRefusal {
  const phones: string[] = []
  for (const value of values) {
    const entity = value.startsWith('%') ? parseEntityId(value) : undefined
    if (entity !== undefined && entity.server !== person.names.server) return wrongAt('foreign_server', 'payload.values')
    const phone = entity?.kind === 'msisdn' ? entity.phone : parsePhone(value.replace(/^\+/, ''))
    if (phone === undefined) return wrongAt('wrong_field', 'payload.values')
    phones.push(phone)
  }
  return phones
}

export const searchRooms: Handle<'urn:nynja:search:rooms'> = async (call) => {
  const { name, match } = call.payload
  const found = await search(call, { field: 'name', type: match === 'contains' ? 'like' : '==', values: [name] })
  if (isRefusal(found)) return inPayload(found, 'name')
  return { ok: { rooms: found.roomlist.map((room) => withoutMembers(call.person, room)) } }
}

/** Who or what an EntityID names, in the form of the server. A roster is one that a search for its number shows. */
export const resolve: Handle<'urn:nynja:search:resolve'> = async (call) => {
  const { person, ask, payload } = call
  const field = 'payload.entity'
  const entity = parseEntityId(payload.entity)
  if (entity === undefined) return wrongAt('no_entity_id', field)
  if (entity.kind === 'alias' || entity.kind === 'room') {
    const found = await roomOf(call, entity, field)
    if (isRefusal(found)) return found
    const why = whyNot(await ask(record('Room', { id: found.room, status: 'get' })))
    return why === undefined ? { ok: { entity: person.names.room(found.room) } } : refusalOf(why, { invalid_data: 'not_found' }, field)
  }
  const found = await userOf(call, entity, field)
  if (isRefusal(found)) return found
  const { roster } = found
  if (entity.kind === 'user' && !person.own.includes(roster)) {
    const known = await search(call, { field: 'phone', type: '==', values: [roster.split('_')[0] ?? ''] })
    if (isRefusal(known)) return known
    if (!contactsIn(known).some(({ phone_id }) => phone_id === roster)) return wrongAt('not_found', field)
  }
  return { ok: { entity: person.names.user(roster) } }
}
