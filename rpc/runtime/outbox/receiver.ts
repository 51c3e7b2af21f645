import { type Phone, phoneIdOf, type PhoneId, phoneOf } from '../../../topics/index.js'
import { contacts, members, type MessageDocument, messages, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { readClearance } from '../../views/clearance.js'
import { isBarred } from '../../views/contact-view.js'
import { type Feed, feedNamed, isVisible } from '../../views/message-view.js'
import type { Notice } from './notice.js'

/** Whether a person wants to hear of something, and as which of its rosters. */
export type Receiver =
  | { readonly kind: 'wants'; readonly phoneId: PhoneId; readonly message: MessageDocument | undefined }
  | { readonly kind: 'muted' }
  /** There is nothing to hear of any more: removed, cleared, hidden, revoked, left. */
  | { readonly kind: 'gone' }

const muted: Receiver = { kind: 'muted' }
const gone: Receiver = { kind: 'gone' }

/**
 * Decides, once the grace is over, whether a phone is still to be notified: as things stand now, so that a message deleted or a chat muted
 * meanwhile rings nowhere.
 * @see docs/protocol/rpc.md 9 (Friend/mute) and 11 (Room/mute)
 */
export async function readReceiver(facts: FactReader, phone: Phone, notice: Notice, messageId: number): Promise<Receiver> {
  const message = messageId === 0 ? undefined : await facts.peek(messages, ...messages.of(messageId))
  if (messageId !== 0 && (message === undefined || message.status === 'deleted')) return gone
  const feed = feedNamed(notice.feed)
  if (messageId !== 0 && messageId <= (await readClearance(facts, feed, ownIn(feed, notice)))) return gone
  if (feed.kind === 'room') return readMember(facts, await rostersOf(facts, phone), { feed, message })
  const other = ownIn(feed, notice)
  return phoneOf(other) === phone ? readContact(facts, other, notice, message) : gone
}

/** Who a notice of a chat is for. What is read of a room is the same for all. */
function ownIn(feed: Feed, { from }: Notice): PhoneId {
  if (feed.kind === 'room') return from
  return feed.left === from ? feed.right : feed.left
}

async function readContact(
  facts: FactReader,
  own: PhoneId,
  { kind, from }: Notice,
  message: MessageDocument | undefined,
): Promise<Receiver> {
  const contact = await facts.peek(contacts, own, from)
  // A service needs no friendship to write.
  if (contact === undefined) return kind === 'message' ? wants(own, message) : gone
  // Confirmed, declined or ignored meanwhile: the request has been seen.
  if (kind === 'request' && contact.state !== 'authorization') return gone
  return isBarred(contact) || (await isMuted(facts, own, from)) ? muted : wants(own, message)
}

const maxRostersRead = 100

/** Whether a roster has muted any roster of the account of another: whoever is muted stays so by whichever of them he writes. */
async function isMuted(facts: FactReader, own: PhoneId, from: PhoneId): Promise<boolean> {
  const { keys } = await facts.page(contacts, { parts: [own], begins: `${phoneOf(from)}_`, limit: maxRostersRead })
  const sides = await Promise.all(keys.map(([, other]) => facts.peek(contacts, own, other)))
  return sides.some((side) => side?.isMuted === true)
}

async function rostersOf(facts: FactReader, phone: Phone): Promise<readonly PhoneId[]> {
  const profile = await facts.peek(profiles, phone)
  return (profile?.rosters ?? []).flatMap((id) => phoneIdOf(phone, id) ?? [])
}

async function readMember(
  facts: FactReader,
  rosters: readonly PhoneId[],
  { feed, message }: { readonly feed: ReturnType<typeof feedNamed> & { kind: 'room' }; readonly message: MessageDocument | undefined },
): Promise<Receiver> {
  let found = gone
  for (const phoneId of rosters) {
    const member = await facts.peek(members, feed.room, phoneId)
    if (member === undefined) continue
    const receiver = member.isSilent ? muted : wants(phoneId, message)
    if (receiver.kind === 'wants') return receiver
    found = receiver
  }
  return found
}

function wants(phoneId: PhoneId, message: MessageDocument | undefined): Receiver {
  return message === undefined || isVisible(message, phoneId) ? { kind: 'wants', phoneId, message } : gone
}
