import type { Message } from '../../../protocol/index.js'
import { type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { type MessageDocument, messages } from '../../documents/index.js'
import { accept, type Outcome, push, refuse } from '../../outcome.js'
import { isVisible, messageRecord, type PlacedMessage } from '../../views/message-view.js'
import type { FeedAccess } from './feed-access.js'

interface Actor {
  readonly phoneId: PhoneId
  readonly access: FeedAccess
}

/**
 * Takes a message out of the caller's own history; the others keep it. Needs no friendship, for an old chat stays readable, but one must be
 * a party of it. Repeating it changes nothing and is answered alike.
 * @see docs/protocol/rpc.md 10, Message/edit as removal
 */
export function hideForOneself({ seenby }: Message, { place, document }: PlacedMessage, actor: Actor): Outcome {
  const { phoneId, access } = actor
  const party = access.parties.byRoster.get(phoneId)
  if (party === undefined) return refuse('not_authorized', 'not a party of the feed')
  const isOwnSide =
    typeof seenby === 'number'
      ? losesSight(seenby, document, phoneId)
      : seenby.every((id) => id === phoneId || (id !== 0 && id === party.memberId))
  if (!isOwnSide) return refuse('not_authorized', 'one removes a message for oneself or for all')
  const phone = phoneOf(phoneId)
  const hidden: MessageDocument = { ...document, hiddenFrom: [...document.hiddenFrom, phoneId] }
  return accept({
    puts: isVisible(document, phoneId) ? [messages.put(hidden, ...messages.of(place.id))] : [],
    sends: [push(sesTopic(phone), [phone], { ...messageRecord(place, document), files: [], seenby, status: 'deleted' })],
  })
}

/** v1 names the side that keeps the message: 1 its author, so that the caller must be another; 2 the receiver, so that he must be the author. */
function losesSight(side: number, document: MessageDocument, caller: PhoneId): boolean {
  const isSelfChat = document.from === document.to
  return side === 1 ? caller !== document.from || isSelfChat : caller === document.from
}
