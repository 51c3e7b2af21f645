import { decideRoomRight } from '../../../acl/index.js'
import type { RecordOf } from '../../../protocol/index.js'
import { parseRoomId, type RoomId } from '../../../topics/index.js'
import { type MemberDocument, members, type RoomDocument, rooms } from '../../documents/index.js'
import { accept, answer, refuse } from '../../outcome.js'
import { handler, ownRosters } from '../../request.js'
import { readCompleteRoom, roomRecord } from '../../views/room-view.js'
import { refuseBy } from './room-state.js'

type Room = RecordOf<'Room'>

/** What Room/get rests on. */
export interface GetFacts {
  readonly id: RoomId | undefined
  readonly room: RoomDocument | undefined
  /** Of the caller's first roster that is in the room. */
  readonly membership: MemberDocument | undefined
  /** The room as that roster sees it. */
  readonly complete: Room | undefined
}

/** @see docs/protocol/rpc.md 11, Room/get */
export const getRoom = handler<Room, GetFacts>({
  async read({ record, caller }, facts) {
    const id = parseRoomId(record.id ?? '')
    const room = id === undefined ? undefined : await facts.get(rooms, id)
    if (id === undefined || room === undefined) return { id, room: undefined, membership: undefined, complete: undefined }
    for (const roster of ownRosters(caller)) {
      const membership = await facts.get(members, id, roster)
      if (membership !== undefined) return { id, room, membership, complete: await readCompleteRoom(facts, id, roster) }
    }
    return { id, room, membership: undefined, complete: undefined }
  },

  decide(_request, { id, room, membership, complete }) {
    if (id === undefined) return refuse('invalid_data', 'the request names no room')
    if (room === undefined) return refuse('room_not_found', 'there is no such room')
    const verdict = decideRoomRight('get', room.type, membership)
    if (!verdict.allowed) return refuseBy(verdict)
    return accept({ sends: [answer({ ...(complete ?? roomRecord(id, room)), status: 'get' })] })
  },
})
