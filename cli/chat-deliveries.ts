import {
  type Contact,
  type History,
  type Io,
  type Message,
  missedIn,
  parsePhoneId,
  phoneOf,
  rosterIdOf,
  type Typing,
} from '../protocol/index.js'
import { changeStanding, open } from './chat-friendship.js'
import { showMessage } from './chat-messages.js'
import { type Chat, run, showHint } from './chat-state.js'
import type { Push } from './device.js'
import { nameOf, standingOf } from './friends.js'
import { printable } from './printable.js'
import { textOf } from './text-message.js'

const typingShownMs = 6_000

/** Something has come for this device. */
export function onDelivery(chat: Chat, { record, isBelieved }: Push): void {
  if (!isBelieved) return
  switch (record?.tag) {
    case 'Message':
      onMessage(chat, record)
      return
    case 'Contact':
      onContact(chat, record)
      return
    case 'Typing':
      onTyping(chat, record)
      return
    case 'History':
      onReceipt(chat, record)
      return
    case 'io':
      onMissed(chat, record)
      return
    default:
  }
}

/** The inbox was full: what this device was not given is in the history of the chat. */
function onMissed({ account, friend, screen }: Chat, answer: Io): void {
  const ours = [`p2p/${account.phoneId}/${friend}`, `p2p/${friend}/${account.phoneId}`, '']
  const since = missedIn(answer).flatMap((one) => (ours.includes(one.feed) ? [one.since] : []))
  if (since.length === 0) return
  const when = new Date(Math.min(...since)).toLocaleString()
  screen.line(
    `* Messages may be missing here, or have changed, since ${when}: too much came while you were away. /history 20 shows them as they are.`,
  )
}

function onMessage(chat: Chat, message: Message): void {
  const { account, friend, screen } = chat
  const isBetweenUs =
    message.feed_id?.tag === 'p2p' &&
    [message.feed_id.from, message.feed_id.to].every((side) => side === account.phoneId || side === friend) &&
    (account.phoneId === friend || message.feed_id.from !== message.feed_id.to)
  if (isBetweenUs) {
    if (message.from === friend) stopTyping(chat)
    showMessage(chat, message)
    return
  }
  if (message.from === account.phoneId || message.status !== 'sent') return
  const where = message.feed_id?.tag === 'muc' ? ` in room ${printable(message.feed_id.name ?? '')}` : ''
  screen.line(`* Elsewhere, ${printable(message.from ?? '')}${where}: ${textOf(message)}`)
}

function onContact(chat: Chat, contact: Contact): void {
  const { friend, screen } = chat
  const standing = standingOf(contact.status)
  if (contact.phone_id !== friend) {
    const stranger = parsePhoneId(contact.phone_id ?? '')
    if (contact.status !== 'authorization' || stranger === undefined) return
    screen.line(`* ${printable(nameOf(contact, stranger))} asks to be your friend: nynja chat ${phoneOf(stranger)}`)
    return
  }
  if (contact.names !== null && contact.names !== '') chat.name = printable(nameOf(contact, friend))
  if (standing !== undefined) {
    const wasFriend = chat.standing === 'friend'
    changeStanding(chat, standing)
    if (!wasFriend && standing === 'friend') run(chat, open(chat))
    return
  }
  if (contact.status === null && contact.presence !== null) screen.line(`* ${chat.name} is ${contact.presence}`)
}

function onTyping(chat: Chat, typing: Typing): void {
  if (typing.from !== chat.friend || chat.friend === chat.account.phoneId) return
  clearTimeout(chat.typingTimer)
  chat.isFriendTyping = true
  chat.typingTimer = setTimeout(() => {
    stopTyping(chat)
  }, typingShownMs).unref()
  showHint(chat)
}

function stopTyping(chat: Chat): void {
  clearTimeout(chat.typingTimer)
  chat.isFriendTyping = false
  showHint(chat)
}

/** The friend has read up to a message. */
function onReceipt(chat: Chat, { roster_id, status, entity_id }: History): void {
  const isFriends = roster_id === chat.friend || roster_id === rosterIdOf(chat.friend)
  if (status !== 'updated' || !isFriends || chat.friend === chat.account.phoneId) return
  const readTo = entity_id ?? 0
  if (chat.newestOwn > chat.friendRead && readTo >= chat.newestOwn) chat.screen.line(`* ${chat.name} has read it`)
  chat.friendRead = Math.max(chat.friendRead, readTo)
}
