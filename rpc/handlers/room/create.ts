import type { RecordOf } from '../../../protocol/index.js'
import { parsePhoneId, parseRoomId, type PhoneId, type RoomId } from '../../../topics/index.js'
import type { RoomDocument, RoomLink } from '../../documents/index.js'
import { contacts, rooms } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, type Refused, refuse, refuseChannel } from '../../outcome.js'
import { type Caller, handler, ownRosters, type Request } from '../../request.js'
import { isOpenFriend } from '../../views/contact-view.js'
import { completeRoom, readShown, type ShownByRoster } from '../../views/room-view.js'
import { newLinks, newLinksFault, readTaken } from '../link/new-links.js'
import { isRoomIdTaken } from './closed-room.js'
import { invite } from './invitation.js'
import { checkFields } from './room-fields.js'
import { authorReads, completeToEach, phonesOf, systemMessage, systemMessageTo, withSystemMessage } from './room-push.js'
import { type MemberIds, noMemberIds, readMemberIds } from './member-ids.js'
import { nobodyWelcome, readWelcome, refuseUnwelcome, type Welcome } from './welcome.js'
import { changeMembers, idAt, idsOf, type Listed, listedBy, listsAnyone, memberLimit, newMember, withNewMembers } from './room-state.js'

type Room = RecordOf<'Room'>

/** What Room/create rests on. */
export interface CreateFacts {
  /** The id chosen by the client, or a new one; undefined if the chosen one cannot name a room. */
  readonly id: RoomId | undefined
  readonly isTaken: boolean
  /** By a room that the creator owns. */
  readonly isOwn: boolean
  /** Links asked for that another channel has, in lower case. */
  readonly takenLinks: readonly string[]
  /** The roster that will own the room; undefined for callers without one. */
  readonly creator: PhoneId | undefined
  /** Those listed, other than the creator, who are friends of his without a ban, as far as he may put them into rooms. */
  readonly welcome: Welcome
  readonly shown: ShownByRoster
  /** For the creator and those listed. */
  readonly memberIds: MemberIds
}

/** @see docs/protocol/rpc.md 11, Room/create */
export const createRoom = handler<Room, CreateFacts>({
  async read(request, facts) {
    const { record, caller, context } = request
    const id = record.id === null ? parseRoomId(Buffer.from(context.random(16)).toString('hex')) : chosenId(record.id)
    const creator = creatorOf(record, caller)
    const welcome = id === undefined || creator === undefined ? nobodyWelcome : await readWelcomeOf(request, facts, id, creator)
    const { added } = welcome
    const shown =
      id === undefined || creator === undefined ? new Map() : await readShown(facts, id, [creator, ...added.map((one) => one.phoneId)])
    const isTaken = id !== undefined && (await isRoomIdTaken(facts, id))
    const isOwn = id !== undefined && isTaken && creator !== undefined && (await facts.peek(rooms, id))?.owner === creator
    const memberIds = id === undefined ? noMemberIds : await readMemberIds(facts, id, 0, added.length + 1)
    return { id, isTaken, isOwn, takenLinks: await readTaken(facts, record.links), creator, welcome, shown, memberIds }
  },

  decide(request, facts) {
    const { id, creator, welcome } = facts
    const { record, caller } = request
    const taken = facts.isOwn ? 'own-room' : 'room-taken'
    if (facts.isTaken && typeOf(record) === 'channel') {
      return { ...refuseChannel('RCHIE1', record, caller.dialect, 'the id is in use'), detail: taken }
    }
    if (id === undefined || creator === undefined || facts.isTaken) {
      return refuse('invalid_data', 'the id is malformed or in use', facts.isTaken ? taken : undefined)
    }
    const refused = checkNew(record) ?? checkLinks(request, facts.takenLinks)
    if (refused !== undefined) return refused
    const isAlone = welcome.added.length + welcome.invited.length === 0
    if (isAlone && listsAnyone(record) && listedBy(record).some(({ phoneId }) => phoneId !== creator)) {
      return refuseUnwelcome(welcome, 'none of those listed is a friend')
    }
    if (welcome.added.length + welcome.invited.length + 1 > memberLimit(request.context, typeOf(record)))
      return refuse('invalid_data', 'too many members', 'full')
    return created(request, { ...facts, id, creator })
  },
})

async function readWelcomeOf(request: Request<Room>, facts: FactReader, id: RoomId, creator: PhoneId): Promise<Welcome> {
  return readWelcome(request, facts, id, { by: creator, friends: await readListedFriends(facts, creator, listedBy(request.record)) })
}

function checkNew(record: Room): Refused | undefined {
  if (record.name === null) return refuse('invalid_data', 'a room has a name')
  if (record.type === 'call') return refuse('invalid_data', 'calls are no rooms')
  return checkFields(record)
}

/** Only a channel has links. @see docs/protocol/rpc.md 17 */
function checkLinks({ record, caller }: Request<Room>, taken: readonly string[]): Refused | undefined {
  if (record.links.length === 0) return undefined
  const fault = typeOf(record) === 'channel' ? newLinksFault(record.links, taken) : 'GIE1'
  return fault === undefined ? undefined : refuseChannel(fault, record, caller.dialect, 'it cannot have these links')
}

function created({ record, now }: Request<Room>, facts: Required<CreateFactsFound>): Outcome {
  const { id, creator, welcome, shown, memberIds } = facts
  const { ids } = memberIds
  const owner = { phoneId: creator, document: newMember(idAt(ids, 0), 'owner', now, now) }
  const { list: links, puts: linkPuts } = newLinks(id, record.links, now)
  const alone = { id, room: newRoom(record, creator, links, now), list: [] }
  const list = withNewMembers([owner], membersFirst(welcome.added), ids.slice(1), now)
  const { state, puts } = changeMembers(alone, list)
  const room: Room = { ...completeRoom(id, state.room, list, shown), status: 'create' }
  const invitations = invite(state, creator, idsOf(welcome.invited), { now, firstAppend: 1 })
  return accept({
    puts: [...puts, ...linkPuts, ...memberIds.puts, ...welcome.puts, ...invitations.puts],
    appends: [systemMessage(id, creator, `${creator} created the ${state.room.type}`, now), ...invitations.appends],
    numbers: [authorReads(id, creator)],
    sends: [
      { to: 'caller', payload: withSystemMessage(room) },
      ...completeToEach(
        list.map(({ phoneId }) => phoneId),
        room,
      ),
      systemMessageTo(id, phonesOf(list)),
      ...invitations.sends,
    ],
  })
}

type CreateFactsFound = Pick<CreateFacts, 'welcome' | 'shown' | 'memberIds'> & { readonly id: RoomId; readonly creator: PhoneId }

/** Member ids are given in the order of the request, members before admins. */
function membersFirst(friends: readonly Listed[]): readonly Listed[] {
  return [...friends.filter(({ asAdmin }) => !asAdmin), ...friends.filter(({ asAdmin }) => asAdmin)]
}

function typeOf(record: Room): RoomDocument['type'] {
  return record.type === 'channel' ? 'channel' : 'group'
}

function newRoom(record: Room, owner: PhoneId, links: readonly RoomLink[], now: number): RoomDocument {
  return {
    name: record.name ?? '',
    description: record.description,
    settings: record.settings,
    data: record.data,
    type: typeOf(record),
    tos: record.tos,
    tosUpdate: record.tos === null ? 0 : now,
    created: now,
    update: now,
    owner,
    memberCount: 0,
    lastMemberId: 0,
    stamp: 0,
    ...(links.length > 0 ? { links } : {}),
  }
}

/** A phone_id names a person wherever a room may be named as well, so it names no room. */
function chosenId(text: string): RoomId | undefined {
  return parsePhoneId(text) === undefined ? parseRoomId(text) : undefined
}

/** The own roster that is listed, or the first. */
function creatorOf(record: Room, caller: Caller): PhoneId | undefined {
  const own = ownRosters(caller)
  return listedBy(record).find(({ phoneId }) => own.includes(phoneId))?.phoneId ?? own[0]
}

/** Those of `listed` who are friends of a roster without a ban either way; itself left out. */
export async function readListedFriends(facts: FactReader, of: PhoneId, listed: readonly Listed[]): Promise<readonly Listed[]> {
  const friends: Listed[] = []
  for (const one of listed) {
    if (one.phoneId !== of && isOpenFriend(await facts.get(contacts, of, one.phoneId))) friends.push(one)
  }
  return friends
}
