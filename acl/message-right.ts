import { decideRoomRight } from './room-right.js'
import type { P2pFacts, RoomFacts } from './topic-facts.js'
import { allow, refuse, type RequestVerdict } from './verdict.js'

/** The feed a message stands in, as its author or caller sees it. `self` is the chat of a roster with itself. */
export type FeedFacts = { readonly kind: 'self' } | P2pFacts | RoomFacts

/** Whether one's own roster may write to a feed: messages, uploads, and (dropped in silence) typing. @see docs/protocol/rpc.md 10, Message/client */
export function mayPost(feed: FeedFacts): RequestVerdict {
  if (feed.kind !== 'room') return decideParty(feed)
  if (feed.room === undefined) return refuse('room_not_found', 'there is no such room')
  return decideRoomRight('post', feed.room.type, feed.room.membership)
}

/** Whether a message may be edited: by its author, while he belongs to the feed and is not muted there. @see docs/protocol/rpc.md 10, Message/edit */
export function mayEdit(message: { readonly isAuthor: boolean; readonly isErased: boolean }, feed: FeedFacts): RequestVerdict {
  if (!message.isAuthor) return refuse('not_authorized', 'only the author edits')
  const party = decideParty(feed)
  if (!party.allowed) return party
  const { membership } = (feed.kind === 'room' ? feed.room : undefined) ?? {}
  if (membership?.role === 'member' && membership.isMuted) return refuse('not_authorized', 'who is muted says nothing new')
  return message.isErased ? refuse('invalid_data', 'an erased message has no content to edit') : allow('the author')
}

/**
 * Whether a message may be erased for all: by its author, whatever has come between him and the feed since; in a room also by owner and admins.
 * @see docs/protocol/rpc.md 10, Message/edit as removal
 */
export function mayErase(message: { readonly isAuthor: boolean }, feed: FeedFacts): RequestVerdict {
  if (feed.kind === 'room' && feed.room === undefined) return refuse('room_not_found', 'there is no such room')
  if (message.isAuthor) return allow('one takes back what one has said')
  const party = decideParty(feed)
  if (!party.allowed) return party
  if (feed.kind === 'room' && feed.room !== undefined) return decideRoomRight('delete-messages', feed.room.type, feed.room.membership)
  return refuse('not_authorized', 'only the author erases in a private chat')
}

/** Whether one belongs to a feed now: the member of a room, the unbanned friend of a chat. */
export function decideParty(feed: FeedFacts): RequestVerdict {
  switch (feed.kind) {
    case 'self':
      return allow('a chat with oneself')
    case 'room':
      if (feed.room === undefined) return refuse('room_not_found', 'there is no such room')
      return feed.room.membership === undefined ? refuse('not_authorized', 'not a member') : allow('a member')
    case 'p2p':
      if (!feed.exists) return refuse('not_authorized', 'there is no such chat')
      if (feed.isBanned) return refuse('not_authorized', 'one has banned the other')
      return feed.areFriends ? allow('a friend') : refuse('not_authorized', 'not friends')
  }
}
