import type { Key, Put } from '../../../store/contract.js'
import { p2pTopic, type PhoneId, phoneOf, rosterIdOf, sesTopic } from '../../../topics/index.js'
import {
  type ChorePlace,
  clearances,
  contacts,
  cursors,
  type EraseChore,
  type ErasedRoster,
  eraseStages,
  type EraseStage,
  feedLevel,
  jobs,
  askerLists,
  listedBy,
  messages,
  partings,
  type RosterDocument,
  roomsOf,
  sentIds,
  stars,
  starTotals,
  type Table,
  tagLists,
} from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Accepted, push, type Send } from '../../outcome.js'
import { isOpenFriend, partialContact } from '../../views/contact-view.js'
import { putBans } from '../../views/parting.js'
import type { ShownByRoster } from '../../views/room-view.js'
import { isEntry } from '../friend/contact-state.js'
import { joinOutcomes, leaveAll, type LeaveAllFacts, readLeaveAll } from '../room/leave.js'
import { type Counterparty, nextPlace, ownedPage, readCounterparties } from './places.js'

type EraseStep =
  | { readonly kind: 'contacts'; readonly roster: PhoneId; readonly list: readonly Counterparty[] }
  | { readonly kind: 'rooms'; readonly facts: LeaveAllFacts }
  | { readonly kind: 'rows'; readonly keys: readonly Key[] }
  | { readonly kind: 'bans'; readonly puts: readonly Put[] }

/** A part of what is left of rosters, and where the next one begins; undefined once nothing is left. */
export interface EraseFacts {
  readonly steps: readonly EraseStep[]
  readonly next: ChorePlace<EraseStage> | undefined
}

/** People that one commit tells, and rows that it removes besides, about. */
export const eraseBudget = 200
/** Rooms that are left in one commit: each may have thousands of members. */
const roomsAtOnce = 5

type Work = Pick<EraseChore, 'rosters' | 'place' | 'areFriendsTold'>
interface Part {
  readonly step: EraseStep
  readonly next: EraseFacts['next']
  readonly cost: number
}

/** Who a roster was, for those who are still to be told. */
export function erasedRoster(phoneId: PhoneId, { names, surnames, avatar }: RosterDocument): ErasedRoster {
  return { phoneId, names, surnames, avatar }
}

export async function readErase(facts: FactReader, { rosters, place, areFriendsTold }: Work, budget = eraseBudget): Promise<EraseFacts> {
  const steps: EraseStep[] = []
  let next: EraseFacts['next'] = place
  for (let left = budget; next !== undefined && left > 0;) {
    const at: ChorePlace<EraseStage> = next
    const part: Part = await readPart(facts, { rosters, place: at, areFriendsTold }, left)
    steps.push(part.step)
    left -= part.cost
    next = part.next
    // The rest begins at the same place, once this part has been committed.
    if (next === at) break
  }
  return { steps, next }
}

async function readPart(facts: FactReader, work: Work, limit: number): Promise<Part> {
  const { rosters, place } = work
  const roster = rosters[place.roster]?.phoneId
  if (roster === undefined) throw new RangeError('no such roster in the chore')
  const end = nextPlace(eraseStages, rosters.length, place)
  switch (place.stage) {
    case 'contacts':
    case 'listers': {
      const { list, after } = await readCounterparties(facts, roster, { stage: place.stage, after: place.after }, limit)
      return { step: { kind: 'contacts', roster, list }, next: after === undefined ? end : { ...place, after }, cost: list.length }
    }
    case 'rooms':
      return readRooms(facts, work)
    case 'rows':
      return readRows(facts, roster, limit, { place, end })
    case 'notes':
      return readNotes(facts, roster, limit, { place, end })
    case 'bans':
      return readBans(facts, work, limit)
  }
}

/** All rosters leave together, because two of them may be in one room. */
async function readRooms(facts: FactReader, { rosters, place }: Work): Promise<Part> {
  const left = await readLeaveAll(
    facts,
    rosters.map(({ phoneId }) => phoneId),
    roomsAtOnce,
  )
  const rooms = left.rooms.map((room) => ({ ...room, facts: { ...room.facts, shown: asTheyWere(room.facts.shown, rosters) } }))
  const next = left.hasMore ? place : nextPlace(eraseStages, rosters.length, { ...place, roster: rosters.length })
  const cost = rooms.reduce((sum, { state }) => sum + state.list.length, 0)
  return { step: { kind: 'rooms', facts: { ...left, rooms } }, next, cost }
}

function asTheyWere(shown: ShownByRoster, rosters: readonly ErasedRoster[]): ShownByRoster {
  const all = new Map(shown)
  for (const { phoneId, names, surnames, avatar } of rosters) {
    const one = all.get(phoneId)
    if (one !== undefined) all.set(phoneId, { ...one, names, surnames, avatar, isOnline: false })
  }
  return all
}

interface Around {
  readonly place: ChorePlace<EraseStage>
  readonly end: EraseFacts['next']
}

/** Rows that belong to one roster and concern nobody else, or are left of what has been removed. */
const ownTables: readonly Table<[owner: PhoneId, level: string], unknown>[] = [
  askerLists,
  listedBy,
  roomsOf,
  cursors,
  clearances,
  sentIds,
  stars,
  jobs,
]

async function readRows(facts: FactReader, roster: PhoneId, limit: number, { place, end }: Around): Promise<Part> {
  const keys: Key[] = [tagLists.key(roster), starTotals.key(roster)]
  let left = limit
  for (const table of ownTables) {
    if (left === 0) break
    const { levels } = await ownedPage(facts, table, roster, '', left)
    keys.push(...levels.map((level) => table.key(roster, level)))
    left -= levels.length
  }
  return { step: { kind: 'rows', keys }, next: left === 0 ? place : end, cost: limit - left }
}

/** The chat with oneself is nobody else's. */
async function readNotes(facts: FactReader, roster: PhoneId, limit: number, { place, end }: Around): Promise<Part> {
  const from = place.after === '' ? 0 : Number(place.after) + 1
  const page = await facts.feedPage(p2pTopic(roster, roster), { from, direction: 'newer', limit })
  const last = page.at(-1)
  // A page may be short though there is more.
  const next = last === undefined ? end : { ...place, after: String(last.id) }
  return { step: { kind: 'rows', keys: page.map(({ id }) => messages.keyOf(id)) }, next, cost: page.length }
}

/**
 * The bans that an account has made are gone with it; those that others have made of it stay. Its number may have registered anew meanwhile: roster
 * ids grow, so what later rosters have made is told from what these have.
 */
async function readBans(facts: FactReader, { rosters, place, areFriendsTold }: Work, limit: number): Promise<Part> {
  const [one] = rosters
  if (areFriendsTold || one === undefined) return { step: { kind: 'bans', puts: [] }, next: undefined, cost: 0 }
  const account = phoneOf(one.phoneId)
  const last = Math.max(...rosters.map(({ phoneId }) => rosterIdOf(phoneId)))
  const behind = place.after === '' ? {} : { after: place.after }
  const { keys, next } = await facts.page(partings, { parts: [account], begins: '', limit, ...behind })
  const puts: Put[] = []
  for (const [, other] of keys) {
    const bans = await facts.get(partings, account, other)
    if (bans?.own && rosterIdOf(bans.own.by) <= last) puts.push(...putBans(account, other, { ...bans, own: null }))
  }
  return { step: { kind: 'bans', puts }, next: next === undefined ? undefined : { ...place, after: next }, cost: keys.length }
}

/**
 * What leaving no trace of rosters takes: everybody who had a contact of them is told that it is gone, the rooms that they have left; what was
 * theirs alone is removed. What they have said to others stays with those.
 * @see docs/protocol/rpc.md 6, Profile/remove; docs/decisions/0116-what-a-removed-account-leaves.md
 */
export function erase({ areFriendsTold }: Pick<EraseChore, 'areFriendsTold'>, { steps }: EraseFacts, now: number): Accepted {
  return steps.map((step) => eraseStep(step, areFriendsTold, now)).reduce(joinOutcomes, accept({}))
}

function eraseStep(step: EraseStep, areFriendsTold: boolean, now: number): Accepted {
  switch (step.kind) {
    case 'contacts':
      return accept({
        puts: step.list.flatMap((one) => forgetContact(step.roster, one)),
        sends: step.list.flatMap((one) => tellCounterparty(step.roster, one, areFriendsTold)),
      })
    case 'rooms':
      return leaveAll(step.facts, now)
    case 'bans':
      return accept({ puts: step.puts })
    case 'rows':
      return accept({ puts: step.keys.map((key) => ({ key, value: undefined })) })
  }
}

/** The other keeps the messages, and how far he has read them. */
function forgetContact(roster: PhoneId, { other }: Counterparty): readonly Put[] {
  return [
    contacts.remove(roster, other),
    contacts.remove(other, roster),
    listedBy.remove(roster, other),
    listedBy.remove(other, roster),
    cursors.remove(roster, feedLevel(p2pTopic(roster, other))),
  ]
}

function tellCounterparty(roster: PhoneId, { other, side }: Counterparty, areFriendsTold: boolean): readonly Send[] {
  if (other === roster || !isEntry(side) || (areFriendsTold && isOpenFriend(side))) return []
  const phone = phoneOf(other)
  return [push(sesTopic(phone), [phone], partialContact(roster, { status: 'deleted' }))]
}
