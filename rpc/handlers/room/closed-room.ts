import type { Put } from '../../../store/contract.js'
import { type PhoneId, type RoomId, roomTopic } from '../../../topics/index.js'
import { barred, cursors, feedLevel, links, members, rooms, roomsOf, table } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { RoomState } from './room-state.js'

/** A room that was deleted. Its feed is still there, out of everyone's reach, so its id is not given out again. @see docs/decisions/0080-room-ids.md */
export const closedRooms = table<[room: RoomId], { readonly at: number }>('closed')

/** Rosters barred from one room at most; a ban beyond is refused. */
export const maxBarred = 10_000

export async function readBarred(facts: FactReader, room: RoomId): Promise<readonly PhoneId[]> {
  return (await facts.scan(barred, [room], maxBarred)).map(({ key: [, phoneId] }) => phoneId)
}

/** Whether a room of this id exists or has existed; a checked fact. */
export async function isRoomIdTaken(facts: FactReader, room: RoomId): Promise<boolean> {
  return (await facts.get(rooms, room)) !== undefined || (await facts.get(closedRooms, room)) !== undefined
}

/** Removes a room and all that stands around it; what was said in it can be read by nobody any more. */
export function closeRoom({ id, room, list }: RoomState, barredIds: readonly PhoneId[], now: number): readonly Put[] {
  const level = feedLevel(roomTopic(id))
  return [
    rooms.remove(id),
    closedRooms.put({ at: now }, id),
    ...list.flatMap(({ phoneId }) => [members.remove(id, phoneId), roomsOf.remove(phoneId, id), cursors.remove(phoneId, level)]),
    ...(room.links ?? []).map((link) => links.remove(link.id.toLowerCase())),
    ...barredIds.map((phoneId) => barred.remove(id, phoneId)),
  ]
}
