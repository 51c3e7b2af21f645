import type { RecordOf } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type MemberRow, readShown, type ShownByRoster } from '../../views/room-view.js'
import { ofSameAccounts } from './bars.js'
import { memberPush, partialRoom, toEach } from './room-push.js'
import {
  changeMembers,
  enter,
  type Entered,
  isAboutOthers,
  listedBy,
  readRoomState,
  replaceMembers,
  type RoomLookup,
} from './room-state.js'

type Room = RecordOf<'Room'>

/** What Room/mute and unmute rest on. */
export interface MuteFacts {
  readonly lookup: RoomLookup
  /** Of those listed who are in the room. */
  readonly shown: ShownByRoster
}

/** One's own mute stops push notifications, that of others stops their posting. @see docs/protocol/rpc.md 11, Room/mute */
export const muteRoom = handler<Room, MuteFacts>({ read: readMute, decide: (request, facts) => decideMute(request, facts, true) })

export const unmuteRoom = handler<Room, MuteFacts>({ read: readMute, decide: (request, facts) => decideMute(request, facts, false) })

async function readMute({ record }: Request<Room>, facts: FactReader): Promise<MuteFacts> {
  const lookup = await readRoomState(facts, record.id)
  if (typeof lookup === 'string') return { lookup, shown: new Map() }
  const present = presentOf(record, lookup.list).map(({ phoneId }) => phoneId)
  return { lookup, shown: await readShown(facts, lookup.id, present) }
}

/** Those listed who are in the room, with the other rosters of their accounts. */
function presentOf(record: Room, list: readonly MemberRow[]): readonly MemberRow[] {
  return ofSameAccounts(
    list,
    listedBy(record).map(({ phoneId }) => phoneId),
  )
}

function decideMute(request: Request<Room>, facts: MuteFacts, isMute: boolean): Outcome {
  const isOfOthers = isAboutOthers(request.record, request.caller)
  const entered = enter(request.caller, facts.lookup, isOfOthers ? 'mute-member' : 'mute-self')
  if (entered.kind === 'refused') return entered
  return isOfOthers ? muteOthers(request, entered, facts.shown, isMute) : muteSelf(entered, isMute)
}

function muteSelf({ state, actor }: Entered, isMute: boolean): Outcome {
  const { id, list } = state
  const only = new Set([actor.phoneId])
  const after = replaceMembers(list, only, (document) => (document.isSilent === isMute ? document : { ...document, isSilent: isMute }))
  return accept({
    puts: actor.document.isSilent === isMute ? [] : changeMembers(state, after).puts,
    sends: toEach(only, partialRoom(id, isMute ? 'mute' : 'unmute', {})),
  })
}

function muteOthers({ record }: Request<Room>, { state, actor }: Entered, shown: ShownByRoster, isMute: boolean): Outcome {
  const { id, list } = state
  const present = presentOf(record, list).filter(({ phoneId }) => phoneId !== actor.phoneId)
  if (present.length === 0) return refuse('contacts_not_found', 'none of those listed is in the room')
  if (isMute && present.some(({ document }) => document.role !== 'member')) {
    return refuse('not_authorized', 'owner and admins cannot be muted')
  }
  const only: ReadonlySet<PhoneId> = new Set(present.map((row: MemberRow) => row.phoneId))
  const isChanged = present.some(({ document }) => document.isMuted !== isMute)
  const after = replaceMembers(list, only, (document) => (document.isMuted === isMute ? document : { ...document, isMuted: isMute }))
  return accept({
    puts: isChanged ? changeMembers(state, after).puts : [],
    sends: toEach([...only, actor.phoneId], memberPush(id, isMute ? 'mute' : 'unmute', { type: state.room.type, list, shown, only })),
  })
}
