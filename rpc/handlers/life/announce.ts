import type { Contact, Member } from '../../../protocol/index.js'
import { type Phone, phoneIdOf, type PhoneId, phoneOf, rosterIdOf, type RoomId, roomTopic, sesTopic } from '../../../topics/index.js'
import { type AnnounceChore, announceStages, type AnnounceStage, type ChorePlace, roomsOf } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { asShown } from '../../names/names.js'
import { push, type Send } from '../../outcome.js'
import { partialContact, readContactView } from '../../views/contact-view.js'
import { memberRecords, peekMembers, readShown } from '../../views/room-view.js'
import { isEntry } from '../friend/contact-state.js'
import { phonesOf } from '../room/room-push.js'
import { nextPlace, ownedPage, readCounterparties } from './places.js'

/** A roster that is known by another name from now on, as one of those who know it sees it. */
interface ContactTold {
  readonly other: PhoneId
  readonly roster: PhoneId
  readonly contact: Contact
}

interface RoomTold {
  readonly room: RoomId
  readonly phones: readonly Phone[]
  readonly member: Member
}

/** A part of the telling, and where the next one begins; undefined at the end. */
export interface AnnounceFacts {
  readonly told: readonly ContactTold[]
  readonly rooms: readonly RoomTold[]
  readonly next: ChorePlace<AnnounceStage> | undefined
}

/** People and members of rooms that one commit tells, about. */
export const announceBudget = 200
const roomsAtOnce = 16

type Work = Pick<AnnounceChore, 'rosters' | 'place'>
type Part = AnnounceFacts & { readonly cost: number }

export async function readAnnounce(facts: FactReader, { rosters, place }: Work, budget = announceBudget): Promise<AnnounceFacts> {
  const told: ContactTold[] = []
  const rooms: RoomTold[] = []
  let next: AnnounceFacts['next'] = place
  for (let left = budget; next !== undefined && left > 0;) {
    const part: Part = await readPart(facts, { rosters, place: next }, left)
    told.push(...part.told)
    rooms.push(...part.rooms)
    left -= part.cost
    next = part.next
  }
  return { told, rooms, next }
}

async function readPart(facts: FactReader, { rosters, place }: Work, limit: number): Promise<Part> {
  const roster = rosters[place.roster]
  const end = nextPlace(announceStages, rosters.length, place)
  if (roster === undefined) return { told: [], rooms: [], next: end, cost: 0 }
  const part =
    place.stage === 'rooms' ? await readRooms(facts, roster, place.after, limit) : await readContacts(facts, roster, place, limit)
  return { ...part, next: part.after === undefined ? end : { ...place, after: part.after } }
}

type Found = Pick<Part, 'told' | 'rooms' | 'cost'> & { readonly after: string | undefined }

async function readContacts(facts: FactReader, roster: PhoneId, place: ChorePlace<AnnounceStage>, limit: number): Promise<Found> {
  const stage = place.stage === 'contacts' ? 'contacts' : 'listers'
  const { list, after } = await readCounterparties(facts, roster, { stage, after: place.after }, limit)
  const told: ContactTold[] = []
  for (const { other, side } of list) {
    if (other === roster || !isEntry(side)) continue
    told.push({ other, roster, contact: await readContactView(facts, other, roster) })
  }
  return { told, rooms: [], cost: list.length, after }
}

async function readRooms(facts: FactReader, roster: PhoneId, begin: string, limit: number): Promise<Found> {
  const page = await ownedPage(facts, roomsOf, roster, begin, roomsAtOnce)
  const rooms: RoomTold[] = []
  let cost = 0
  for (const room of page.levels) {
    if (cost >= limit) return { told: [], rooms, cost, after: rooms.at(-1)?.room }
    const list = await peekMembers(facts, room)
    const shown = await readShown(facts, room, [roster])
    const [member] = memberRecords(room, list, shown, new Set([roster]))
    if (member !== undefined) rooms.push({ room, phones: phonesOf(list), member: { ...member, status: 'patch' } })
    cost += list.length
  }
  return { told: [], rooms, cost, after: page.after }
}

/**
 * What those who know a roster are told when it is known by another name: that the contact under the old name is gone, then the one under the
 * new name; rooms, who this member is.
 * @see docs/protocol/rpc.md 6, Profile/phone
 */
export function announce({ was, at }: Pick<AnnounceChore, 'was' | 'at'>, { told, rooms }: AnnounceFacts): readonly Send[] {
  return [
    ...told.flatMap(({ other, roster, contact }) => {
      const [topic, phones] = [sesTopic(phoneOf(other)), [phoneOf(other)]]
      return [
        push(topic, phones, partialContact(oldName(roster, was), { status: 'deleted' })),
        push(topic, phones, { ...contact, update: Math.max(at, contact.update ?? 0) }),
      ]
    }),
    ...rooms.map(({ room, phones, member }) => push(roomTopic(room), phones, member)),
  ]
}

function oldName(roster: PhoneId, was: Phone): PhoneId {
  const name = phoneIdOf(was, rosterIdOf(roster))
  if (name === undefined) throw new RangeError('a roster id is no roster id')
  return asShown(name)
}
