import { decideRoomRight } from '../../../acl/index.js'
import type { RecordOf } from '../../../protocol/index.js'
import { phoneOf, type PhoneId, roomTopic } from '../../../topics/index.js'
import { roomInvitations } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, push, refuse } from '../../outcome.js'
import type { Request } from '../../request.js'
import { completeRoom, listedIn, type MemberRow, readShown, type ShownByRoster } from '../../views/room-view.js'
import { getBans } from '../../views/parting.js'
import { readBarsOf } from './bars.js'
import { isInvited } from './invitation.js'
import { type MemberIds, noMemberIds, readMemberIds } from './member-ids.js'
import { authorReads, completeToEach, memberPush, phonesOf, systemMessage, systemMessageTo } from './room-push.js'
import {
  changeMembers,
  found,
  idAt,
  listedBy,
  memberLimit,
  newMember,
  readRoomState,
  refuseBy,
  type RoomLookup,
  type RoomState,
} from './room-state.js'

type Room = RecordOf<'Room'>

/** What joining by oneself rests on. */
export interface JoinFacts {
  readonly lookup: RoomLookup
  /** The roster that joins; undefined for callers without one. */
  readonly joiner: PhoneId | undefined
  /** The membership of any roster of the caller. */
  readonly present: MemberRow | undefined
  /** From the room, or by a ban that its owner has made of the account. */
  readonly isBarred: boolean
  /** Somebody who runs the room has invited the joiner. */
  readonly isInvited: boolean
  readonly shown: ShownByRoster
  /** For the joiner. */
  readonly memberIds: MemberIds
}

/** Reads what joining rests on; `own` are the rosters of the caller, of which the one that is listed joins, or one that is invited, or the first. */
export async function readJoin(
  { record, now }: Pick<Request<Room>, 'record' | 'now'>,
  facts: FactReader,
  own: readonly PhoneId[],
): Promise<JoinFacts> {
  const lookup = await readRoomState(facts, record.id)
  const listed = listedBy(record)[0]?.phoneId
  const invited = typeof lookup === 'string' ? undefined : await findInvited(facts, lookup, listed === undefined ? own : [listed], now)
  const joiner = listed ?? invited ?? own[0]
  if (typeof lookup === 'string' || joiner === undefined) {
    return { lookup, joiner, present: undefined, isBarred: false, isInvited: false, shown: new Map(), memberIds: noMemberIds }
  }
  const { id, list, room } = lookup
  const isBarred = (await readBarsOf(facts, id, phoneOf(joiner))).length > 0 || (await getBans(facts, room.owner, joiner)).own !== null
  const shown = await readShown(facts, id, new Set([...listedIn(list), joiner]))
  const memberIds = await readMemberIds(facts, id, lookup.room.lastMemberId, 1)
  const present = list.find(({ phoneId }) => own.includes(phoneId))
  return { lookup, joiner, present, isBarred, isInvited: invited !== undefined, shown, memberIds }
}

async function findInvited(facts: FactReader, room: RoomState, own: readonly PhoneId[], now: number): Promise<PhoneId | undefined> {
  for (const roster of own) if (await isInvited(facts, room, roster, now)) return roster
  return undefined
}

export function decideJoin(request: Request<Room>, facts: JoinFacts): Outcome {
  const state = found(facts.lookup)
  if (state.kind === 'refused') return state
  if (facts.joiner === undefined) return refuse('not_authorized', 'the caller has no roster')
  const outside = facts.isBarred ? 'banned' : facts.isInvited ? 'invited' : undefined
  const standing = facts.present?.document ?? outside
  const verdict = decideRoomRight('join', state.room.type, standing)
  if (!verdict.allowed) return refuseBy(verdict)
  if (state.list.length >= memberLimit(request.context, state.room.type)) return refuse('invalid_data', 'too many members', 'full')
  return joined(state, facts.joiner, facts, request.now)
}

function joined(before: RoomState, joiner: PhoneId, { shown, memberIds, isInvited: wasInvited }: JoinFacts, now: number): Outcome {
  const { id } = before
  const document = newMember(idAt(memberIds.ids, 0), 'member', now, now)
  const { state, puts } = changeMembers(before, [...before.list, { phoneId: joiner, document }])
  const { room, list } = state
  const phones = phonesOf(list)
  return accept({
    puts: [...puts, ...memberIds.puts, ...(wasInvited ? [roomInvitations.remove(id, joiner)] : [])],
    appends: [systemMessage(id, joiner, `${joiner} joined the ${room.type}`, now)],
    numbers: [authorReads(id, joiner)],
    sends: [
      ...completeToEach([joiner], { ...completeRoom(id, room, list, shown), status: 'join' }),
      push(roomTopic(id), phones, memberPush(id, 'join', { type: room.type, list, shown, only: new Set([joiner]) })),
      systemMessageTo(id, phones),
    ],
  })
}
