import { limits, record, type RecordOf } from '../../protocol/index.js'
import { type Phone, type PhoneId, phoneOf, type RoomId, roomTopic } from '../../topics/index.js'
import { cursors, feedLevel, type MemberDocument, members, type RoomDocument, rooms, roomsOf, rosters } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { readPresence } from './contact-view.js'
import { readFeedState } from './feed-state.js'
import { peekIsParted, readParted } from './parting.js'

type Member = RecordOf<'Member'>
type Room = RecordOf<'Room'>

/** The end of every read of a member list. */
const maxMembers = Math.max(limits.membersPerGroup, limits.membersPerChannel)
/** Rooms of one roster that are looked at. */
const maxRoomsRead = 10_000
/** A complete room lists its owner and admins, and members up to this number in all; only channels outgrow it. */
const maxListed = limits.membersPerGroup
/** Fellow members that a presence push reaches at most. */
const maxFellows = 10_000

/** One membership of a room. */
export interface MemberRow {
  readonly phoneId: PhoneId
  readonly document: MemberDocument
}

/** What is shown of a member beside its membership. */
export interface Shown {
  readonly names: string | null
  readonly surnames: string | null
  readonly avatar: string | null
  readonly isOnline: boolean
  /** Its cursor in the room: a message id, 0 if it has read nothing. */
  readonly reader: number
}

export type ShownByRoster = ReadonlyMap<PhoneId, Shown>

/** The members of a room by member id. The commit rests on the list: the room's stamp is checked. */
export async function readMembers(facts: FactReader, room: RoomId): Promise<readonly MemberRow[]> {
  // The room first: whoever changes the list after this read changes the stamp, too.
  await facts.get(rooms, room)
  return peekMembers(facts, room)
}

/** The members of a room by member id, only to be shown. */
export async function peekMembers(facts: FactReader, room: RoomId): Promise<readonly MemberRow[]> {
  const rows = await facts.scan(members, [room], maxMembers)
  return rows.map(({ key: [, phoneId], document }) => ({ phoneId, document })).sort((a, b) => a.document.id - b.document.id)
}

/** What is shown of each of these rosters as members of a room. */
export async function readShown(facts: FactReader, room: RoomId, phoneIds: Iterable<PhoneId>): Promise<ShownByRoster> {
  const level = feedLevel(roomTopic(room))
  const shown = new Map<PhoneId, Shown>()
  for (const phoneId of phoneIds) {
    const roster = await facts.peek(rosters, phoneId)
    const { isOnline } = await readPresence(facts, phoneOf(phoneId))
    const reader = (await facts.peek(cursors, phoneId, level)) ?? 0
    shown.set(phoneId, {
      names: roster?.names ?? null,
      surnames: roster?.surnames ?? null,
      avatar: roster?.avatar ?? null,
      isOnline,
      reader,
    })
  }
  return shown
}

/** Member ids before and after one in its room, null at the ends and where the list was not read. */
export interface Neighbours {
  readonly prev: number | null
  readonly next: number | null
}

/** The Member record of one membership; what it does not set itself comes from its roster. */
export function memberRecord(room: RoomId, { phoneId, document }: MemberRow, shown: Shown | undefined, { prev, next }: Neighbours): Member {
  return record('Member', {
    id: document.id,
    feed_id: record('muc', { name: room }),
    prev,
    next,
    phone_id: phoneId,
    avatar: document.avatar ?? shown?.avatar ?? null,
    ...namesOf(document, shown),
    alias: document.alias,
    // An address of the roster is for friends; here only the one given for this room is shown.
    email: document.email,
    vox_id: document.voxId,
    reader: shown?.reader ?? 0,
    update: document.update,
    settings: document.settings,
    presence: shown?.isOnline === true ? 'online' : 'offline',
    status: document.role,
  })
}

function namesOf(document: MemberDocument, shown: Shown | undefined): Pick<Member, 'names' | 'surnames' | 'full_name'> {
  const names = document.names ?? shown?.names ?? null
  const surnames = document.surnames ?? shown?.surnames ?? null
  const both = [names, surnames].filter((part) => part !== null && part !== '').join(' ')
  return { names, surnames, full_name: both === '' ? null : both }
}

/** Member records of those rosters of `list` that are in `only`, linked as the whole list is. */
export function memberRecords(
  room: RoomId,
  list: readonly MemberRow[],
  shown: ShownByRoster,
  only: ReadonlySet<PhoneId>,
): readonly Member[] {
  return list.flatMap((row, i) => {
    if (!only.has(row.phoneId)) return []
    const neighbours = { prev: list[i - 1]?.document.id ?? null, next: list[i + 1]?.document.id ?? null }
    return [memberRecord(room, row, shown.get(row.phoneId), neighbours)]
  })
}

/**
 * Members and admins (the owner among these) apart, as the Room record lists them. The owner of a group is called an admin there, as its creator
 * calls himself; that of a channel an owner.
 * @see docs/protocol/rpc.md 11
 */
export function byRole(
  list: readonly Member[],
  type: RoomDocument['type'],
): { readonly members: readonly Member[]; readonly admins: readonly Member[] } {
  const admins = list.filter(({ status }) => status !== 'member')
  return { members: list.filter(({ status }) => status === 'member'), admins: admins.map((member) => calledIn(type, member)) }
}

/** A Member with the role that a Room of this type shows. */
export function calledIn(type: RoomDocument['type'], member: Member): Member {
  return type === 'group' && member.status === 'owner' ? { ...member, status: 'admin' } : member
}

/** What everyone who may know the room sees of it: no members, no messages. */
export function roomRecord(room: RoomId, document: RoomDocument): Room {
  return record('Room', {
    id: room,
    name: document.name,
    links: linkRecords(room, document),
    description: document.description,
    settings: document.settings,
    data: document.data,
    type: document.type,
    tos: document.tos,
    tos_update: document.tosUpdate,
    update: document.update,
    created: document.created,
  })
}

/** The links of a channel, as v11 shows them. */
export function linkRecords(room: RoomId, { links = [], type }: Pick<RoomDocument, 'links' | 'type'>): readonly RecordOf<'Link'>[] {
  return links.map(({ id, name, created }) => record('Link', { id, name, room_id: room, created, type }))
}

/** The rosters of a member list that a complete room names: all, or in a large channel those who run it and the longest-standing. */
export function listedIn(list: readonly MemberRow[]): ReadonlySet<PhoneId> {
  if (list.length <= maxListed) return new Set(list.map(({ phoneId }) => phoneId))
  const admins = list.filter(({ document }) => document.role !== 'member')
  const plain = list.filter(({ document }) => document.role === 'member').slice(0, Math.max(0, maxListed - admins.length))
  return new Set([...admins, ...plain].map(({ phoneId }) => phoneId))
}

/** A room with its members, as everyone in it sees it; `shown` holds those of {@link listedIn}. */
export function completeRoom(room: RoomId, document: RoomDocument, list: readonly MemberRow[], shown: ShownByRoster): Room {
  return { ...roomRecord(room, document), ...byRole(memberRecords(room, list, shown, listedIn(list)), document.type) }
}

/**
 * A room with the message it speaks of, once that has its id. The author's cursor stands at his own message, so his Member says so.
 * @see docs/protocol/flows.md 3, step 2
 */
export function withLastMessageOf(room: Room, message: RecordOf<'Message'>): Room {
  const reader = (member: Member): Member => (member.phone_id === message.from ? { ...member, reader: message.id } : member)
  return { ...room, last_msg: message, members: room.members.map(reader), admins: room.admins.map(reader) }
}

/** The complete room as a member sees it: with its unread count, the last message, and no presence of those banned either way. */
export async function readCompleteRoom(facts: FactReader, room: RoomId, viewer: PhoneId): Promise<Room | undefined> {
  const document = await facts.get(rooms, room)
  if (document === undefined) return undefined
  const list = (await peekMembers(facts, room)).map((row) => (row.phoneId === viewer ? asOwn(row) : row))
  const shown = await hideBanned(facts, viewer, await readShown(facts, room, new Set([...listedIn(list), viewer])))
  const state = await readFeedState(facts, roomTopic(room), viewer)
  return { ...completeRoom(room, document, list, shown), unread: state.unread, last_msg: state.lastMessage }
}

/** An entry of a roster's room list: the room, the own Member, unread count and last message. */
export async function readRoomForRoster(facts: FactReader, room: RoomId, viewer: PhoneId): Promise<Room | undefined> {
  const document = await facts.peek(rooms, room)
  const own = await facts.peek(members, room, viewer)
  if (document === undefined || own === undefined) return undefined
  const shown = await readShown(facts, room, [viewer])
  const member = memberRecord(room, asOwn({ phoneId: viewer, document: own }), shown.get(viewer), { prev: null, next: null })
  const state = await readFeedState(facts, roomTopic(room), viewer)
  return { ...roomRecord(room, document), ...byRole([member], document.type), unread: state.unread, last_msg: state.lastMessage }
}

/** Stands in the settings of a member's own record while it wants no push notifications of the room, so that all its devices know. */
const muteSetting = record('Feature', { key: 'MUTE', value: 'true', group: 'PUSH_SETTINGS' })

function asOwn(row: MemberRow): MemberRow {
  const { document } = row
  return document.isSilent ? { ...row, document: { ...document, settings: [...document.settings, muteSetting] } } : row
}

/** The rooms of a roster. */
export async function readRoomsOf(facts: FactReader, phoneId: PhoneId): Promise<readonly RoomId[]> {
  return (await facts.scan(roomsOf, [phoneId], maxRoomsRead)).map(({ key: [, room] }) => room)
}

/**
 * The audience of `muc/<phoneId>`: the phones of everyone who shares a room with the roster and whom no ban parts from it, its own phone
 * left out. Ends at 10,000 fellow members.
 * @see docs/protocol/topics.md 8
 */
export async function readFellowMembers(facts: FactReader, phoneId: PhoneId): Promise<readonly Phone[]> {
  const own = phoneOf(phoneId)
  const seen = new Set<PhoneId>([phoneId])
  const phones = new Set<Phone>()
  const parted = await readParted(facts, own)
  for (const room of await readRoomsOf(facts, phoneId)) {
    for (const { phoneId: fellow } of await peekMembers(facts, room)) {
      if (seen.has(fellow)) continue
      if (seen.size > maxFellows) return [...phones]
      seen.add(fellow)
      if (phoneOf(fellow) !== own && !parted.has(phoneOf(fellow))) phones.add(phoneOf(fellow))
    }
  }
  return [...phones]
}

/** Whether any of `rosters` shares a room with `phoneId`: the one that does, or undefined. */
export async function findFellow(facts: FactReader, phoneId: PhoneId, own: readonly PhoneId[]): Promise<PhoneId | undefined> {
  for (const room of await readRoomsOf(facts, phoneId)) {
    for (const roster of own) if ((await facts.peek(members, room, roster)) !== undefined) return roster
  }
  return undefined
}

async function hideBanned(facts: FactReader, viewer: PhoneId, shown: ShownByRoster): Promise<ShownByRoster> {
  const visible = new Map<PhoneId, Shown>()
  for (const [phoneId, one] of shown) {
    const isHidden = one.isOnline && phoneId !== viewer && (await peekIsParted(facts, viewer, phoneId))
    visible.set(phoneId, isHidden ? { ...one, isOnline: false } : one)
  }
  return visible
}
