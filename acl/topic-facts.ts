import type { PhoneId, RoomId, Topic } from '../topics/index.js'
import { type Client, owns } from './client.js'
import type { Membership, RoomType } from './room-right.js'

/** Stored facts about one topic as seen by one client. A decision given `none` where it needs more refuses. */
export type TopicFacts =
  | { readonly kind: 'none' }
  | P2pFacts
  | RoomFacts
  | { readonly kind: 'ac'; readonly areFriends: boolean; readonly isBanned: boolean }
  | { readonly kind: 'muc'; readonly sharesRoom: boolean; readonly isBanned: boolean }

/** About two rosters and their chat. */
export interface P2pFacts {
  readonly kind: 'p2p'
  /** Both rosters exist. */
  readonly exists: boolean
  /** Each is a friend of the other. */
  readonly areFriends: boolean
  /** At least one of them has banned the other. */
  readonly isBanned: boolean
}

/** About a room: `room` is undefined where there is none, `membership` where the client's rosters do not belong to it. */
export interface RoomFacts {
  readonly kind: 'room'
  readonly room: { readonly type: RoomType; readonly membership: Membership | undefined } | undefined
}

export const noFacts: TopicFacts = { kind: 'none' }

/** What must be read before deciding. The friendships and memberships asked for are those of any of `rosters`, the first that has one. */
export type FactsQuery =
  | { readonly kind: 'none' }
  | { readonly kind: 'p2p'; readonly left: PhoneId; readonly right: PhoneId }
  | { readonly kind: 'ac'; readonly of: PhoneId; readonly rosters: readonly PhoneId[] }
  | { readonly kind: 'muc'; readonly of: PhoneId; readonly rosters: readonly PhoneId[] }
  | { readonly kind: 'room'; readonly room: RoomId; readonly rosters: readonly PhoneId[] }

/** Which facts decide whether `client` may do `action`; `none` where who it is settles the matter. */
export function factsNeeded(client: Client, topic: Topic, action: 'publish' | 'receive'): FactsQuery {
  if (client.kind === 'service') return action === 'publish' ? factsOfService(topic) : noQuery
  if (client.kind !== 'device') return noQuery
  const { rosters } = client
  switch (topic.kind) {
    case 'p2p':
      if (topic.left === topic.right || !(owns(client, topic.left) || owns(client, topic.right))) return noQuery
      return { kind: 'p2p', left: topic.left, right: topic.right }
    case 'room':
      return { kind: 'room', room: topic.room, rosters }
    case 'ac':
    case 'muc':
      return action === 'receive' ? { kind: topic.kind, of: topic.phoneId, rosters } : noQuery
    default:
      return noQuery
  }
}

const noQuery: FactsQuery = { kind: 'none' }

function factsOfService(topic: Topic): FactsQuery {
  if (topic.kind === 'p2p') return { kind: 'p2p', left: topic.left, right: topic.right }
  return topic.kind === 'room' ? { kind: 'room', room: topic.room, rosters: [] } : noQuery
}
