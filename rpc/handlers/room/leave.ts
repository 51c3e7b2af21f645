import { decideRoomRight } from '../../../acl/index.js'
import type { RecordOf } from '../../../protocol/index.js'
import { type PhoneId, type RoomId, roomTopic } from '../../../topics/index.js'
import { rooms } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Accepted, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { memberRecords, type MemberRow, readMembers, readRoomsOf, readShown, type ShownByRoster } from '../../views/room-view.js'
import { closeRoom, readBarred } from './closed-room.js'
import { decideRemove, readRemove, type RemoveFacts } from './remove.js'
import { memberPush, phonesOf, systemMessage, systemMessageTo, toEach } from './room-push.js'
import {
  actingMember,
  changeMembers,
  found,
  inRole,
  isAboutOthers,
  listedBy,
  memberOf,
  readRoomState,
  refuseBy,
  type RoomLookup,
  type RoomState,
} from './room-state.js'

type Room = RecordOf<'Room'>

/** What leaving rests on. */
export interface LeaveFacts {
  readonly lookup: RoomLookup
  /** Of those who leave and those who might own the room after them. */
  readonly shown: ShownByRoster
  /** Read only where nobody stays. */
  readonly barredIds: readonly PhoneId[]
}

/** Leaving a room; with others listed, removing them under another name. @see docs/protocol/rpc.md 11, Room/leave */
export const leaveRoom = handler<
  Room,
  | { readonly kind: 'remove'; readonly facts: RemoveFacts }
  | { readonly kind: 'leave'; readonly facts: LeaveFacts; readonly leaver: MemberRow | undefined }
>({
  async read({ record, caller }, facts) {
    if (isAboutOthers(record, caller)) return { kind: 'remove', facts: await readRemove(facts, record) }
    const lookup = await readRoomState(facts, record.id)
    if (typeof lookup === 'string') return { kind: 'leave', facts: { lookup, shown: new Map(), barredIds: [] }, leaver: undefined }
    const named = listedBy(record)[0]
    const leaver = named === undefined ? actingMember(caller, lookup.list) : memberOf(lookup.list, named.phoneId)
    return { kind: 'leave', facts: await readLeaving(facts, lookup, leaver === undefined ? [] : [leaver.phoneId]), leaver }
  },

  decide: (request, facts) =>
    facts.kind === 'remove' ? decideRemove(request, facts.facts) : decideLeave(request, facts.facts.lookup, facts.leaver, facts.facts),
})

function decideLeave({ now }: Request<Room>, lookup: RoomLookup, leaver: MemberRow | undefined, facts: LeaveFacts): Outcome {
  const state = found(lookup)
  if (state.kind === 'refused') return state
  const verdict = decideRoomRight('leave', state.room.type, leaver?.document)
  if (!verdict.allowed) return refuseBy(verdict)
  return leaver === undefined ? refuse('not_authorized', 'not a member') : leave(state, leaver, facts, now).outcome
}

/** Everything that follows when these rosters leave all their rooms, as Room/leave each. For Profile/remove and Roster/remove. */
export interface LeaveAllFacts {
  readonly rooms: readonly { readonly state: RoomState; readonly facts: LeaveFacts; readonly leavers: readonly PhoneId[] }[]
  /** There are more rooms than were asked for. */
  readonly hasMore: boolean
}

/** @param atMost so many rooms are left, those behind them by the next call, once this one has been committed */
export async function readLeaveAll(facts: FactReader, leavers: readonly PhoneId[], atMost = Infinity): Promise<LeaveAllFacts> {
  const inRoom = new Map<RoomId, PhoneId[]>()
  for (const leaver of leavers) {
    for (const room of await readRoomsOf(facts, leaver)) inRoom.set(room, [...(inRoom.get(room) ?? []), leaver])
  }
  const left: LeaveAllFacts['rooms'][number][] = []
  for (const [id, own] of [...inRoom].slice(0, atMost)) {
    const room = await facts.get(rooms, id)
    if (room === undefined) continue
    const state = { id, room, list: await readMembers(facts, id) }
    left.push({ state, facts: await readLeaving(facts, state, own), leavers: own })
  }
  return { rooms: left, hasMore: inRoom.size > atMost }
}

/** The outcome of {@link readLeaveAll}'s facts: its appends are counted from 0, so it stands first in a larger outcome. */
export function leaveAll({ rooms: all }: LeaveAllFacts, now: number): Accepted {
  let total = accept({})
  for (const { state: first, facts, leavers } of all) {
    let state: RoomState | undefined = first
    for (const leaver of leavers) {
      const row: MemberRow | undefined = state && memberOf(state.list, leaver)
      if (state === undefined || row === undefined) continue
      const left: Left = leave(state, row, facts, now)
      total = joinOutcomes(total, left.outcome)
      state = left.state
    }
  }
  return total
}

/** One outcome after another, as a single one. */
export function joinOutcomes(first: Accepted, second: Accepted): Accepted {
  const shift = first.appends.length
  return {
    kind: 'accepted',
    puts: [...first.puts, ...second.puts],
    appends: [...first.appends, ...second.appends],
    numbers: [...first.numbers, ...second.numbers.map((number) => ({ ...number, append: number.append + shift }))],
    clearInboxes: [...first.clearInboxes, ...second.clearInboxes],
    opens: [...first.opens, ...second.opens],
    sends: [...first.sends, ...second.sends.map((send) => shiftAppend(send, shift))],
    effects: [...first.effects, ...second.effects],
  }
}

function shiftAppend(send: Send, shift: number): Send {
  const { payload } = send
  if (payload.kind === 'record' || payload.kind === 'opaque') return send
  return { ...send, payload: { ...payload, append: payload.append + shift } }
}

async function readLeaving(facts: FactReader, state: RoomState, leavers: readonly PhoneId[]): Promise<LeaveFacts> {
  const heirs = succession(state.list).slice(0, leavers.length + 1)
  const shown = await readShown(facts, state.id, new Set([...leavers, ...heirs.map(({ phoneId }) => phoneId)]))
  const isLast = leavers.length >= state.list.length
  return { lookup: state, shown, barredIds: isLast ? await readBarred(facts, state.id) : [] }
}

interface Left {
  readonly outcome: Accepted
  /** Undefined once the last one has left. */
  readonly state: RoomState | undefined
}

function leave(before: RoomState, leaver: MemberRow, { shown, barredIds }: LeaveFacts, now: number): Left {
  const { id } = before
  const phones = phonesOf(before.list)
  const pushed = goneFrom(memberPush(id, 'leave', { type: before.room.type, list: before.list, shown, only: new Set([leaver.phoneId]) }))
  const toLeaver = toEach([leaver.phoneId], pushed)
  if (before.list.length === 1) {
    const outcome = accept({ puts: closeRoom(before, barredIds, now), sends: [push(roomTopic(id), phones, pushed), ...toLeaver] })
    return { outcome, state: undefined }
  }
  const { list, heir } = inherit(before.list, leaver, now)
  const { state, puts } = changeMembers(before, list)
  const outcome = accept({
    puts,
    appends: [systemMessage(id, leaver.phoneId, `${leaver.phoneId} left the ${before.room.type}`, now)],
    sends: [
      push(roomTopic(id), phones, pushed),
      systemMessageTo(id, phones),
      ...toLeaver,
      ...(heir === undefined ? [] : announceOwner(state, heir, shown)),
    ],
  })
  return { outcome, state }
}

/** The leaver stands in `members`, whatever his role was. */
function goneFrom(pushed: Room): Room {
  return { ...pushed, members: [...pushed.members, ...pushed.admins], admins: [] }
}

/** The list without the leaver; if he owned the room, the first in the succession does now. */
function inherit(
  list: readonly MemberRow[],
  leaver: MemberRow,
  now: number,
): { readonly list: readonly MemberRow[]; readonly heir: PhoneId | undefined } {
  const left = list.filter(({ phoneId }) => phoneId !== leaver.phoneId)
  if (leaver.document.role !== 'owner') return { list: left, heir: undefined }
  const heir = succession(left)[0]?.phoneId
  return {
    list: left.map((row) => (row.phoneId === heir ? { ...row, document: { ...inRole(row.document, 'owner'), update: now } } : row)),
    heir,
  }
}

/** Who owns a room next, and after him: admins before members, each by how long they have been in it. */
export function succession(list: readonly MemberRow[]): readonly MemberRow[] {
  const rank = ({ document }: MemberRow): number => (document.role === 'member' ? 1 : 0)
  return list
    .filter(({ document }) => document.role !== 'owner')
    .sort((a, b) => rank(a) - rank(b) || a.document.joined - b.document.joined || a.document.id - b.document.id)
}

function announceOwner({ id, list }: RoomState, heir: PhoneId, shown: ShownByRoster): readonly Send[] {
  const phones = phonesOf(list)
  return memberRecords(id, list, shown, new Set([heir])).map((member) => push(roomTopic(id), phones, { ...member, status: 'patch' }))
}
