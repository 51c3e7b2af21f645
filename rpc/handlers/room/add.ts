import type { RecordOf } from '../../../protocol/index.js'
import { phoneOf, type PhoneId, roomTopic } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, push, refuse } from '../../outcome.js'
import { handler, ownRosters, type Request } from '../../request.js'
import { completeRoom, listedIn, readShown, type ShownByRoster } from '../../views/room-view.js'
import { readBarsOf } from './bars.js'
import { readListedFriends } from './create.js'
import { invite } from './invitation.js'
import { decideJoin, type JoinFacts, readJoin } from './join.js'
import { type MemberIds, noMemberIds, readMemberIds } from './member-ids.js'
import { authorReads, completeToEach, enumerate, memberPush, partialRoom, phonesOf, systemMessage, systemMessageTo } from './room-push.js'
import {
  actingMember,
  changeMembers,
  enter,
  type Entered,
  hasRight,
  idsOf,
  inRole,
  isAboutOthers,
  type Listed,
  listedBy,
  memberLimit,
  memberOf,
  readRoomState,
  replaceMembers,
  type RoomLookup,
  withNewMembers,
} from './room-state.js'
import { nobodyWelcome, readWelcome, refuseUnwelcome, type Welcome } from './welcome.js'

type Room = RecordOf<'Room'>

/** What Room/add rests on. */
export interface AddFacts {
  readonly lookup: RoomLookup
  /** Those listed who are not in the room and may be added: friends of the acting member, no ban between them, not barred. */
  readonly welcome: Welcome
  readonly shown: ShownByRoster
  /** For those who may be added. */
  readonly memberIds: MemberIds
}

/** @see docs/protocol/rpc.md 11, Room/add */
export const addToRoom = handler<Room, AddFacts>({
  read: (request, facts) => readAdd(request, facts),
  decide: (request, facts) => decideAdd(request, facts),
})

/** Joining a channel; with somebody else listed, adding under another name. @see docs/protocol/rpc.md 11, Room/join */
export const joinRoom = handler<
  Room,
  { readonly kind: 'add'; readonly facts: AddFacts } | { readonly kind: 'join'; readonly facts: JoinFacts }
>({
  async read(request, facts) {
    const { record, caller } = request
    if (isAboutOthers(record, caller)) return { kind: 'add', facts: await readAdd(request, facts) }
    return { kind: 'join', facts: await readJoin(request, facts, ownRosters(caller)) }
  },
  decide: (request, facts) => (facts.kind === 'add' ? decideAdd(request, facts.facts) : decideJoin(request, facts.facts)),
})

async function readAdd(request: Request<Room>, facts: FactReader): Promise<AddFacts> {
  const { record, caller } = request
  const lookup = await readRoomState(facts, record.id)
  if (typeof lookup === 'string') return { lookup, ...nobody }
  const { id, list } = lookup
  const actor = actingMember(caller, list)
  if (actor === undefined || actor.document.role === 'member') return { lookup, ...nobody }
  const inside = new Set(list.map(({ phoneId }) => phoneId))
  const strangers = listedBy(record).filter(({ phoneId }) => !inside.has(phoneId))
  const friends: Listed[] = []
  for (const one of await readListedFriends(facts, actor.phoneId, strangers)) {
    if ((await readBarsOf(facts, id, phoneOf(one.phoneId))).length === 0) friends.push(one)
  }
  const welcome = await readWelcome(request, facts, id, { by: actor.phoneId, friends })
  const { added: addable } = welcome
  const named = listedBy(record).flatMap(({ phoneId }) => (inside.has(phoneId) ? [phoneId] : []))
  const shown = await readShown(facts, id, new Set([...listedIn(list), ...named, ...addable.map(({ phoneId }) => phoneId)]))
  return { lookup, welcome, shown, memberIds: await readMemberIds(facts, id, lookup.room.lastMemberId, addable.length) }
}

const nobody = { welcome: nobodyWelcome, shown: new Map(), memberIds: noMemberIds } as const

function decideAdd(request: Request<Room>, { lookup, welcome, shown, memberIds }: AddFacts): Outcome {
  const entered = enter(request.caller, lookup, 'add')
  if (entered.kind === 'refused') return entered
  const { state } = entered
  const { added: addable, invited } = welcome
  const listed = listedBy(request.record)
  const promoted = listed.filter(({ phoneId, asAdmin }) => asAdmin && memberOf(state.list, phoneId)?.document.role === 'member')
  if ((promoted.length > 0 || [...addable, ...invited].some(({ asAdmin }) => asAdmin)) && !hasRight(entered, 'appoint-admins')) {
    return refuse('not_authorized', 'only the owner makes admins')
  }
  if (promoted.length + addable.length + invited.length + welcome.waiting === 0) {
    const areAllInside = listed.every(({ phoneId }) => memberOf(state.list, phoneId) !== undefined)
    return areAllInside
      ? refuse('invalid_data', 'all are members already', 'members-already')
      : refuseUnwelcome(welcome, 'none of those listed can be added')
  }
  const room = memberLimit(request.context, state.room.type) - state.list.length
  if (addable.length + invited.length > room) return refuse('invalid_data', 'too many members', 'full')
  if (promoted.length + addable.length === 0) return onlyInvited(request, entered, welcome)
  return added(request, entered, { welcome, promoted, shown, memberIds })
}

/** Nobody is in the room yet for it: the room is told nothing, and the caller that nobody was added. */
function onlyInvited({ record, now }: Request<Room>, { state, actor }: Entered, { invited, puts }: Welcome): Outcome {
  const invitations = invite(state, actor.phoneId, idsOf(invited), { now, firstAppend: 0 })
  return accept({
    puts: [...puts, ...invitations.puts],
    appends: invitations.appends,
    sends: [answer(partialRoom(state.id, statusOf(record), {})), ...invitations.sends],
  })
}

function statusOf({ status }: Room): 'join' | 'add' {
  return status === 'join' ? 'join' : 'add'
}

interface Additions {
  readonly welcome: Welcome
  readonly promoted: readonly Listed[]
  readonly shown: ShownByRoster
  readonly memberIds: MemberIds
}

function added(
  { record, now }: Request<Room>,
  { state: before, actor }: Entered,
  { welcome, promoted, shown, memberIds }: Additions,
): Outcome {
  const { id } = before
  const status = statusOf(record)
  const appointed = new Set(idsOf(promoted))
  const list = replaceMembers(withNewMembers(before.list, welcome.added, memberIds.ids, now), appointed, (document) =>
    inRole(document, 'admin'),
  )
  const { state, puts } = changeMembers(before, list)
  const newcomers = new Set(idsOf(welcome.added))
  const invitations = invite(state, actor.phoneId, idsOf(welcome.invited), { now, firstAppend: 1 })
  const phones = phonesOf(list)
  const only = new Set([...newcomers, ...appointed])
  return accept({
    puts: [...puts, ...memberIds.puts, ...welcome.puts, ...invitations.puts],
    appends: [systemMessage(id, actor.phoneId, describe(actor.phoneId, newcomers, appointed), now), ...invitations.appends],
    numbers: [authorReads(id, actor.phoneId)],
    sends: [
      ...completeToEach(newcomers, { ...completeRoom(id, state.room, list, shown), status }),
      push(roomTopic(id), phones, memberPush(id, status, { type: state.room.type, list, shown, only })),
      systemMessageTo(id, phones),
      ...invitations.sends,
    ],
  })
}

function describe(actor: PhoneId, newcomers: ReadonlySet<PhoneId>, appointed: ReadonlySet<PhoneId>): string {
  const parts = [
    ...(newcomers.size > 0 ? [`added ${enumerate(newcomers)}`] : []),
    ...(appointed.size > 0 ? [`made ${enumerate(appointed)} admin`] : []),
  ]
  return `${actor} ${parts.join(' and ')}`
}
