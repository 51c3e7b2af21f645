import { record, type RecordOf } from '../../protocol/index.js'
import { p2pTopic, type Phone, phoneOf, type PhoneId } from '../../topics/index.js'
import {
  type ContactDocument,
  contacts,
  type LocationDocument,
  locations,
  presences,
  type RosterDocument,
  roomsOf,
  rosters,
} from '../documents/index.js'
import type { FactReader, Scanned } from '../facts.js'
import type { StrangersLearn } from '../strangers-learn.js'
import { mergeFeatures } from '../merge-features.js'
import { type FeedState, readFeedState } from './feed-state.js'
import { readWithLastMessages } from './last-messages.js'
import { locationFeatures } from './location-view.js'
import { peekContact } from './parting.js'

type Contact = RecordOf<'Contact'>

/** Contacts of one roster that are shown and told at most. */
export const contactLimit = 10_000
/** Rows that are looked at for them: those who ban the owner have one each, and are not shown. */
const contactRows = 50_000

export type OwnContact = Scanned<[owner: PhoneId, other: PhoneId], ContactDocument>

/**
 * The contacts that the owner sees, ascending by phone_id. Beyond `limit` those stay that matter most: oneself and friends, then whom the owner
 * has asked or noted, then who asks him, then the rest; of equal ones the latest.
 */
export async function readOwnContacts(facts: FactReader, owner: PhoneId, limit = contactLimit): Promise<readonly OwnContact[]> {
  const shown = (await facts.scan(contacts, [owner], contactRows)).filter(({ document }) => isShown(document))
  if (shown.length <= limit) return shown
  const ranked = shown.map((row) => ({ row, rank: rankOf(row.document) }))
  ranked.sort((a, b) => a.rank - b.rank || b.row.document.update - a.row.document.update)
  const kept = new Set(ranked.slice(0, limit).map(({ row }) => row))
  return shown.filter((row) => kept.has(row))
}

const ranks: Readonly<Record<ContactDocument['state'], number>> = {
  friend: 0,
  request: 1,
  internal: 1,
  authorization: 2,
  ignore: 3,
  none: 3,
}

function rankOf(contact: ContactDocument): number {
  return contact.bans ? 3 : ranks[contact.state]
}
const roomLimit = 10_000

/** Whether any device of a phone is connected, and since when that is so; 0 if it never was. */
export interface Presence {
  readonly isOnline: boolean
  readonly update: number
}

/** What a full Contact of `other` for `owner` is made of. */
export interface ContactFacts {
  readonly owner: PhoneId
  readonly other: PhoneId
  /** Undefined if `other` does not exist (any more). */
  readonly roster: RosterDocument | undefined
  readonly contact: ContactDocument | undefined
  readonly presence: Presence
  /** They share a room. */
  readonly isFellow: boolean
  readonly feed: FeedState
  /** By default the name. */
  readonly strangersLearn?: StrangersLearn
  /** Of the other's phone, shown to friends in the settings; left out by those who do not show these. */
  readonly location?: LocationDocument | undefined
}

/** The presence of a phone; where its devices were connected to processes that are no more, it says only when the phone last came or went. */
export async function readPresence(facts: FactReader, phone: Phone): Promise<Presence> {
  const stored = await facts.peek(presences, phone)
  if (stored === undefined) return { isOnline: false, update: 0 }
  return { isOnline: stored.devices.some(({ boot }) => facts.isLive(boot)), update: stored.update }
}

/** Whether two rosters are friends and neither bans the other, by the contact one of them has of the other. */
export function isOpenFriend(contact: ContactDocument | undefined): boolean {
  return contact?.state === 'friend' && !isBarred(contact)
}

/** Whether either of the two bans the other. */
export function isBarred(contact: ContactDocument | undefined): boolean {
  return contact !== undefined && (contact.bans || contact.isBanned)
}

/** Friends of a roster, itself not among them, without bans either way: at most {@link contactLimit}. */
export async function readFriends(facts: FactReader, owner: PhoneId): Promise<readonly PhoneId[]> {
  const rows = await readOwnContacts(facts, owner)
  return rows.filter(({ key, document }) => key[1] !== owner && isOpenFriend(document)).map(({ key }) => key[1])
}

/** Whether two rosters share a room. */
export async function shareRoom(facts: FactReader, a: PhoneId, b: PhoneId): Promise<boolean> {
  return (await newFellowTest(facts, a))(b)
}

/** Tells of many rosters whether they share a room with `owner`, whose rooms are read once. */
export async function newFellowTest(facts: FactReader, owner: PhoneId): Promise<(other: PhoneId) => Promise<boolean>> {
  const rooms = await readRoomIds(facts, owner)
  return (other) => isInAnyOf(facts, other, rooms)
}

/** Facts for one full Contact; nothing of it is checked at commit. */
export async function readContactFacts(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<ContactFacts> {
  const [contact, isFellow] = await Promise.all([peekContact(facts, owner, other), shareRoom(facts, owner, other)])
  return readAround(facts, { owner, other, contact, isFellow })
}

/** Full Contact of `other` as `owner` may see it now. */
export function readContactView(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<Contact> {
  return facts.memo(`contact ${owner} ${other}`, async (own) => contactView(await readContactFacts(own, owner, other)))
}

/** Full Contacts of a roster, the self-contact among them, ascending by phone_id. */
export async function readUserlist(facts: FactReader, owner: PhoneId): Promise<readonly Contact[]> {
  const shown = await readOwnContacts(facts, owner)
  return readWithLastMessages(shown, ({ key: [, other] }) => readListed(facts, owner, other))
}

/** A contact as its owner's list shows it: whether they share a room matters only where nothing else decides whether presence is shown. */
function readListed(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<Contact> {
  return facts.memo(`listed ${owner} ${other}`, async (own) => {
    const contact = await own.peek(contacts, owner, other)
    const isFellow = contact?.state !== 'friend' && !isBarred(contact) && (await shareRoom(own, owner, other))
    return contactView(await readAround(own, { owner, other, contact, isFellow }))
  })
}

/**
 * Full Contact made of facts; a handler that changes the contact puts its new document into them.
 * `update` is the latest change of the contact, of the names, or of the presence as far as shown; 0 towards strangers.
 * @see docs/protocol/rpc.md 1.1, 7 and 9; docs/decisions/0060-contact-views.md
 */
export function contactView(facts: ContactFacts): Contact {
  const { other, contact, feed } = facts
  const seen = showsPresence(facts) ? facts.presence : hiddenPresence
  return record('Contact', {
    phone_id: other,
    ...publicFields(facts),
    reader: feed.reader,
    other_reader: feed.otherReader,
    unread: feed.unread,
    last_msg: feed.lastMessage,
    update: latestChange(facts, seen),
    created: contact?.created ?? 0,
    settings: settingsShown(facts),
    presence: seen.isOnline ? 'online' : 'offline',
    status: contactStatus(contact),
  })
}

const hiddenPresence: Presence = { isOnline: false, update: 0 }

/** Who the other is; the e-mail address is for friends, and what is more than a name for those he has befriended or asked. */
function publicFields({ owner, other, roster, contact, strangersLearn = 'name' }: ContactFacts): Partial<Contact> {
  if (roster === undefined) return {}
  const { avatar, names, surnames, nick } = contact?.shownAs ?? roster
  if (strangersLearn === 'name' && other !== owner && !isKnownTo(contact)) return { names }
  return { avatar, names, surnames, nick, email: other === owner || isOpenFriend(contact) ? roster.email : null }
}

/** Whether the other has befriended the owner of a contact, or asked for it. */
function isKnownTo(contact: ContactDocument | undefined): boolean {
  return contact !== undefined && (contact.state === 'friend' || contact.state === 'authorization' || contact.state === 'ignore')
}

/** The owner's settings of a contact, and where a friend is. */
function settingsShown({ owner, other, contact, location }: ContactFacts): Contact['settings'] {
  const settings = contact?.settings ?? []
  if (location === undefined || owner === other || !isOpenFriend(contact)) return settings
  return mergeFeatures(settings, locationFeatures(location))
}

function latestChange({ contact, roster }: ContactFacts, seen: Presence): number {
  if (contact === undefined) return 0
  return isBarred(contact) ? contact.update : Math.max(contact.update, roster?.update ?? 0, seen.update)
}

/** The state of a contact as its owner sees it; null for strangers. */
export function contactStatus(contact: ContactDocument | undefined): Contact['status'] {
  if (contact === undefined) return null
  if (contact.bans) return 'banned'
  if (contact.state === 'none') return null
  return contact.isBanned ? 'ban' : contact.state
}

/** A partial Contact: receivers keep their old value of every field left out. */
export function partialContact(phoneId: PhoneId, fields: Partial<Omit<Contact, 'tag' | 'phone_id'>>): Contact {
  return record('Contact', { phone_id: phoneId, ...fields })
}

/** The self-contact of a roster: state friend, and `offline`, because a user's own presence is that of the Profile. */
export function selfContact(phoneId: PhoneId, roster: RosterDocument, contact: ContactDocument, feed: FeedState): Contact {
  return contactView({ owner: phoneId, other: phoneId, roster, contact, presence: hiddenPresence, isFellow: false, feed })
}

/** A contact nobody else has a say in: the one every new roster has of itself. `update` is 0 until something changes (flows.md 1). */
export function newSelfContact(now: number): ContactDocument {
  return { state: 'friend', bans: false, isBanned: false, isMuted: false, settings: [], created: now, update: 0 }
}

/** Whether a contact is in its owner's list. */
export function isShown(contact: ContactDocument): boolean {
  return contact.state !== 'none' || contact.bans
}

/** Whether the owner of a contact sees when the other is online. @see docs/protocol/rpc.md 7 */
export function showsPresence({ owner, other, contact, isFellow }: ContactFacts): boolean {
  if (owner === other || isBarred(contact)) return false
  return isFellow || contact?.state === 'friend'
}

async function readAround(facts: FactReader, known: Pick<ContactFacts, 'owner' | 'other' | 'contact' | 'isFellow'>): Promise<ContactFacts> {
  const { owner, other } = known
  const [roster, presence, feed, location] = await Promise.all([
    facts.peek(rosters, other),
    readPresence(facts, phoneOf(other)),
    readFeedState(facts, p2pTopic(owner, other), owner),
    owner === other ? undefined : facts.peek(locations, phoneOf(other)),
  ])
  return { ...known, roster, presence, feed, location, strangersLearn: facts.strangersLearn }
}

async function readRoomIds(facts: FactReader, member: PhoneId): Promise<ReadonlySet<string>> {
  return new Set((await facts.scan(roomsOf, [member], roomLimit)).map(({ key }) => key[1]))
}

async function isInAnyOf(facts: FactReader, member: PhoneId, rooms: ReadonlySet<string>): Promise<boolean> {
  if (rooms.size === 0) return false
  return (await facts.scan(roomsOf, [member], roomLimit)).some(({ key }) => rooms.has(key[1]))
}
