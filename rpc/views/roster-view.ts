import { record, type RecordOf } from '../../protocol/index.js'
import { p2pTopic, phoneOf, type PhoneId } from '../../topics/index.js'
import { type ContactDocument, contacts, type RosterDocument, rosters } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { newSelfContact, readUserlist, selfContact } from './contact-view.js'
import { readFavourites } from './favourite-view.js'
import { type FeedState, readFeedState } from './feed-state.js'
import { readWithLastMessages } from './last-messages.js'
import { readRoomForRoster, readRoomsOf } from './room-view.js'

type Roster = RecordOf<'Roster'>

/** The lists of a Roster record; what is left out is empty. */
export type RosterLists = Partial<Pick<Roster, 'userlist' | 'roomlist' | 'favorite' | 'tags'>>

/** Roster record made of its document and lists. */
export function rosterRecord(phoneId: PhoneId, roster: RosterDocument, lists: RosterLists, status: Roster['status']): Roster {
  return record('Roster', {
    id: roster.id,
    names: roster.names,
    surnames: roster.surnames,
    email: roster.email,
    nick: roster.nick,
    phone: phoneOf(phoneId),
    avatar: roster.avatar,
    update: roster.update,
    ...lists,
    status,
  })
}

/**
 * Complete Roster as at login: userlist with unread, last_msg and presence of every contact, roomlist with the own Member, favourites and tags.
 * @returns undefined if there is no such roster
 * @see docs/protocol/rpc.md 4, Auth/login
 */
export function readRoster(facts: FactReader, phoneId: PhoneId, status: Roster['status']): Promise<Roster | undefined> {
  return facts.memo(`roster ${phoneId} ${String(status)}`, async (own) => {
    const roster = await own.peek(rosters, phoneId)
    if (roster === undefined) return undefined
    const [userlist, roomlist, favourites] = await Promise.all([
      readUserlist(own, phoneId),
      readRoomlist(own, phoneId),
      readFavourites(own, phoneId),
    ])
    return rosterRecord(phoneId, roster, { userlist, roomlist, ...favourites }, status)
  })
}

/** A roster, and what its self-contact is made of. */
export interface SelfFacts {
  readonly phoneId: PhoneId
  readonly roster: RosterDocument
  readonly contact: ContactDocument
  readonly feed: FeedState
}

/** A roster the decision rests on, with facts for its self-contact; undefined if there is none. */
export async function readSelf(facts: FactReader, phoneId: PhoneId): Promise<SelfFacts | undefined> {
  const [roster, contact, feed] = await Promise.all([
    facts.get(rosters, phoneId),
    facts.peek(contacts, phoneId, phoneId),
    readFeedState(facts, p2pTopic(phoneId, phoneId), phoneId),
  ])
  return roster === undefined ? undefined : { phoneId, roster, contact: contact ?? newSelfContact(roster.created), feed }
}

/** Roster as it is told to its own devices after a change: with the self-contact and nothing else in its lists. */
export function changedRoster({ phoneId, contact, feed }: SelfFacts, changed: RosterDocument, status: Roster['status']): Roster {
  return rosterRecord(phoneId, changed, { userlist: [selfContact(phoneId, changed, contact, feed)] }, status)
}

async function readRoomlist(facts: FactReader, phoneId: PhoneId): Promise<Roster['roomlist']> {
  const rooms = await readRoomsOf(facts, phoneId)
  return readWithLastMessages(rooms, (room) => readRoomForRoster(facts, room, phoneId))
}
