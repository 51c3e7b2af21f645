import { type CoreRefusal, messageOfUuid, type MessageShape, parseEntityId, wrongAt } from '../../../cadmium/index.js'
import { type Call, type Handle, isRefusal, type Person, type Result } from '../call.js'
import { deleteMessage, editMessage, moveCursor, post, readPage, showTyping } from './chat.js'
import { chatPlace } from './resolve.js'

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

/** The one message that a request of a published type names, as our own types name it. */
function eventOf({
  payload,
  person,
}: Call<'urn:cadmium:chat:message:delete' | 'urn:cadmium:chat:message:edit'>): { readonly message: string } | CoreRefusal {
  const { eventID, messageID, id } = payload
  const named = messageNamed(eventID ?? messageID ?? id, person, 'eventID')
  if (named === null) return wrongAt('wrong_field', 'payload.eventID')
  return isAbsent(named) ? named : { message: person.names.message(named) }
}

export const editPublished: Handle<'urn:cadmium:chat:message:edit'> = async (call) => {
  const named = eventOf(call)
  if (isRefusal(named)) return named
  const payload = { ...named, text: call.payload.updatedContent.text, files: null }
  const result = await editMessage({ ...call, name: 'urn:nynja:chat:edit', payload })
  return isRefusal(result) ? atEvent(result) : { ok: {} }
}

export const deletePublished: Handle<'urn:cadmium:chat:message:delete'> = async (call) => {
  const named = eventOf(call)
  if (isRefusal(named)) return named
  const result = await deleteMessage({ ...call, name: 'urn:nynja:chat:delete', payload: { ...named, for: 'all' } })
  return isRefusal(result) ? atEvent(result) : { ok: {} }
}

/** What our own types call `message` is `eventID` here. */
function atEvent(refusal: CoreRefusal): CoreRefusal {
  const { errPayload } = refusal
  return errPayload !== undefined && 'field' in errPayload ? wrongAt(refusal.error, 'payload.eventID') : refusal
}

const usualEvents = 20

/** A stretch of a chat behind or before `since`, which is not part of it. @see docs/protocol/core.md 4.6 */
export const syncPublished: Handle<'urn:cadmium:chat:history:sync'> = async (call) => {
  const { since, limit, chatID, direction } = call.payload
  if (chatID === null || chatID === undefined) return { error: 'chat_required' }
  const place = await chatPlace(call, parseEntityId(chatID) ?? null)
  if (isRefusal(place)) return inChat(place)
  const from = messageNamed(since, call.person, 'since')
  if (isAbsent(from)) return from
  const wanted = limit ?? usualEvents
  const isOlder = direction === 'UP'
  const page = await readPage(call, place, { from, limit: Math.min(wanted + 1, mostEvents), isOlder })
  if (isRefusal(page)) return inChat(page)
  const sinceName = from === null ? undefined : call.person.names.message(from)
  const others = page.messages.filter(({ message }) => message !== sinceName)
  const events = isOlder ? others.slice(-wanted) : others.slice(0, wanted)
  const hasMore = page.next !== null || events.length < others.length
  const last = isOlder ? events[0] : events.at(-1)
  const shown = events.filter(({ state }) => state === 'sent' || state === 'edited')
  return { ok: { nextBatch: hasMore ? (last?.message ?? null) : null, events: shown.map((event) => eventShape(event, call.person)) } }
}

const mostEvents = 1_000

function inChat(refusal: CoreRefusal): CoreRefusal {
  const { errPayload } = refusal
  return errPayload !== undefined && 'field' in errPayload ? wrongAt(refusal.error, 'payload.chatID') : refusal
}

function eventShape({ message, chat, from, created, text, replyTo, forwardOf }: MessageShape, { names }: Person): object {
  const content = {
    text: text ?? '',
    ...(replyTo === null ? {} : { replyTo }),
    ...(forwardOf === null ? {} : { forwardedFrom: forwardOf }),
  }
  const type = 'urn:cadmium:chat:event:message'
  return { eventID: message, from, chatID: chat, type, timestamp: Math.floor(created / 1_000), originServer: names.server, content }
}

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
