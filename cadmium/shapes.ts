import type { Contact, Desc, Feed, Message, RecordOf } from '../protocol/index.js'
import type { Names } from './names.js'

/** Whose view it is. */
export interface Viewer {
  readonly names: Names
  /** Own rosters, the first one first. */
  readonly own: readonly string[]
}

export interface UserShape {
  readonly user: string
  readonly names: string | null
  readonly surnames: string | null
  readonly nick: string | null
  readonly avatar: string | null
}

export interface FileShape {
  readonly mime: string
  readonly payload: string
  readonly size: number
  readonly name: string | null
}

export interface MessageShape {
  readonly message: string
  readonly chat: string
  readonly from: string
  readonly created: number
  readonly text: string | null
  readonly files: readonly FileShape[]
  readonly replyTo: string | null
  readonly forwardOf: string | null
  readonly key: string | null
  readonly state: 'sent' | 'edited' | 'deleted' | 'system'
}

/** A name that is not given may be null or empty. */
export function given(text: string | null): string | null {
  return text === '' ? null : text
}

export function userShape(names: Names, roster: string, shown: Pick<Contact, 'names' | 'surnames' | 'nick' | 'avatar'>): UserShape {
  return {
    user: names.user(roster),
    names: given(shown.names),
    surnames: given(shown.surnames),
    nick: given(shown.nick),
    avatar: given(shown.avatar),
  }
}

const states: Readonly<Record<string, string>> = {
  request: 'requested',
  authorization: 'invited',
  friend: 'friend',
  unbanned: 'friend',
  muted: 'friend',
  unmuted: 'friend',
  banned: 'banned',
  ban: 'bannedBy',
  banned_by: 'bannedBy',
  ignore: 'ignored',
  internal: 'listed',
}

/** What somebody is to the viewer; whatever has no word here is nothing to him. @see docs/protocol/core.md 5.4 */
export function stateOf(status: Contact['status']): string {
  return status === null ? 'none' : (states[status] ?? 'none')
}

export function presenceOf({ presence, update }: Pick<Contact, 'presence' | 'update'>): {
  readonly presence: 'online' | 'offline'
  readonly lastSeen: number | null
} {
  const isOnline = presence === 'online'
  return { presence: isOnline ? 'online' : 'offline', lastSeen: isOnline || !update ? null : update }
}

/** The own roster that belongs to a chat, or the first. */
export function selfIn({ own }: Viewer, feed: Feed | null): string {
  const sides = feed?.tag === 'p2p' ? [feed.from, feed.to] : []
  return own.find((roster) => sides.includes(roster)) ?? own[0] ?? ''
}

/** A chat as the viewer names it: the other, or the room. */
export function chatOf(viewer: Viewer, feed: Feed | null): string {
  const { names } = viewer
  if (feed?.tag === 'muc') return names.room(feed.name ?? '')
  const self = selfIn(viewer, feed)
  return names.user((feed?.from === self ? feed.to : feed?.from) ?? self)
}

/** Keys that the door has given to messages sent without one, so that they too are stored once. */
const doorKey = /^core:[0-9a-f-]{36}$/

/** The key of a message that is sent without one. @param uuid a random one */
export function keyForNone(uuid: string): string {
  return `core:${uuid}`
}

export function messageShape(viewer: Viewer, record: Message): MessageShape {
  const { names } = viewer
  const content = record.status === 'deleted' ? { files: [], type: [], link: null } : record
  const [first, ...rest] = content.files
  const leadsWithText = first?.mime === 'text'
  return {
    message: names.message(record.id ?? 0),
    chat: chatOf(viewer, record.feed_id),
    from: names.user(record.from ?? ''),
    created: record.created ?? 0,
    text: leadsWithText ? first.payload : null,
    files: (leadsWithText ? rest : content.files).map(fileShape),
    replyTo: linkedAs('reply', names, content),
    forwardOf: linkedAs('forward', names, content),
    key: record.msg_id === null || doorKey.test(record.msg_id) ? null : record.msg_id,
    state: messageState(record),
  }
}

function linkedAs(kind: string, names: Names, { link, type }: Pick<Message, 'link' | 'type'>): string | null {
  const id = typeof link === 'object' ? (link?.id ?? null) : link
  return id !== null && type.includes(kind) ? names.message(id) : null
}

function messageState({ status, type }: Message): MessageShape['state'] {
  if (status === 'deleted' || status === 'clear') return 'deleted'
  if (status === 'muc' || status === 'internal') return 'system'
  return status === 'edit' || type.includes('edited') ? 'edited' : 'sent'
}

function fileShape({ mime, payload, size, filename }: Desc): FileShape {
  return { mime: mime ?? '', payload: payload ?? '', size, name: filename }
}

export interface RoomShape {
  readonly room: string
  readonly name: string | null
  readonly description: string | null
  readonly kind: 'group' | 'channel'
  readonly members: readonly MemberShape[]
  readonly aliases: readonly string[]
}

export interface MemberShape {
  readonly user: string
  readonly role: 'owner' | 'admin' | 'member'
}

type Room = RecordOf<'Room'>

export function roomShape(names: Names, room: Room): RoomShape {
  return {
    room: names.room(room.id ?? ''),
    name: room.name,
    description: given(room.description),
    kind: room.type === 'channel' ? 'channel' : 'group',
    members: membersOf(names, room),
    aliases: aliasesOf(names, room),
  }
}

/** Those who run the room first. */
export function membersOf(names: Names, { members, admins }: Pick<Room, 'members' | 'admins'>): readonly MemberShape[] {
  return [...admins, ...members].map((member) => memberShape(names, member))
}

export function memberShape(names: Names, { phone_id, status }: RecordOf<'Member'>): MemberShape {
  return { user: names.user(phone_id ?? ''), role: status === 'owner' || status === 'admin' ? status : 'member' }
}

export function aliasesOf(names: Names, { links }: Pick<Room, 'links'>): readonly string[] {
  return links.map(({ id }) => names.alias(id ?? ''))
}

/** The role of the viewer in a room that lists him. */
export function roleIn({ own }: Viewer, { members, admins }: Room): MemberShape['role'] {
  const member = [...admins, ...members].find(({ phone_id }) => phone_id !== null && own.includes(phone_id))
  return member?.status === 'owner' || member?.status === 'admin' ? member.status : 'member'
}

export function lastOf(viewer: Viewer, last: Room['last_msg']): MessageShape | null {
  return typeof last === 'object' && last !== null ? messageShape(viewer, last) : null
}

export function contactShape(viewer: Viewer, contact: Contact): object {
  const { names } = viewer
  const { reader, unread, last_msg } = contact
  return {
    ...userShape(names, contact.phone_id ?? '', contact),
    state: stateOf(contact.status),
    ...presenceOf(contact),
    unread: unread ?? 0,
    read: reader === null || reader === 0 ? null : names.message(reader),
    last: lastOf(viewer, last_msg),
  }
}
