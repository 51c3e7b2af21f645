import { type ClientId, type Phone, type PhoneId, phoneOf, type Topic } from '../topics/index.js'
import type { P2pFacts } from './topic-facts.js'

/** A roster that stands in some relation to another, and whether either has banned the other. */
export interface Related {
  readonly phoneId: PhoneId
  readonly isBanned: boolean
}

/** Stored facts about who belongs to a topic. */
export type AudienceFacts =
  | { readonly kind: 'none' }
  | P2pFacts
  | { readonly kind: 'ac'; readonly friends: readonly Related[] }
  | { readonly kind: 'muc'; readonly fellows: readonly Related[] }
  | { readonly kind: 'room'; readonly members: readonly PhoneId[] }

/** Who receives what is published to a topic: one client, or all devices of some phones, or nobody. */
export type Audience =
  | { readonly kind: 'client'; readonly clientId: ClientId }
  | { readonly kind: 'phones'; readonly phones: readonly Phone[] }
  | { readonly kind: 'nobody'; readonly because: string }

/**
 * Resolves a topic to its receivers. The sending device is among them wherever its phone is.
 * A topic outside the protocol has no audience here: it is delivered by subscription.
 * @see docs/protocol/topics.md 1 and 5 to 11
 */
export function audienceOf(topic: Topic, facts: AudienceFacts): Audience {
  switch (topic.kind) {
    case 'events':
      return nobody('requests are for the server only')
    case 'version':
      return nobody('nobody receives a version')
    case 'other':
      return nobody('outside the protocol')
    case 'actions':
      return { kind: 'client', clientId: topic.clientId }
    case 'ses':
      return phones([topic.phone])
    case 'ac':
      return related(topic.phoneId, facts.kind === 'ac' ? facts.friends : [])
    case 'muc':
      return related(topic.phoneId, facts.kind === 'muc' ? facts.fellows : [])
    case 'p2p':
      if (topic.left !== topic.right && !isChatOpen(facts)) return nobody('not friends')
      return phones([phoneOf(topic.left), phoneOf(topic.right)])
    case 'room':
      return phones(facts.kind === 'room' ? facts.members.map(phoneOf) : [])
  }
}

function isChatOpen(facts: AudienceFacts): boolean {
  return facts.kind === 'p2p' && facts.exists && facts.areFriends && !facts.isBanned
}

/** The owner's own phone is left out: its devices have their `ses` topic (topics.md 7). */
function related(owner: PhoneId, others: readonly Related[]): Audience {
  const own = phoneOf(owner)
  return phones(
    others
      .filter((other) => !other.isBanned)
      .map((other) => phoneOf(other.phoneId))
      .filter((phone) => phone !== own),
  )
}

function phones(list: readonly Phone[]): Audience {
  return list.length === 0 ? nobody('nobody belongs to it') : { kind: 'phones', phones: [...new Set(list)] }
}

function nobody(because: string): Audience {
  return { kind: 'nobody', because }
}
