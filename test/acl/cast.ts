/** The people of the rights table, how they know each other, and what a store would answer about them. */
import type { AudienceFacts, Client, DeviceClient, FactsQuery, Membership, Related, RoomType, TopicFacts } from '../../acl/index.js'
import { type ClientId, parseClientId, parsePhoneId, type PhoneId, phoneOf, sortPair, type Topic } from '../../topics/index.js'

/** Seen from `own`: its friend, someone unknown, a friend it has banned, and three who share its rooms without being friends. */
export type Who = 'own' | 'friend' | 'stranger' | 'banned' | 'member' | 'muted' | 'admin' | 'registration' | 'anonymous' | 'service'

export const rosters = {
  own: rosterOf('380670001234_12525'),
  friend: rosterOf('380670002234_12334'),
  stranger: rosterOf('380670003234_12777'),
  banned: rosterOf('380670004234_4'),
  member: rosterOf('380670005234_5'),
  muted: rosterOf('380670006234_6'),
  admin: rosterOf('380670007234_7'),
} as const

export const clients: { readonly [Name in Who]: Client } = {
  own: device('emqttd_A1', rosters.own, rosterOf('380670001234_99')),
  friend: device('emqttd_B1', rosters.friend),
  stranger: device('emqttd_C1', rosters.stranger),
  banned: device('emqttd_D1', rosters.banned),
  member: device('emqttd_M1', rosters.member),
  muted: device('emqttd_N1', rosters.muted),
  admin: device('emqttd_O1', rosters.admin),
  registration: { kind: 'registration', clientId: clientIdOf('reg_A1'), userName: 'api' },
  anonymous: { kind: 'anonymous', clientId: clientIdOf('emqttd_X1'), userName: '' },
  service: { kind: 'service', clientId: clientIdOf('sys_news'), userName: 'api', name: 'news' },
}

const friendships: readonly (readonly [PhoneId, PhoneId])[] = [
  [rosters.own, rosters.friend],
  [rosters.own, rosters.banned],
]
const bans: readonly (readonly [PhoneId, PhoneId])[] = [[rosters.own, rosters.banned]]

const members: ReadonlyMap<PhoneId, Membership> = new Map([
  [rosters.own, { role: 'owner', isMuted: false }],
  [rosters.banned, { role: 'member', isMuted: false }],
  [rosters.member, { role: 'member', isMuted: false }],
  [rosters.muted, { role: 'member', isMuted: true }],
  [rosters.admin, { role: 'admin', isMuted: false }],
])
const rooms: ReadonlyMap<string, RoomType> = new Map([
  ['trip', 'group'],
  ['news', 'channel'],
])

/** What a store would answer to `factsNeeded`. */
export function read(query: FactsQuery): TopicFacts {
  switch (query.kind) {
    case 'none':
      return { kind: 'none' }
    case 'p2p':
      return p2pFacts(query.left, query.right)
    case 'ac':
      return { kind: 'ac', ...relation(query.rosters, query.of) }
    case 'muc': {
      const fellow = query.rosters.find((roster) => members.has(roster))
      return {
        kind: 'muc',
        sharesRoom: fellow !== undefined && members.has(query.of),
        isBanned: relation(query.rosters, query.of).isBanned,
      }
    }
    case 'room': {
      const type = rooms.get(query.room)
      const member = query.rosters.find((roster) => members.has(roster))
      return { kind: 'room', room: type && { type, membership: member && members.get(member) } }
    }
  }
}

/** What a store would answer about everyone who belongs to a topic. */
export function readAudience(topic: Topic): AudienceFacts {
  switch (topic.kind) {
    case 'ac':
      return { kind: 'ac', friends: [topic.phoneId, ...friendsOf(topic.phoneId)].map((roster) => related(topic.phoneId, roster)) }
    case 'muc':
      return { kind: 'muc', fellows: members.has(topic.phoneId) ? [...members.keys()].map((roster) => related(topic.phoneId, roster)) : [] }
    case 'p2p':
      return p2pFacts(topic.left, topic.right)
    case 'room':
      return { kind: 'room', members: rooms.has(topic.room) ? [...members.keys()] : [] }
    default:
      return { kind: 'none' }
  }
}

function p2pFacts(left: PhoneId, right: PhoneId): Extract<TopicFacts, { kind: 'p2p' }> {
  const known: readonly PhoneId[] = Object.values(rosters)
  return { kind: 'p2p', exists: known.includes(left) && known.includes(right), ...relation([left], right) }
}

function relation(of: readonly PhoneId[], to: PhoneId): { readonly areFriends: boolean; readonly isBanned: boolean } {
  return { areFriends: of.some((roster) => isListed(friendships, roster, to)), isBanned: of.some((roster) => isListed(bans, roster, to)) }
}

function related(to: PhoneId, phoneId: PhoneId): Related {
  return { phoneId, isBanned: isListed(bans, phoneId, to) }
}

function friendsOf(roster: PhoneId): readonly PhoneId[] {
  return Object.values(rosters).filter((other) => isListed(friendships, roster, other))
}

function isListed(pairs: readonly (readonly [PhoneId, PhoneId])[], a: PhoneId, b: PhoneId): boolean {
  return pairs.some(([left, right]) => sortPair(a, b).join() === sortPair(left, right).join())
}

function device(clientId: string, roster: PhoneId, ...others: readonly PhoneId[]): DeviceClient {
  return { kind: 'device', clientId: clientIdOf(clientId), userName: 'api', phone: phoneOf(roster), rosters: [roster, ...others] }
}

export function rosterOf(text: string): PhoneId {
  const phoneId = parsePhoneId(text)
  if (phoneId === undefined) throw new Error(`${text} is no phone_id`)
  return phoneId
}

export function clientIdOf(text: string): ClientId {
  const clientId = parseClientId(text)
  if (clientId === undefined) throw new Error(`${text} is no client id`)
  return clientId
}
