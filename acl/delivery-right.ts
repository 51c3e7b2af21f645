import { allow, deny, type Verdict } from './verdict.js'

/** How a person stands to a feed now. */
export interface FeedSight {
  /** One of the person's rosters belongs to it; nobody belongs to a room that was deleted. */
  readonly belongs: boolean
}

/** A message that waits for a person. */
export interface WaitingMessage {
  /** A `reference` shows the message as it stands; a `copy` was made when the person had the right to it. */
  readonly kind: 'reference' | 'copy'
  /** The person, or for a room those who run it, have cleared the feed up to it or beyond. */
  readonly isCleared: boolean
  /** It is out of the history of every roster of the person that might see it. */
  readonly isHidden: boolean
  readonly isErased: boolean
  /** Its content is not what was first posted. */
  readonly isChanged: boolean
}

/**
 * Whether a message that waits in an inbox may still be delivered, as things stand. What was taken back (cleared, erased, hidden) is
 * delivered to nobody; who has lost the right to a feed is given what was said while he had it, unless it has been changed since or that
 * cannot be told.
 * @see docs/protocol/topics.md 11; docs/decisions/0170-what-is-delivered-late.md
 */
export function decideDelivery({ belongs }: FeedSight, message: WaitingMessage): Verdict {
  if (message.isCleared) return deny('the feed has been cleared')
  if (message.isHidden) return deny('it was removed for this person')
  // What a reference shows of an erased message is that it was erased.
  if (message.kind === 'copy') return message.isErased ? deny('it has been erased since') : allow('as it was when it was sent')
  if (belongs) return allow('it belongs to the feed')
  return message.isErased || message.isChanged
    ? deny('it may have been changed after the right ended')
    : allow('as it was when it was sent')
}
