import { type CoreRefusal, messageOfUuid, parseEntityId, wrongAt } from '../../../cadmium/index.js'
import { type Call, type Handle, isRefusal, type Person, type Result } from '../call.js'
import { moveCursor, post, showTyping } from './chat.js'

/** @see docs/protocol/core.md 4.6 */
export const sendPublished: Handle<'urn:cadmium:chat:message'> = async (call) => {
  const { names } = call.person
  const { text, replyTo, forwardedFrom } = call.payload.content
  const [reply, forward] = [messageNamed(replyTo, call.person, 'content'), messageNamed(forwardedFrom, call.person, 'content')]
  if (isAbsent(reply)) return reply
  if (isAbsent(forward)) return forward
  const nameOf = (id: number | null): string | null => (id === null ? null : names.message(id))
  const posted = await post(call, { text, replyTo: nameOf(reply), forwardOf: nameOf(forward) })
  if (isRefusal(posted)) return inPrivate(call, posted)
  const id = names.message(posted.message)
  return { ok: { eventID: id, messageID: id, id, originServerTimestamp: Math.floor(posted.created / 1_000) } }
}

/** In a private chat there is a word of its own for not being welcome. */
function inPrivate({ to }: Pick<Call<'urn:cadmium:chat:message'>, 'to'>, result: Result): Result {
  const isChat = to?.kind === 'user' || to?.kind === 'msisdn'
  return isChat && isRefusal(result) && result.error === 'cannot_write' ? { error: 'private_banned' } : result
}

/** Published texts have three names for the id of a message. */
export const readPublished: Handle<'urn:cadmium:chat:read'> = async (call) => {
  const { eventID, messageID, id } = call.payload
  const named = messageNamed(eventID ?? messageID ?? id, call.person, 'eventID')
  if (named === null) return wrongAt('wrong_field', 'payload.eventID')
  if (isAbsent(named)) return named
  const read = await moveCursor(call, named)
  return isRefusal(read) ? read : { ok: {} }
}

export const typePublished: Handle<'urn:cadmium:chat:typing'> = async (call) =>
  inPrivate(call, await showTyping({ ...call, name: 'urn:nynja:chat:typing' }))

function isAbsent(named: number | null | CoreRefusal): named is CoreRefusal {
  return typeof named === 'object' && named !== null
}

/** The number of a message, which is named by an EntityID or by its bare UUID; null where none is named. */
function messageNamed(text: string | null | undefined, { names }: Person, member: string): number | null | CoreRefusal {
  if (text === null || text === undefined || text === '') return null
  const bare = messageOfUuid(text.toLowerCase())
  if (bare !== undefined) return bare
  const entity = parseEntityId(text)
  const field = `payload.${member}`
  if (entity === undefined) return wrongAt('no_entity_id', field)
  if (entity.kind !== 'message') return wrongAt('wrong_field', field)
  if (entity.server !== names.server) return wrongAt('foreign_server', field)
  return messageOfUuid(entity.uuid) ?? wrongAt('not_found', field)
}
