import { removalRight } from '../../../acl/index.js'
import type { RecordOf } from '../../../protocol/index.js'
import { type PhoneId, roomTopic } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, push, type Refused, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type MemberRow, readShown, type ShownByRoster } from '../../views/room-view.js'
import { authorReads, enumerate, memberPush, phonesOf, systemMessage, systemMessageTo, toEach } from './room-push.js'
import {
  changeMembers,
  enter,
  type Entered,
  hasRight,
  inRole,
  listedBy,
  memberOf,
  readRoomState,
  replaceMembers,
  type RoomLookup,
} from './room-state.js'

type Room = RecordOf<'Room'>

/** What Room/remove rests on. */
export interface RemoveFacts {
  readonly lookup: RoomLookup
  /** Of everyone listed who is in the room. */
  readonly shown: ShownByRoster
}

/** @see docs/protocol/rpc.md 11, Room/remove */
export const removeFromRoom = handler<Room, RemoveFacts>({
  read: ({ record }, facts) => readRemove(facts, record),
  decide: (request, facts) => decideRemove(request, facts),
})

export async function readRemove(facts: FactReader, record: Room): Promise<RemoveFacts> {
  const lookup = await readRoomState(facts, record.id)
  return { lookup, shown: typeof lookup === 'string' ? new Map() : await readShown(facts, lookup.id, presentOf(record, lookup.list)) }
}

export function decideRemove(request: Request<Room>, { lookup, shown }: RemoveFacts): Outcome {
  const entered = enter(request.caller, lookup, 'remove-member')
  if (entered.kind === 'refused') return entered
  const { list } = entered.state
  const inMembers = new Set(request.record.members.map(({ phone_id }) => phone_id))
  const present = listedBy(request.record).flatMap(({ phoneId }) => memberOf(list, phoneId) ?? [])
  if (present.length === 0) return refuse('contacts_not_found', 'none of those listed is in the room')
  const removed = present.filter(({ phoneId }) => inMembers.has(phoneId))
  const demoted = present.filter(({ phoneId, document }) => !inMembers.has(phoneId) && document.role !== 'member')
  const refused = checkRights(entered, removed, demoted)
  if (refused !== undefined) return refused
  if (removed.length + demoted.length === 0) return refuse('invalid_data', 'those listed as admins are none')
  return removedFrom(request, entered, { removed: idsOf(removed), demoted: idsOf(demoted), shown })
}

/** Refuses unless the acting member may remove each of these from the room. */
export function checkRemoval(entered: Entered, removed: readonly MemberRow[]): Refused | undefined {
  const beyond = removed.find(({ document }) => !hasRight(entered, removalRight(document.role)))
  return beyond === undefined ? undefined : refuse('not_authorized', `no right to remove: ${beyond.document.role}`)
}

function checkRights(entered: Entered, removed: readonly MemberRow[], demoted: readonly MemberRow[]): Refused | undefined {
  if (demoted.some(({ document }) => document.role === 'owner')) return refuse('not_authorized', 'the owner stays the owner')
  if (demoted.length > 0 && !hasRight(entered, 'appoint-admins')) return refuse('not_authorized', 'only the owner unmakes admins')
  return checkRemoval(entered, removed)
}

interface Removals {
  readonly removed: ReadonlySet<PhoneId>
  readonly demoted: ReadonlySet<PhoneId>
  readonly shown: ShownByRoster
}

function removedFrom({ now }: Request<Room>, { state: before, actor }: Entered, { removed, demoted, shown }: Removals): Outcome {
  const { id } = before
  // The removed still receive this: their subscriptions end afterwards.
  const phones = phonesOf(before.list)
  const kept = before.list.filter(({ phoneId }) => !removed.has(phoneId))
  const { state, puts } = changeMembers(
    before,
    replaceMembers(kept, demoted, (document) => inRole(document, 'member')),
  )
  // Both lists are drawn up before the demotion takes the demoted out of the admins.
  const members = memberPush(id, 'remove', { type: state.room.type, list: before.list, shown, only: removed })
  const admins = memberPush(id, 'remove', { type: state.room.type, list: state.list, shown, only: demoted })
  const pushed: Room = { ...members, members: [...members.admins, ...members.members], admins: [...admins.admins, ...admins.members] }
  return accept({
    puts,
    appends: [systemMessage(id, actor.phoneId, describe(actor.phoneId, removed, demoted), now)],
    numbers: [authorReads(id, actor.phoneId)],
    sends: [push(roomTopic(id), phones, pushed), systemMessageTo(id, phones), ...toEach(removed, { ...pushed, status: 'removed' })],
  })
}

function describe(actor: PhoneId, removed: ReadonlySet<PhoneId>, demoted: ReadonlySet<PhoneId>): string {
  const parts = [
    ...(removed.size > 0 ? [`removed ${enumerate(removed)}`] : []),
    ...(demoted.size > 0 ? [`took the rights of an admin from ${enumerate(demoted)}`] : []),
  ]
  return `${actor} ${parts.join(' and ')}`
}

function presentOf(record: Room, list: readonly MemberRow[]): readonly PhoneId[] {
  return listedBy(record).flatMap(({ phoneId }) => (memberOf(list, phoneId) === undefined ? [] : [phoneId]))
}

function idsOf(rows: readonly MemberRow[]): ReadonlySet<PhoneId> {
  return new Set(rows.map(({ phoneId }) => phoneId))
}
