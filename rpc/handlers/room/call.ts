import type { RecordOf } from '../../../protocol/index.js'
import { roomTopic } from '../../../topics/index.js'
import { accept, push } from '../../outcome.js'
import { handler } from '../../request.js'
import { calledIn, memberRecords, readShown, type ShownByRoster } from '../../views/room-view.js'
import { phonesOf } from './room-push.js'
import { actingMember, enter, readRoomState, type RoomLookup } from './room-state.js'

type Room = RecordOf<'Room'>

/** What relaying a call signal rests on. */
export interface CallFacts {
  readonly lookup: RoomLookup
  /** Of the caller. */
  readonly shown: ShownByRoster
}

/** Relays the signalling of a call to the room, naming the caller; nothing of it is stored. @see docs/protocol/rpc.md 11, Room/delete and others */
export const signalCall = handler<Room, CallFacts>({
  async read({ record, caller }, facts) {
    const lookup = await readRoomState(facts, record.id)
    const actor = typeof lookup === 'string' ? undefined : actingMember(caller, lookup.list)
    if (typeof lookup === 'string' || actor === undefined) return { lookup, shown: new Map() }
    return { lookup, shown: await readShown(facts, lookup.id, [actor.phoneId]) }
  },

  decide({ record, caller }, { lookup, shown }) {
    const entered = enter(caller, lookup, 'signal')
    if (entered.kind === 'refused') return entered
    const { state, actor } = entered
    const own = memberRecords(state.id, state.list, shown, new Set([actor.phoneId]))
    const members = own.map((member) => calledIn(state.room.type, member))
    const relayed: Room = { ...record, members, admins: [], last_msg: null }
    return accept({ sends: [push(roomTopic(state.id), phonesOf(state.list), relayed)] })
  },
})
