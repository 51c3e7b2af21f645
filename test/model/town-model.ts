/**
 * What a town of people is to each other, after docs/protocol/rpc.md 9 to 11 and nothing else: no code of the server is used. People are
 * numbers, rooms are letters; a request is judged by `judge…`, which changes the model and says what everyone must be told.
 */

export type Person = number
export type RoomName = string
export type Dialect = 'v1' | 'v11'

/** A push or answer in short, as it is in each dialect. */
export interface Told {
  readonly v1: string
  readonly v11: string
}

/** One thing told to all devices of some people on a topic. */
export interface Push extends Told {
  readonly people: readonly Person[]
  readonly topic: string
}

/** What a request must lead to: answers to the device that asked, in order, and pushes. */
export interface Verdict {
  readonly answers: readonly Told[]
  readonly pushes: readonly Push[]
}

type State = 'none' | 'request' | 'authorization' | 'friend'

/** What one holds of another. */
interface Side {
  state: State
  bans: boolean
}

/** A message that may count as unread; `at` is its place in its feed. */
interface Said {
  readonly from: Person
  readonly at: number
}

/** A chat of two or of a room: what people have said in it, and how far each has read. */
interface Feed {
  length: number
  readonly said: Said[]
  readonly read: Map<Person, number>
}

type Role = 'owner' | 'admin' | 'member'

interface Membership {
  role: Role
  isMuted: boolean
  /** Who came first. */
  readonly since: number
}

interface Room {
  readonly type: 'group' | 'channel'
  readonly members: Map<Person, Membership>
  /** Who is barred, and whether he was put out by it. */
  readonly banned: Map<Person, boolean>
  readonly feed: Feed
}

export interface Town {
  readonly people: readonly Person[]
  readonly sides: Map<string, Side>
  readonly chats: Map<string, Feed>
  /** A room that has been deleted stands as null: its name is not used again. */
  readonly rooms: Map<RoomName, Room | null>
  clock: number
}

export function newTown(size: number): Town {
  return { people: Array.from({ length: size }, (_one, i) => i), sides: new Map(), chats: new Map(), rooms: new Map(), clock: 0 }
}

const same = (text: string): Told => ({ v1: text, v11: text })
export const refusal = (code: string): Verdict => ({ answers: [same(`io error ${code}`)], pushes: [] })
const unread = 100

export const sesOf = (person: Person): string => `ses ${person}`
export const chatOf = (a: Person, b: Person): string => `p2p ${Math.min(a, b)} ${Math.max(a, b)}`
export const topicOf = (room: RoomName): string => `room ${room}`

const newFeed = (): Feed => ({ length: 0, said: [], read: new Map() })

function sideOf({ sides }: Town, owner: Person, other: Person): Side {
  const key = `${owner} ${other}`
  const known = sides.get(key) ?? { state: 'none', bans: false }
  sides.set(key, known)
  return known
}

export function chatBetween({ chats }: Town, a: Person, b: Person): Feed {
  const known = chats.get(chatOf(a, b)) ?? newFeed()
  chats.set(chatOf(a, b), known)
  return known
}

export function isBanBetween(town: Town, a: Person, b: Person): boolean {
  return sideOf(town, a, b).bans || sideOf(town, b, a).bans
}

/** Friends both ways without a ban either way. */
export function areOpenFriends(town: Town, a: Person, b: Person): boolean {
  return sideOf(town, a, b).state === 'friend' && sideOf(town, b, a).state === 'friend' && !isBanBetween(town, a, b)
}

/** What one's list shows of another; undefined if he is not in it. */
export function shownStatus(town: Town, owner: Person, other: Person): string | undefined {
  const own = sideOf(town, owner, other)
  if (own.bans) return 'banned'
  if (own.state === 'none') return undefined
  return sideOf(town, other, owner).bans ? 'ban' : own.state
}

/** How many messages of others one has not read. */
export function unreadIn(feed: Feed, person: Person): number {
  const upTo = feed.read.get(person) ?? 0
  return Math.min(unread, feed.said.filter(({ from, at }) => from !== person && at > upTo).length)
}

/** A message is said: its author has read it, and all before it. */
function say(feed: Feed, from: Person): void {
  feed.length += 1
  feed.said.push({ from, at: feed.length })
  feed.read.set(from, feed.length)
}

function contactPush(to: Person, about: Person, v1: string, v11: string): Push {
  return { people: [to], topic: sesOf(to), v1: `Contact ${about} ${v1}`, v11: `Contact ${about} ${v11}` }
}

function pair(own: boolean, other: boolean): Told {
  const side = (isThere: boolean): string => (isThere ? 'ok added' : own || other ? 'error contact_not_found' : 'error contacts_not_found')
  return same(`io ${side(own)} ${side(other)}`)
}

export type FriendRequest = 'request' | 'confirm' | 'revoke' | 'ban' | 'unban' | 'mute' | 'unmute'

/** @see docs/protocol/rpc.md 9 */
export function judgeFriend(town: Town, by: Person, about: Person, request: FriendRequest): Verdict {
  const [own, other] = [sideOf(town, by, about), sideOf(town, about, by)]
  const isOpen = !isBanBetween(town, by, about)
  switch (request) {
    case 'request':
      if (by === about || own.bans) return refusal('invalid_data')
      if (other.bans) return refusal('not_authorized')
      if (own.state === 'friend' || own.state === 'request') return refusal('invalid_data')
      if (own.state === 'authorization') return judgeFriend(town, by, about, 'confirm')
      own.state = 'request'
      other.state = 'authorization'
      return {
        answers: [],
        pushes: [contactPush(by, about, 'request', 'request'), contactPush(about, by, 'authorization', 'authorization')],
      }
    case 'confirm':
      return confirm(town, by, about)
    case 'revoke':
      if (by === about) return refusal('invalid_data')
      if (!isOpen || own.state === 'none') return refusal('contact_not_found')
      own.state = other.state = 'none'
      return { answers: [], pushes: [contactPush(by, about, 'revoke', 'deleted'), contactPush(about, by, 'revoke', 'deleted')] }
    case 'ban':
      return ban(town, by, about)
    case 'unban':
      return unban(town, by, about)
    case 'mute':
    case 'unmute':
      // The contact one has of oneself is a friend's.
      if (by !== about && (!isOpen || own.state !== 'friend')) return refusal('contact_not_found')
      return { answers: [], pushes: [contactPush(by, about, request === 'mute' ? 'muted' : 'unmuted', 'friend')] }
  }
}

function confirm(town: Town, by: Person, about: Person): Verdict {
  if (by === about) return refusal('invalid_data')
  if (areOpenFriends(town, by, about)) return { answers: [pair(true, true)], pushes: [] }
  const [own, other] = [sideOf(town, by, about), sideOf(town, about, by)]
  if (isBanBetween(town, by, about) || own.state !== 'authorization') return { answers: [pair(false, false)], pushes: [] }
  own.state = other.state = 'friend'
  chatBetween(town, by, about).length += 1
  const greeting: Push = { people: [by, about], topic: chatOf(by, about), ...same(`Message ${by} internal`) }
  return {
    answers: [pair(true, true)],
    pushes: [contactPush(by, about, 'friend', 'friend'), contactPush(about, by, 'friend', 'friend'), greeting],
  }
}

const isEntry = ({ state, bans }: Side): boolean => state !== 'none' || bans

function ban(town: Town, by: Person, about: Person): Verdict {
  if (by === about) return refusal('invalid_data')
  const [own, other] = [sideOf(town, by, about), sideOf(town, about, by)]
  const answers = [pair(true, isEntry(other))]
  if (own.bans) return { answers, pushes: [] }
  own.bans = true
  const told = isEntry(other) && !other.bans ? [contactPush(about, by, 'banned', 'ban')] : []
  return { answers, pushes: [contactPush(by, about, 'banned', 'banned'), ...told] }
}

function unban(town: Town, by: Person, about: Person): Verdict {
  if (by === about) return refusal('invalid_data')
  const [own, other] = [sideOf(town, by, about), sideOf(town, about, by)]
  if (!own.bans) return { answers: [pair(false, false)], pushes: [] }
  const answers = [pair(true, isEntry(other))]
  const isKnownThere = isEntry(other)
  own.bans = false
  const returns = own.state === 'friend' && other.state === 'friend' && !other.bans
  const v11 = returns ? 'friend' : 'deleted'
  const toSelf = contactPush(by, about, 'unbanned', v11)
  if (other.bans) return { answers, pushes: [toSelf] }
  if (!returns) own.state = other.state = 'none'
  return { answers, pushes: [toSelf, ...(isKnownThere ? [contactPush(about, by, 'unbanned', v11)] : [])] }
}

/** A text to another person. @see docs/protocol/rpc.md 10 */
export function judgeText(town: Town, from: Person, to: Person): Verdict {
  if (from !== to && !areOpenFriends(town, from, to)) return refusal('not_authorized')
  say(chatBetween(town, from, to), from)
  return posted([...new Set([from, to])], chatOf(from, to), from)
}

function posted(people: readonly Person[], topic: string, from: Person): Verdict {
  // A v11 device is told besides that its message has been stored.
  return { answers: [{ v1: '', v11: 'Ack' }], pushes: [{ people, topic, ...same(`Message ${from} sent`) }] }
}

export function mayPost(town: Town, person: Person, name: RoomName): boolean {
  const room = town.rooms.get(name)
  const membership = room?.members.get(person)
  if (room === undefined || room === null || membership === undefined) return false
  if (membership.role !== 'member') return true
  return room.type === 'group' && !membership.isMuted
}

export function membersOf(town: Town, name: RoomName): readonly Person[] {
  return [...(town.rooms.get(name)?.members.keys() ?? [])]
}

/** A text to a room. */
export function judgeRoomText(town: Town, from: Person, name: RoomName): Verdict {
  const room = town.rooms.get(name)
  if (room === undefined || room === null) return refusal('room_not_found')
  if (!mayPost(town, from, name)) return refusal('not_authorized')
  say(room.feed, from)
  return posted(membersOf(town, name), topicOf(name), from)
}

/** Reading a feed to its end. */
export function readAll(feed: Feed, person: Person): void {
  feed.read.set(person, feed.length)
}

/** Whom a request lists. */
export interface Listing {
  readonly members: readonly Person[]
  readonly admins: readonly Person[]
}

/** Named in both lists one counts as an admin. */
function listed({ members, admins }: Listing): readonly Person[] {
  return [...new Set([...admins, ...members])]
}

export function judgeCreate(town: Town, by: Person, name: RoomName, type: Room['type'], listing: Listing): Verdict {
  if (town.rooms.has(name)) {
    if (type === 'channel') return { answers: [{ v1: 'io error invalid_data', v11: 'errors RCHIE1' }], pushes: [] }
    return refusal('invalid_data')
  }
  const wanted = listed(listing).filter((one) => one !== by)
  const friends = wanted.filter((one) => areOpenFriends(town, by, one))
  if (wanted.length > 0 && friends.length === 0) return refusal('contacts_not_found')
  const room: Room = { type, members: new Map(), banned: new Map(), feed: newFeed() }
  town.rooms.set(name, room)
  const isAdmin = (one: Person): boolean => listing.admins.includes(one)
  room.members.set(by, { role: 'owner', isMuted: false, since: ++town.clock })
  for (const one of [...friends.filter((friend) => !isAdmin(friend)), ...friends.filter(isAdmin)]) {
    room.members.set(one, { role: isAdmin(one) ? 'admin' : 'member', isMuted: false, since: ++town.clock })
  }
  const people = [...room.members.keys()]
  return {
    answers: [same(`Room ${name} create`)],
    pushes: [...people.map((one) => roomPush([one], sesOf(one), name, 'create')), systemText(room, people, name, by)],
  }
}

function roomPush(people: readonly Person[], topic: string, name: RoomName, v1: string, v11 = v1): Push {
  return { people, topic, v1: `Room ${name} ${v1}`, v11: `Room ${name} ${v11}` }
}

/** Nobody counts it as unread; who caused it has read it, unless he has just left. */
function systemText({ feed }: Room, people: readonly Person[], name: RoomName, by: Person, hasRead = true): Push {
  feed.length += 1
  if (hasRead) feed.read.set(by, feed.length)
  return { people, topic: topicOf(name), ...same(`Message ${by} muc`) }
}

interface Entered {
  readonly room: Room
  readonly role: Role
}

/** The room and the role in it of one who belongs to it, or why not. */
function enter(town: Town, by: Person, name: RoomName, roles: readonly Role[]): Entered | Verdict {
  const room = town.rooms.get(name)
  if (room === undefined || room === null) return refusal('room_not_found')
  const role = room.members.get(by)?.role
  return role !== undefined && roles.includes(role) ? { room, role } : refusal('not_authorized')
}

const anyRole: readonly Role[] = ['owner', 'admin', 'member']
const running: readonly Role[] = ['owner', 'admin']

export function judgeAdd(town: Town, by: Person, name: RoomName, listing: Listing): Verdict {
  const entered = enter(town, by, name, running)
  if ('answers' in entered) return entered
  const { room, role } = entered
  const all = listed(listing)
  const isAdmin = (one: Person): boolean => listing.admins.includes(one)
  const promoted = all.filter((one) => isAdmin(one) && room.members.get(one)?.role === 'member')
  const added = all.filter((one) => !room.members.has(one) && areOpenFriends(town, by, one) && !room.banned.has(one))
  if (role !== 'owner' && (promoted.length > 0 || added.some(isAdmin))) return refusal('not_authorized')
  if (promoted.length + added.length === 0)
    return refusal(all.every((one) => room.members.has(one)) ? 'invalid_data' : 'contacts_not_found')
  for (const one of promoted) Object.assign(room.members.get(one) ?? {}, { role: 'admin', isMuted: false })
  for (const one of added) room.members.set(one, { role: isAdmin(one) ? 'admin' : 'member', isMuted: false, since: ++town.clock })
  const people = [...room.members.keys()]
  return {
    answers: [],
    pushes: [
      ...added.map((one) => roomPush([one], sesOf(one), name, 'add')),
      roomPush(people, topicOf(name), name, 'add'),
      systemText(room, people, name, by),
    ],
  }
}

/** One joins a channel by himself. */
export function judgeJoin(town: Town, by: Person, name: RoomName): Verdict {
  const room = town.rooms.get(name)
  if (room === undefined || room === null) return refusal('room_not_found')
  if (room.type === 'group') return refusal('not_authorized')
  if (room.members.has(by)) return refusal('invalid_data')
  const [owner] = [...room.members].find(([, { role }]) => role === 'owner') ?? []
  if (room.banned.has(by) || (owner !== undefined && sideOf(town, owner, by).bans)) return refusal('not_authorized')
  room.members.set(by, { role: 'member', isMuted: false, since: ++town.clock })
  const people = [...room.members.keys()]
  return {
    answers: [],
    pushes: [roomPush([by], sesOf(by), name, 'join'), roomPush(people, topicOf(name), name, 'join'), systemText(room, people, name, by)],
  }
}

/** Nobody removes the owner, and only he an admin. */
function mayRemove(role: Role, whom: Role | undefined): boolean {
  return whom === 'owner' ? false : whom === 'admin' ? role === 'owner' : true
}

export function judgeRemove(town: Town, by: Person, name: RoomName, listing: Listing): Verdict {
  const entered = enter(town, by, name, running)
  if ('answers' in entered) return entered
  const { room, role } = entered
  const roleOf = (one: Person): Role | undefined => room.members.get(one)?.role
  const present = listed(listing).filter((one) => room.members.has(one))
  if (present.length === 0) return refusal('contacts_not_found')
  const removed = present.filter((one) => listing.members.includes(one))
  const demoted = present.filter((one) => !listing.members.includes(one) && roleOf(one) !== 'member')
  if (demoted.some((one) => roleOf(one) === 'owner') || (demoted.length > 0 && role !== 'owner')) return refusal('not_authorized')
  if (removed.some((one) => !mayRemove(role, roleOf(one)))) return refusal('not_authorized')
  if (removed.length + demoted.length === 0) return refusal('invalid_data')
  const people = [...room.members.keys()]
  for (const one of demoted) Object.assign(room.members.get(one) ?? {}, { role: 'member' })
  for (const one of removed) forget(room, one)
  return {
    answers: [],
    pushes: [
      roomPush(people, topicOf(name), name, 'remove'),
      systemText(room, people, name, by),
      ...removed.map((one) => roomPush([one], sesOf(one), name, 'remove', 'removed')),
    ],
  }
}

/** Who goes keeps nothing, not even how far he had read. */
function forget({ members, feed }: Room, person: Person): void {
  members.delete(person)
  feed.read.delete(person)
}

export function judgeLeave(town: Town, by: Person, name: RoomName): Verdict {
  const entered = enter(town, by, name, anyRole)
  if ('answers' in entered) return entered
  const { room, role } = entered
  const people = [...room.members.keys()]
  forget(room, by)
  const pushes = [roomPush(people, topicOf(name), name, 'leave'), roomPush([by], sesOf(by), name, 'leave')]
  if (room.members.size === 0) {
    town.rooms.set(name, null)
    return { answers: [], pushes }
  }
  pushes.push(systemText(room, people, name, by, false))
  if (role !== 'owner') return { answers: [], pushes }
  const rank = (one: Membership): number => (one.role === 'admin' ? 0 : 1)
  const [heir] = [...room.members].sort(([, a], [, b]) => rank(a) - rank(b) || a.since - b.since)
  if (heir === undefined) throw new Error('a room has members')
  Object.assign(heir[1], { role: 'owner', isMuted: false })
  const announced: Push = { people: [...room.members.keys()], topic: topicOf(name), ...same(`Member ${heir[0]} patch`) }
  return { answers: [], pushes: [...pushes, announced] }
}

export function judgeRoomBan(town: Town, by: Person, name: RoomName, whom: readonly Person[]): Verdict {
  const entered = enter(town, by, name, running)
  if ('answers' in entered) return entered
  const { room, role } = entered
  if (whom.length === 0) return refusal('contacts_not_found')
  if (whom.some((one) => !mayRemove(role, room.members.get(one)?.role))) return refusal('not_authorized')
  const people = [...room.members.keys()]
  const wasMember = (one: Person): boolean => people.includes(one)
  for (const one of whom) {
    forget(room, one)
    if (!room.banned.has(one)) room.banned.set(one, wasMember(one))
  }
  return { answers: [], pushes: concerned(people, name, whom.filter(wasMember), 'ban') }
}

export function judgeRoomUnban(town: Town, by: Person, name: RoomName, whom: readonly Person[]): Verdict {
  const entered = enter(town, by, name, running)
  if ('answers' in entered) return entered
  const { room } = entered
  const lifted = whom.filter((one) => room.banned.has(one))
  if (lifted.length === 0) return refusal('contacts_not_found')
  const hearing = lifted.filter((one) => room.banned.get(one) === true && !isBanBetween(town, by, one))
  for (const one of lifted) room.banned.delete(one)
  return { answers: [], pushes: concerned([...room.members.keys()], name, hearing, 'unban') }
}

/** Told to the room, and to those by themselves whom it put out. */
function concerned(people: readonly Person[], name: RoomName, hearing: readonly Person[], status: string): readonly Push[] {
  return [roomPush(people, topicOf(name), name, status), ...hearing.map((one) => roomPush([one], sesOf(one), name, status))]
}

export function judgeRoomMute(town: Town, by: Person, name: RoomName, whom: readonly Person[], isMute: boolean): Verdict {
  const status = isMute ? 'mute' : 'unmute'
  const isOwn = whom.every((one) => one === by)
  const entered = enter(town, by, name, isOwn ? anyRole : running)
  if ('answers' in entered) return entered
  if (isOwn) return { answers: [], pushes: [roomPush([by], sesOf(by), name, status)] }
  const { room } = entered
  const present = whom.flatMap((one) => {
    const membership = room.members.get(one)
    return one === by || membership === undefined ? [] : [{ one, membership }]
  })
  if (present.length === 0) return refusal('contacts_not_found')
  if (isMute && present.some(({ membership }) => membership.role !== 'member')) return refusal('not_authorized')
  for (const { membership } of present) membership.isMuted = isMute && membership.role === 'member'
  return { answers: [], pushes: [...present.map(({ one }) => one), by].map((one) => roomPush([one], sesOf(one), name, status)) }
}

export function judgeDelete(town: Town, by: Person, name: RoomName): Verdict {
  const entered = enter(town, by, name, ['owner'])
  if ('answers' in entered) return entered
  const people = [...entered.room.members.keys()]
  town.rooms.set(name, null)
  return {
    answers: [],
    pushes: [roomPush(people, topicOf(name), name, 'delete'), ...people.map((one) => roomPush([one], sesOf(one), name, 'delete'))],
  }
}

/** What must hold of any town. @throws if it does not */
export function checkTown(town: Town): void {
  for (const [name, room] of town.rooms) {
    if (room === null) continue
    const owners = [...room.members.values()].filter(({ role }) => role === 'owner')
    if (owners.length !== 1) throw new Error(`room ${name} has ${owners.length} owners`)
  }
  for (const a of town.people) {
    for (const b of town.people) {
      if ((sideOf(town, a, b).state === 'friend') !== (sideOf(town, b, a).state === 'friend'))
        throw new Error(`${a} and ${b} are half friends`)
    }
  }
}
