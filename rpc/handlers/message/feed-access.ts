import type { FeedFacts, Membership } from '../../../acl/index.js'
import { limits } from '../../../protocol/index.js'
import { type Phone, type PhoneId, phoneOf, type RoomId } from '../../../topics/index.js'
import { contacts, type MessageDocument, members, type RoomDocument, rooms, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Caller, ownRosters } from '../../request.js'
import { type Feed, isVisible } from '../../views/message-view.js'

/** A roster of a feed. */
export interface Party extends Membership {
  readonly phoneId: PhoneId
  /** Member id in the room; 0 in a private chat. */
  readonly memberId: number
}

/** Everyone a feed reaches. */
export interface Parties {
  readonly list: readonly Party[]
  readonly byRoster: ReadonlyMap<PhoneId, Party>
  readonly phones: readonly Phone[]
}

/** What a roster may do in a feed rests on `standing`; what is published there reaches `parties`. */
export interface FeedAccess {
  readonly standing: FeedFacts
  readonly parties: Parties
}

/**
 * Reads how `actor` stands to a feed, and its audience.
 *
 * A chat costs one document: both sides of a friendship change in one commit, so that the own contact tells it whole. A room costs one
 * document, too, as long as its members are known from before.
 */
export async function readFeedAccess(facts: FactReader, feed: Feed, actor: PhoneId): Promise<FeedAccess> {
  if (feed.kind === 'room') return readRoomAccess(facts, feed.room, actor)
  const parties = partiesOfChat(feed)
  const other = feed.left === actor ? feed.right : feed.left
  if (feed.left === feed.right && feed.left === actor) return { standing: { kind: 'self' }, parties }
  const contact = feed.left === actor || feed.right === actor ? await facts.get(contacts, actor, other) : undefined
  const isBanned = contact !== undefined && (contact.bans || contact.isBanned)
  return { standing: { kind: 'p2p', exists: contact !== undefined, areFriends: contact?.state === 'friend', isBanned }, parties }
}

/**
 * Reads a feed for a backend service, which needs no friendship and in a room stands as its admins do; the feed and the roster it speaks for
 * must exist.
 * @see docs/protocol/topics.md 15
 */
export async function readServiceAccess(facts: FactReader, feed: Feed, actor: PhoneId): Promise<FeedAccess> {
  if (feed.kind === 'room') return asAdmin(await readRoomAccess(facts, feed.room, actor))
  const found = await Promise.all([feed.left, feed.right].map((roster) => facts.get(rosters, roster)))
  const exists = found.every((roster) => roster !== undefined)
  return { standing: { kind: 'p2p', exists, areFriends: exists, isBanned: false }, parties: partiesOfChat(feed) }
}

function asAdmin(access: FeedAccess): FeedAccess {
  const { standing } = access
  if (standing.kind !== 'room' || standing.room === undefined) return access
  return { ...access, standing: { kind: 'room', room: { ...standing.room, membership: { role: 'admin', isMuted: false } } } }
}

async function readRoomAccess(facts: FactReader, room: RoomId, actor: PhoneId): Promise<FeedAccess> {
  const document = await facts.get(rooms, room)
  if (document === undefined) return { standing: { kind: 'room', room: undefined }, parties: nobody }
  const parties = await readMembersOf(facts, room, document)
  return { standing: { kind: 'room', room: { type: document.type, membership: parties.byRoster.get(actor) } }, parties }
}

const nobody: Parties = partiesOf([])

const chatsKnown = new WeakMap<Feed, Parties>()

function partiesOfChat(feed: Feed & { kind: 'p2p' }): Parties {
  const known = chatsKnown.get(feed)
  if (known !== undefined) return known
  const { left, right } = feed
  const party = (phoneId: PhoneId): Party => ({ phoneId, memberId: 0, role: 'member', isMuted: false })
  const parties = partiesOf(left === right ? [party(left)] : [party(left), party(right)])
  chatsKnown.set(feed, parties)
  return parties
}

function partiesOf(list: readonly Party[]): Parties {
  return {
    list,
    byRoster: new Map(list.map((party) => [party.phoneId, party])),
    phones: [...new Set(list.map(({ phoneId }) => phoneOf(phoneId)))],
  }
}

/**
 * Members by the document of their room. Whoever changes membership, role or mute changes the document (its `stamp`), and a reader hands out
 * the same object for a document as long as its bytes are the same: a list found here belongs to the very document that the commit checks.
 */
const membersKnown = new WeakMap<RoomDocument, Parties>()

async function readMembersOf(facts: FactReader, room: RoomId, document: RoomDocument): Promise<Parties> {
  const known = membersKnown.get(document)
  if (known !== undefined) return known
  const rows = await facts.scan(members, [room], limits.membersPerChannel)
  const parties = partiesOf(rows.map(({ key: [, phoneId], document: { id, role, isMuted } }) => ({ phoneId, memberId: id, role, isMuted })))
  membersKnown.set(document, parties)
  return parties
}

/** The parties of a feed, without asking what anyone may do there. */
export async function readParties(facts: FactReader, feed: Feed): Promise<Parties> {
  if (feed.kind === 'p2p') return partiesOfChat(feed)
  const document = await facts.get(rooms, feed.room)
  return document === undefined ? nobody : readMembersOf(facts, feed.room, document)
}

/** The roster of the caller that belongs to a feed, the first if several do. @see docs/protocol/rpc.md 11 */
export function ownParty(caller: Caller, parties: Parties): PhoneId | undefined {
  return ownRosters(caller).find((roster) => parties.byRoster.has(roster))
}

/** Phones that a message reaches: of all parties but those from whom it is hidden. Its author always sees it. */
export function phonesFor(parties: Parties, { hiddenFrom, from }: Pick<MessageDocument, 'hiddenFrom' | 'from'>): readonly Phone[] {
  if (hiddenFrom.length === 0) return parties.phones
  const hidden = new Set(hiddenFrom)
  const seeing = parties.list.filter(({ phoneId }) => phoneId === from || !hidden.has(phoneId))
  return [...new Set(seeing.map(({ phoneId }) => phoneOf(phoneId)))]
}

/** Whether a roster may read a message now: it is a party of the feed, and the message is not hidden from it. */
export function mayRead(parties: Parties, document: MessageDocument, reader: PhoneId): boolean {
  return parties.byRoster.has(reader) && isVisible(document, reader)
}
