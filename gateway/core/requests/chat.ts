import { randomUUID } from 'node:crypto'
import { wallMs } from '../../../clock/index.js'
import { chatOf, type CoreRefusal, keyForNone, messageShape, type MessageShape, wrongAt } from '../../../cadmium/index.js'
import { type Desc, type Message, record } from '../../../protocol/index.js'
import { answerOf, answersOf, lastOf, type Told } from '../asks.js'
import { type Call, type Handle, isRefusal, type Person } from '../call.js'
import { refusalOf, whyNot } from '../refusals.js'
import { type ChatPlace, chatPlace, messageIn } from './resolve.js'

type Content = Partial<Pick<Call<'urn:nynja:chat:send'>['payload'], 'text' | 'files'>>

/** The parts of a message: its text first, files behind it. */
function partsOf({ text, files }: Content): readonly Desc[] | CoreRefusal {
  const own = (text === undefined || text === null ? [] : [{ mime: 'text', payload: text }]) as readonly Partial<Desc>[]
  const others = (files ?? []).map(({ mime, payload, size, name }) => ({ mime, payload, size: size ?? 0, filename: name ?? null }))
  const parts = [...own, ...others]
  if (parts.length === 0) return wrongAt('wrong_field', 'payload.text')
  return parts.map((part, i) => record('Desc', { id: String(i + 1), ...part }))
}

interface Posted {
  readonly chat: string
  readonly message: number
  readonly created: number
  readonly isRepeated: boolean
}

/** What is posted, whichever the form of the request. */
export interface Posting extends Content {
  readonly replyTo?: string | null | undefined
  readonly forwardOf?: string | null | undefined
  readonly key?: string | null | undefined
}

/**
 * Posts a message. One without a key is given a random one, so that it is stored once even if a worker dies of it.
 * @see docs/protocol/core.md 5.5
 */
export async function post(
  { to, person, ask }: Pick<Call<'urn:nynja:chat:send'>, 'to' | 'person' | 'ask'>,
  posting: Posting,
): Promise<Posted | CoreRefusal> {
  const files = partsOf(posting)
  if (isRefusal(files)) return files
  const linked = linkOf(posting)
  if (isRefusal(linked)) return linked
  const place = await chatPlace({ ask, person }, to)
  if (isRefusal(place)) return place
  const created = wallMs()
  const message = record('Message', {
    ...{ from: person.self, to: place.to, feed_id: place.feed, msg_id: posting.key ?? keyForNone(randomUUID()) },
    ...{ created, files, ...linked, status: 'client' },
  })
  const told = await ask(message)
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why, { not_authorized: 'cannot_write', original: 'unreadable_original' })
  const stored = told.verdict.kind === 'done' ? told.verdict.messages[0] : undefined
  if (stored !== undefined) return { chat: place.chat, message: stored, created: pushedAt(told, stored) ?? created, isRepeated: false }
  return postedBefore(person, told.verdict.kind === 'repeated' ? await ask(message) : told)
}

/** What a message replies to or forwards, which it does not do both. */
function linkOf({ replyTo, forwardOf }: Posting): Pick<Message, 'type' | 'link'> | CoreRefusal {
  const [reply, forward] = [messageIn(replyTo, 'replyTo'), messageIn(forwardOf, 'forwardOf')]
  if (isAbsent(reply)) return reply
  if (isAbsent(forward)) return forward
  if (reply !== null) return forward === null ? { type: ['reply'], link: reply } : wrongAt('wrong_field', 'payload.forwardOf')
  return forward === null ? { type: [], link: null } : { type: ['forward'], link: forward }
}

/** It was stored under its key before: its record is the answer. */
function postedBefore(person: Person, told: Told): Posted | CoreRefusal {
  const before = answerOf(told, 'Message')
  if (before?.id === undefined || before.id === null) return { error: 'fault' }
  return { chat: chatOf(person, before.feed_id), message: before.id, created: before.created ?? 0, isRepeated: true }
}

function pushedAt(told: Told, id: number): number | null | undefined {
  return lastOf(told, 'Message', (one) => one.id === id)?.created
}

function isAbsent(named: number | null | CoreRefusal): named is CoreRefusal {
  return typeof named === 'object' && named !== null
}

export const sendMessage: Handle<'urn:nynja:chat:send'> = async (call) => {
  const posted = await post(call, call.payload)
  if (isRefusal(posted)) return posted
  const { chat, message, created, isRepeated } = posted
  return { ok: { message: call.person.names.message(message), chat, created, repeated: isRepeated } }
}

export const editMessage: Handle<'urn:nynja:chat:edit'> = async ({ payload, person, ask }) => {
  const id = messageIn(payload.message, 'message')
  if (id === null || typeof id === 'object') return id ?? wrongAt('wrong_field', 'payload.message')
  const files = partsOf(payload)
  if (isRefusal(files)) return files
  const why = whyNot(await ask(record('Message', { id, from: person.self, files, status: 'edit' })))
  if (why !== undefined) return refusalOf(why, { erased: 'deleted' }, 'payload.message')
  return { ok: { message: person.names.message(id) } }
}

/** Deleted again is deleted, as it was. */
export const deleteMessage: Handle<'urn:nynja:chat:delete'> = async ({ payload, person, ask }) => {
  const id = messageIn(payload.message, 'message')
  if (id === null || typeof id === 'object') return id ?? wrongAt('wrong_field', 'payload.message')
  const seenby = payload.for === 'me' ? [person.self] : -1
  const why = whyNot(await ask(record('Message', { id, from: person.self, seenby, status: 'deleted' })))
  if (why !== undefined && why.detail !== 'erased') return refusalOf(why, {}, 'payload.message')
  return { ok: { message: person.names.message(id) } }
}

const usualLimit = 20
const mostMessages = 1_000
/** Of an answer; a frame holds 1 MiB. */
const mostBytes = 900 * 1024

export const readHistory: Handle<'urn:nynja:chat:history'> = async (call) => {
  const { to, payload } = call
  const place = await chatPlace(call, to)
  if (isRefusal(place)) return place
  const from = messageIn(payload.from, 'from')
  if (isAbsent(from)) return from
  const page = await readPage(call, place, { from, limit: payload.limit ?? usualLimit, isOlder: payload.direction !== 'newer' })
  return isRefusal(page) ? page : { ok: page }
}

export interface PageQuery {
  /** Where it begins, inclusive; null at the end of the chat that the direction leads away from. */
  readonly from: number | null
  readonly limit: number
  readonly isOlder: boolean
}

export interface HistoryPage {
  readonly messages: readonly MessageShape[]
  readonly next: string | null
}

/** A page of a chat, ascending. */
export async function readPage(
  { person, ask }: Pick<Call<'urn:nynja:chat:history'>, 'person' | 'ask'>,
  { feed }: ChatPlace,
  { from, limit, isOlder }: PageQuery,
): Promise<HistoryPage | CoreRefusal> {
  // One more than asked for is where it goes on.
  const size = Math.min(limit + 1, mostMessages) * (isOlder ? -1 : 1)
  const told = await ask(record('History', { roster_id: person.self, feed, size, entity_id: from ?? 0, status: 'get' }))
  const why = whyNot(told)
  if (why !== undefined) {
    // A chat in which nothing has been said is none yet.
    if (why.code === 'invalid_data' && feed.tag === 'p2p') return { messages: [], next: null }
    return refusalOf(why, { invalid_data: 'not_found' })
  }
  const answers = answersOf(told, 'History')
  const messages = answers.flatMap(({ data }) => data.filter((one) => one.tag === 'Message'))
  const cut = answers.map(({ entity_id }) => entity_id ?? 0).find((id) => id !== (from ?? 0)) ?? 0
  return pageOf(messages, { limit, isOlder, cut }, (message) => messageShape(person, message), person.names.message)
}

interface PageRule {
  readonly limit: number
  readonly isOlder: boolean
  /** Where a page of much goes on; 0 if it was not cut. */
  readonly cut: number
}

function pageOf(
  messages: readonly Message[],
  { limit, isOlder, cut }: PageRule,
  shape: (message: Message) => MessageShape,
  name: (id: number) => string,
): HistoryPage {
  const inOrder = isOlder ? messages.toReversed() : messages
  const shown: MessageShape[] = []
  let bytes = 0
  for (const message of inOrder) {
    const one = shape(message)
    bytes += Buffer.byteLength(JSON.stringify(one))
    if (shown.length === limit || (shown.length > 0 && bytes > mostBytes)) break
    shown.push(one)
  }
  const next = inOrder[shown.length]?.id ?? (cut === 0 ? beyond(inOrder[shown.length - 1], shown.length, isOlder) : cut)
  return { messages: isOlder ? shown.reverse() : shown, next: next === 0 ? null : name(next) }
}

/** Of the largest page there is not one more: where it goes on is said by its last message. */
function beyond(last: Message | undefined, shown: number, isOlder: boolean): number {
  return shown < mostMessages ? 0 : ((isOlder ? last?.prev : last?.next) ?? 0)
}

export const readUpTo: Handle<'urn:nynja:chat:read'> = async (call) => {
  const { payload, person } = call
  const id = messageIn(payload.message, 'message')
  if (id === null || typeof id === 'object') return id ?? wrongAt('wrong_field', 'payload.message')
  const read = await moveCursor(call, id)
  if (isRefusal(read)) return read
  return { ok: { chat: read.chat, read: person.names.message(read.reader), unread: read.unread } }
}

/** Moves the own cursor in a chat forward; one that stands further stays. */
export async function moveCursor(
  { to, person, ask }: Pick<Call<'urn:nynja:chat:read'>, 'to' | 'person' | 'ask'>,
  id: number,
): Promise<{ readonly chat: string; readonly reader: number; readonly unread: number } | CoreRefusal> {
  const place = await chatPlace({ ask, person }, to)
  if (isRefusal(place)) return place
  const told = await ask(record('History', { roster_id: person.self, feed: place.feed, entity_id: id, status: 'update' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why, { invalid_data: 'not_found' }, 'payload.message')
  const contact = lastOf(told, 'Contact', ({ phone_id, status }) => phone_id === place.to && status === 'last_msg')
  const room = lastOf(told, 'Room', (one) => one.id === place.to && one.status === 'last_msg')
  return { chat: place.chat, reader: contact?.reader ?? id, unread: contact?.unread ?? room?.unread ?? 0 }
}

export const showTyping: Handle<'urn:nynja:chat:typing'> = async ({ to, person, ask }) => {
  const place = await chatPlace({ ask, person }, to)
  if (isRefusal(place)) return place
  const { verdict } = await ask(record('Typing', { to: place.to }))
  return verdict.kind === 'dropped' || verdict.kind === 'refused' ? { error: 'cannot_write' } : { ok: {} }
}
