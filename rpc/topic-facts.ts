import { type FactsQuery, noFacts, type TopicFacts } from '../acl/index.js'
import type { PhoneId, RoomId } from '../topics/index.js'
import { contacts, members, rooms, rosters } from './documents/index.js'
import type { FactReader } from './facts.js'
import { isBarred } from './views/contact-view.js'
import { getBans } from './views/parting.js'
import { findFellow } from './views/room-view.js'

/** Reads what a decision about a topic rests on, as `factsNeeded` asks. */
export async function readTopicFacts(facts: FactReader, query: FactsQuery): Promise<TopicFacts> {
  switch (query.kind) {
    case 'none':
      return noFacts
    case 'p2p':
      return readChat(facts, query.left, query.right)
    case 'ac':
      return readFriendship(facts, query.of, query.rosters)
    case 'muc':
      return readFellowship(facts, query.of, query.rosters)
    case 'room':
      return readRoom(facts, query.room, query.rosters)
  }
}

/** Both sides of a friendship change in one commit, so one contact tells it whole. */
async function readChat(facts: FactReader, left: PhoneId, right: PhoneId): Promise<TopicFacts> {
  const contact = await facts.get(contacts, left, right)
  const [a, b] = [await facts.get(rosters, left), await facts.get(rosters, right)]
  return { kind: 'p2p', exists: a !== undefined && b !== undefined, areFriends: contact?.state === 'friend', isBanned: isBarred(contact) }
}

async function readFriendship(facts: FactReader, of: PhoneId, own: readonly PhoneId[]): Promise<TopicFacts> {
  for (const roster of own) {
    const contact = await facts.get(contacts, roster, of)
    if (contact?.state === 'friend') return { kind: 'ac', areFriends: true, isBanned: isBarred(contact) }
  }
  return { kind: 'ac', areFriends: false, isBanned: false }
}

async function readFellowship(facts: FactReader, of: PhoneId, own: readonly PhoneId[]): Promise<TopicFacts> {
  const fellow = await findFellow(facts, of, own)
  if (fellow === undefined) return { kind: 'muc', sharesRoom: false, isBanned: false }
  const { own: ours, other: theirs } = await getBans(facts, fellow, of)
  return { kind: 'muc', sharesRoom: true, isBanned: ours !== null || theirs !== null }
}

async function readRoom(facts: FactReader, room: RoomId, own: readonly PhoneId[]): Promise<TopicFacts> {
  const document = await facts.get(rooms, room)
  if (document === undefined) return { kind: 'room', room: undefined }
  for (const roster of own) {
    const membership = await facts.get(members, room, roster)
    if (membership !== undefined) return { kind: 'room', room: { type: document.type, membership } }
  }
  return { kind: 'room', room: { type: document.type, membership: undefined } }
}
