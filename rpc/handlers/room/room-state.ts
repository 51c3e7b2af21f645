import { decideRoomRight, type RequestVerdict, type RoomRight } from '../../../acl/index.js'
import type { RecordOf } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { parsePhoneId, parseRoomId, phoneOf, type PhoneId, type RoomId, roomTopic } from '../../../topics/index.js'
import {
  cursors,
  feedLevel,
  type MemberDocument,
  members,
  type Role,
  type RoomDocument,
  roomInvitations,
  rooms,
  roomsOf,
} from '../../documents/index.js'
import type { RpcContext } from '../../context.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse } from '../../outcome.js'
import { type Caller, ownRosters } from '../../request.js'
import { type MemberRow, readMembers } from '../../views/room-view.js'

type Room = RecordOf<'Room'>

/** A room and everyone in it. */
export interface RoomState {
  readonly id: RoomId
  readonly room: RoomDocument
  /** All members by member id; exactly one of them is the owner. */
  readonly list: readonly MemberRow[]
}

export type RoomLookup = RoomState | 'malformed' | 'unknown'

/** Members at most. @see docs/protocol/rpc.md 1.5 */
export function memberLimit({ limits }: RpcContext, type: RoomDocument['type']): number {
  return type === 'group' ? limits.membersPerGroup : limits.membersPerChannel
}

/** Looks a room up by the id of a request; the commit rests on the room and its member list. */
export async function readRoomState(facts: FactReader, text: string | null): Promise<RoomLookup> {
  const id = parseRoomId(text ?? '')
  if (id === undefined) return 'malformed'
  const room = await facts.get(rooms, id)
  return room === undefined ? 'unknown' : { id, room, list: await readMembers(facts, id) }
}

/** A caller who may do what he asks, and as which member. */
export interface Entered {
  readonly kind: 'entered'
  readonly state: RoomState
  readonly actor: MemberRow
}

/** Lets a member who has the right in. @refuses what is malformed or unknown, and whoever is no member or lacks the right */
export function enter(caller: Caller, lookup: RoomLookup, right: RoomRight): Entered | Refused {
  const state = found(lookup)
  if (state.kind === 'refused') return state
  const actor = actingMember(caller, state.list)
  const verdict = decideRoomRight(right, state.room.type, actor?.document)
  if (actor === undefined) return verdict.allowed ? refuse('not_authorized', 'not a member') : refuseBy(verdict)
  return verdict.allowed ? { kind: 'entered', state, actor } : refuseBy(verdict)
}

/** The room of a lookup, or why there is none. */
export function found(lookup: RoomLookup): (RoomState & { readonly kind: 'found' }) | Refused {
  if (lookup === 'malformed') return refuse('invalid_data', 'the request names no room')
  if (lookup === 'unknown') return refuse('room_not_found', 'there is no such room')
  return { kind: 'found', ...lookup }
}

export function refuseBy(verdict: RequestVerdict & { readonly allowed: false }): Refused {
  return refuse(verdict.error, verdict.because)
}

/** Whether a member has a further right in the room. */
export function hasRight({ state, actor }: Entered, right: RoomRight): boolean {
  return decideRoomRight(right, state.room.type, actor.document).allowed
}

/** The caller's first roster that is in the room. */
export function actingMember(caller: Caller, list: readonly MemberRow[]): MemberRow | undefined {
  for (const roster of ownRosters(caller)) {
    const row = memberOf(list, roster)
    if (row !== undefined) return row
  }
  return undefined
}

export function memberOf(list: readonly MemberRow[], phoneId: PhoneId): MemberRow | undefined {
  return list.find((row) => row.phoneId === phoneId)
}

/** Someone a request lists, in its members or its admins; named in both, he counts as an admin. */
export interface Listed {
  readonly phoneId: PhoneId
  readonly asAdmin: boolean
}

/** The rosters of those listed. */
export function idsOf(listed: readonly Listed[]): readonly PhoneId[] {
  return listed.map(({ phoneId }) => phoneId)
}

/** Whom a request lists, each once, admins first; entries that name no roster are passed over. */
export function listedBy(request: Room): readonly Listed[] {
  const listed = new Map<PhoneId, Listed>()
  for (const [entries, asAdmin] of [[request.admins, true] as const, [request.members, false] as const]) {
    for (const entry of entries) {
      const phoneId = parsePhoneId(entry.phone_id ?? '')
      if (phoneId !== undefined && !listed.has(phoneId)) listed.set(phoneId, { phoneId, asAdmin })
    }
  }
  return [...listed.values()]
}

/** Whether a request lists anyone at all, rosters or not. */
export function listsAnyone(request: Room): boolean {
  return request.members.length + request.admins.length > 0
}

/** Whether a request lists somebody besides the rosters of the caller. */
export function isAboutOthers(request: Room, caller: Caller): boolean {
  const own: readonly string[] = ownRosters(caller)
  return [...request.members, ...request.admins].some(({ phone_id }) => phone_id === null || !own.includes(phone_id))
}

/**
 * A new membership. `update` is when somebody changed his own membership or came to own the room: 0 for those whom others have added.
 */
export function newMember(id: number, role: Role, now: number, update: number): MemberDocument {
  const unset = { avatar: null, names: null, surnames: null, alias: null, email: null, voxId: null }
  return { id, role, isMuted: false, isSilent: false, ...unset, settings: [], joined: now, update }
}

/** A membership in another role. Whoever runs the room is not muted. */
export function inRole(document: MemberDocument, role: Role): MemberDocument {
  return { ...document, role, isMuted: role === 'member' && document.isMuted }
}

/**
 * The list with these new members at its end; who is muted in the room is so by whichever roster.
 * @param ids one for each of them, greater than all before
 */
export function withNewMembers(
  list: readonly MemberRow[],
  newcomers: readonly Listed[],
  ids: readonly number[],
  now: number,
): readonly MemberRow[] {
  const muted = new Set(list.flatMap(({ phoneId, document }) => (document.isMuted ? [phoneOf(phoneId)] : [])))
  const added = newcomers.map(({ phoneId, asAdmin }, i) => {
    const document = newMember(idAt(ids, i), asAdmin ? 'admin' : 'member', now, 0)
    return { phoneId, document: { ...document, isMuted: !asAdmin && muted.has(phoneOf(phoneId)) } }
  })
  return [...list, ...added]
}

/** @throws if fewer ids were read than are needed */
export function idAt(ids: readonly number[], place: number): number {
  const id = ids[place]
  if (id === undefined) throw new Error('a new member has no id')
  return id
}

/** The list with some memberships replaced. */
export function replaceMembers(
  list: readonly MemberRow[],
  whom: ReadonlySet<PhoneId>,
  change: (document: MemberDocument) => MemberDocument,
): readonly MemberRow[] {
  return list.map((row) => (whom.has(row.phoneId) ? { ...row, document: change(row.document) } : row))
}

/** A room after a change of its members, and what is stored for it. */
export interface Changed {
  readonly state: RoomState
  readonly puts: readonly Put[]
}

/**
 * Gives the room another member list. What differs is stored: memberships, the rooms of those who came or left, and the room with its count
 * and a new stamp, so that everyone who rests on the list notices. Who leaves keeps no cursor and no invitation.
 */
export function changeMembers(before: RoomState, list: readonly MemberRow[]): Changed {
  const { id, room } = before
  const old = new Map(before.list.map((row) => [row.phoneId, row.document]))
  const puts: Put[] = []
  for (const { phoneId, document } of list) {
    const was = old.get(phoneId)
    old.delete(phoneId)
    if (was === document) continue
    puts.push(members.put(document, id, phoneId))
    if (was === undefined) puts.push(roomsOf.put({ joined: document.joined }, phoneId, id))
  }
  const level = feedLevel(roomTopic(id))
  for (const phoneId of old.keys()) {
    puts.push(members.remove(id, phoneId), roomsOf.remove(phoneId, id), cursors.remove(phoneId, level), roomInvitations.remove(id, phoneId))
  }
  const changed = withList(room, list)
  return { state: { id, room: changed, list }, puts: [rooms.put(changed, id), ...puts] }
}

function withList(room: RoomDocument, list: readonly MemberRow[]): RoomDocument {
  return {
    ...room,
    owner: list.find(({ document }) => document.role === 'owner')?.phoneId ?? room.owner,
    memberCount: list.length,
    lastMemberId: Math.max(room.lastMemberId, list.at(-1)?.document.id ?? 0),
    stamp: room.stamp + 1,
  }
}
