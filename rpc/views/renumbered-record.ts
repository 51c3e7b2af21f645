import type { AnyRecord, RecordOf } from '../../protocol/index.js'
import { parseRoomId, type RoomId } from '../../topics/index.js'
import { firstMemberId, type RenumberedRoom, renumberedId } from '../documents/index.js'

type Member = RecordOf<'Member'>
type Message = RecordOf<'Message'>
type Room = RecordOf<'Room'>

/** What is known of a room whose members had other ids; undefined for all others. */
export type FindRenumbered = (room: RoomId) => Promise<RenumberedRoom | undefined>

/**
 * A record that was stored with member ids of an earlier program, with those of now; the record itself where it holds none. Records that are
 * stored in inboxes and hold member ids are Member, Room, Message and Roster.
 */
export async function renumberedRecord(record: AnyRecord, find: FindRenumbered): Promise<AnyRecord> {
  switch (record.tag) {
    case 'Member':
      return hasFormerId(record) ? renumberedMember(record, find) : record
    case 'Message':
      return renumberedMessage(record, find)
    case 'Room':
      return renumberedRoom(record, find)
    case 'Roster': {
      const roomlist = await Promise.all(record.roomlist.map((room) => renumberedRoom(room, find)))
      return roomlist.every((room, place) => room === record.roomlist[place]) ? record : { ...record, roomlist }
    }
    default:
      return record
  }
}

async function renumberedRoom(room: Room, find: FindRenumbered): Promise<Room> {
  const { members, admins, last_msg } = room
  const message = last_msg === null || typeof last_msg === 'number' ? last_msg : await renumberedMessage(last_msg, find)
  if (message === last_msg && ![...members, ...admins].some(hasFormerId)) return room
  const [newMembers, newAdmins] = await Promise.all([renumberedMembers(members, find), renumberedMembers(admins, find)])
  return { ...room, members: newMembers, admins: newAdmins, last_msg: message }
}

function renumberedMembers(list: readonly Member[], find: FindRenumbered): Promise<readonly Member[]> {
  return Promise.all(list.map((one) => renumberedMember(one, find)))
}

/** A message as it was sent or is to be sent: whom it is hidden from may be named by member id. */
export async function renumberedMessage(message: Message, find: FindRenumbered): Promise<Message> {
  const { seenby, feed_id, to } = message
  if (typeof seenby === 'number' || !seenby.some((id) => typeof id === 'number' && isFormer(id))) return message
  const room = parseRoomId((feed_id?.tag === 'muc' ? feed_id.name : feed_id === null ? to : null) ?? '')
  const renumbered = room && (await find(room))
  return renumbered === undefined ? message : { ...message, seenby: renumberedSeenBy(room, renumbered, seenby) }
}

/** The list of those a message is hidden from. */
export function renumberedSeenBy(
  room: RoomId | undefined,
  renumbered: RenumberedRoom,
  seenby: readonly (string | number)[],
): readonly (string | number)[] {
  return seenby.map((id) => (room === undefined || typeof id === 'string' ? id : renumberedId(room, renumbered, id)))
}

async function renumberedMember(member: Member, find: FindRenumbered): Promise<Member> {
  const room = member.feed_id?.tag === 'muc' ? parseRoomId(member.feed_id.name ?? '') : undefined
  const renumbered = room && (await find(room))
  if (room === undefined || renumbered === undefined) return member
  const idOf = (id: number | null): number | null => (id === null ? null : renumberedId(room, renumbered, id))
  return { ...member, id: idOf(member.id), prev: idOf(member.prev), next: idOf(member.next) }
}

function hasFormerId({ id }: Member): boolean {
  return id !== null && isFormer(id)
}

function isFormer(id: number): boolean {
  return id >= 1 && id < firstMemberId
}
