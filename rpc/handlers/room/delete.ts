import type { RecordOf } from '../../../protocol/index.js'
import { type PhoneId, roomTopic } from '../../../topics/index.js'
import { accept, push } from '../../outcome.js'
import { handler } from '../../request.js'
import { closeRoom, readBarred } from './closed-room.js'
import { partialRoom, phonesOf, toEach } from './room-push.js'
import { enter, readRoomState, type RoomLookup } from './room-state.js'

type Room = RecordOf<'Room'>

/** What Room/delete rests on. */
export interface DeleteFacts {
  readonly lookup: RoomLookup
  readonly barredIds: readonly PhoneId[]
}

/** @see docs/protocol/rpc.md 11, Room/delete */
export const deleteRoom = handler<Room, DeleteFacts>({
  async read({ record }, facts) {
    const lookup = await readRoomState(facts, record.id)
    return { lookup, barredIds: typeof lookup === 'string' ? [] : await readBarred(facts, lookup.id) }
  },

  decide({ caller, now }, { lookup, barredIds }) {
    const entered = enter(caller, lookup, 'delete')
    if (entered.kind === 'refused') return entered
    const { id, list } = entered.state
    const pushed = partialRoom(id, 'delete', {})
    const everyone = list.map(({ phoneId }) => phoneId)
    return accept({
      puts: closeRoom(entered.state, barredIds, now),
      sends: [push(roomTopic(id), phonesOf(list), pushed), ...toEach(everyone, pushed)],
    })
  },
})
