import type { AnyRecord, Contact, Feed, History, Message, RecordOf, Roster, Typing } from '../protocol/index.js'
import { parsePhoneId, parseTopic } from '../topics/index.js'
import {
  aliasesOf,
  chatOf,
  given,
  memberShape,
  membersOf,
  messageShape,
  presenceOf,
  selfIn,
  stateOf,
  userShape,
  type Viewer,
} from './shapes.js'

/** A push, without what numbers it. */
export interface Push {
  readonly type: `urn:nynja:on:${string}`
  readonly from: string
  readonly to: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Something delivered: a record, and the topic that it was sent to. */
export interface Delivered {
  readonly topic: string
  readonly record: AnyRecord
}

/**
 * What the receiver is pushed of a delivery, in his words.
 * @returns undefined for what has no form here, which is as good as received
 * @see docs/protocol/core.md 6.4
 */
export function pushOf(viewer: Viewer, { topic, record }: Delivered): Push | undefined {
  // An answer belongs to the request that waits for it.
  if (topic.startsWith('actions/')) return undefined
  switch (record.tag) {
    case 'Message':
      return onMessage(viewer, record)
    case 'History':
      return record.status === 'updated' ? onReceipt(viewer, record) : undefined
    case 'Contact':
      return onContact(viewer, record)
    case 'Room':
      return onRoom(viewer, record)
    case 'Member':
      return onMember(viewer, record)
    case 'Roster':
      return onProfile(viewer, record)
    case 'Typing':
      return onTyping(viewer, topic, record)
    default:
      return undefined
  }
}

function onMessage(viewer: Viewer, record: Message): Push | undefined {
  const { id, feed_id, from, to } = record
  if (id === null || id === 0 || from === null) return undefined
  const { names } = viewer
  const payload = { ...messageShape(viewer, record) }
  const addressed = feed_id?.tag === 'muc' ? names.room(feed_id.name ?? '') : names.user(to ?? '')
  return { type: 'urn:nynja:on:message', from: names.user(from), to: addressed, payload }
}

function onReceipt(viewer: Viewer, { roster_id, feed, entity_id }: History): Push | undefined {
  const chat = feedOf(feed)
  const reader = parsePhoneId(String(roster_id))
  // How far one has read oneself is told by on:unread.
  if (chat === undefined || reader === undefined || viewer.own.includes(reader)) return undefined
  const { names } = viewer
  const payload = { chat: chatOf(viewer, chat), user: names.user(reader), message: names.message(entity_id ?? 0) }
  const to = chat.tag === 'muc' ? payload.chat : names.user(selfIn(viewer, chat))
  return { type: 'urn:nynja:on:receipt', from: payload.user, to, payload }
}

function feedOf(feed: AnyRecord | null): Feed | undefined {
  return feed?.tag === 'p2p' || feed?.tag === 'muc' ? feed : undefined
}

function selfOf({ names, own }: Viewer): string {
  return names.user(own[0] ?? '')
}

function onContact(viewer: Viewer, record: Contact): Push | undefined {
  const { phone_id, status } = record
  if (phone_id === null) return undefined
  const { names } = viewer
  const user = names.user(phone_id)
  const to = selfOf(viewer)
  if (status === 'last_msg') {
    const read = record.reader === null || record.reader === 0 ? null : names.message(record.reader)
    return { type: 'urn:nynja:on:unread', from: names.server, to, payload: { chat: user, read, unread: record.unread ?? 0 } }
  }
  const changed = { ...userShape(names, phone_id, record) }
  if (status !== null) {
    // All of it at request and confirm; else the other is known already.
    const isWhole = status === 'request' || status === 'authorization' || status === 'friend'
    const payload = { user, state: stateOf(status), ...(isWhole ? changed : {}) }
    return { type: 'urn:nynja:on:contact', from: user, to, payload }
  }
  const named = Object.entries(changed).filter(([name, value]) => name !== 'user' && value !== null)
  if (named.length === 0) return record.presence === null ? undefined : onPresence(user, to, record)
  return { type: 'urn:nynja:on:contact', from: user, to, payload: { user, ...Object.fromEntries(named) } }
}

function onPresence(user: string, to: string, record: Contact): Push {
  return { type: 'urn:nynja:on:presence', from: user, to, payload: { user, ...presenceOf(record) } }
}

const changes: Readonly<Record<string, string>> = {
  ...{ create: 'created', add: 'added', join: 'joined', joined: 'joined', remove: 'removed', removed: 'removed', leave: 'left' },
  ...{ patch: 'patched', settings: 'patched', info: 'patched', delete: 'deleted', ban: 'banned', unban: 'unbanned' },
  ...{ mute: 'muted', unmute: 'unmuted' },
}

function onRoom(viewer: Viewer, record: RecordOf<'Room'>): Push | undefined {
  const { names } = viewer
  const room = names.room(record.id ?? '')
  if (record.status === 'last_msg') {
    const payload = { chat: room, read: null, unread: record.unread ?? 0 }
    return { type: 'urn:nynja:on:unread', from: names.server, to: selfOf(viewer), payload }
  }
  const change = record.status === null ? undefined : changes[record.status]
  if (change === undefined) return undefined
  const payload = {
    ...{ room, change, users: membersOf(names, record) },
    ...(record.name === null ? {} : { name: record.name }),
    ...(record.description === null ? {} : { description: given(record.description) }),
    ...(record.type === null ? {} : { kind: record.type === 'channel' ? 'channel' : 'group' }),
    ...(record.links.length === 0 && record.type === null ? {} : { aliases: aliasesOf(names, record) }),
  }
  return { type: 'urn:nynja:on:room', from: room, to: selfOf(viewer), payload }
}

function onMember(viewer: Viewer, record: RecordOf<'Member'>): Push | undefined {
  const { names } = viewer
  if (record.feed_id?.tag !== 'muc' || record.phone_id === null) return undefined
  const room = names.room(record.feed_id.name ?? '')
  // Who leaves or is removed is told by the Room; a Member says how one stands in it now.
  const payload = { room, change: 'patched', users: [memberShape(names, record)] }
  return record.status === 'removed' ? undefined : { type: 'urn:nynja:on:room', from: room, to: selfOf(viewer), payload }
}

function onProfile(viewer: Viewer, record: Roster): Push {
  const self = selfOf(viewer)
  const { names, surnames, nick, avatar } = userShape(viewer.names, '', record)
  return { type: 'urn:nynja:on:profile', from: self, to: self, payload: { names, surnames, nick, avatar } }
}

/** A Typing of v11 names its author alone: where he types, the topic says. */
function onTyping(viewer: Viewer, topic: string, { from }: Typing): Push | undefined {
  const author = parsePhoneId(from ?? '')
  if (author === undefined || viewer.own.includes(author)) return undefined
  const { names } = viewer
  const user = names.user(author)
  const parsed = parseTopic(topic)
  if (parsed.kind === 'room') {
    const chat = names.room(parsed.room)
    return { type: 'urn:nynja:on:typing', from: user, to: chat, payload: { chat, user } }
  }
  if (parsed.kind !== 'p2p') return undefined
  const to = names.user(parsed.left === author ? parsed.right : parsed.left)
  return { type: 'urn:nynja:on:typing', from: user, to, payload: { chat: user, user } }
}
