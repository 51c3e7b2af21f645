import { monotonicMs } from '../clock/index.js'
import { parsePhoneId, type PhoneId } from '../protocol/index.js'
import { onDelivery } from './chat-deliveries.js'
import { befriend, changeStanding, open } from './chat-friendship.js'
import { endOfInput, onKey, onLine } from './chat-input.js'
import { type Chat, run } from './chat-state.js'
import { Complaint, exitCodes } from './complaint.js'
import type { DeviceListener, Push } from './device.js'
import { contactsOf, findPerson, nameOf, standingOf } from './friends.js'
import { openProfileDevice, type ProfileChoice, type ProfileDevice } from './profile-device.js'
import { printable } from './printable.js'
import { openScreen, type Screen } from './screen.js'

export interface ChatChoice extends ProfileChoice {
  /** How long, after the last line of a pipe, to wait for what could not be sent yet; ms. */
  readonly lingerMs: number
}

/**
 * A conversation with one person, on the terminal or through pipes, until the person leaves. Strangers are asked to be friends, who asks is
 * accepted. What was typed while the connection is lost is sent when it is back, under the msg_id it had.
 * @param ended ends it, as nobody reads it any more
 * @throws Complaint if it cannot begin, or ends with messages that were not stored
 */
export async function chat(to: string, choice: ChatChoice, ended: Promise<void>): Promise<void> {
  const early: Push[] = []
  const stage: { chat: Chat | undefined } = { chat: undefined }
  const opened = await openProfileDevice({ ...choice, isPersistent: true }, listenerFor(stage, early))
  try {
    const friend = await findPerson(to, opened.device, opened.account)
    await converse(opened, friend, choice, (made) => {
      stage.chat = made
      void ended.then(() => {
        made.leave()
      })
      for (const push of early.splice(0)) onDelivery(made, push)
    })
  } finally {
    await opened.close()
  }
}

function listenerFor(stage: { readonly chat: Chat | undefined }, early: Push[]): DeviceListener {
  return {
    onPush(push) {
      if (stage.chat === undefined) early.push(push)
      else onDelivery(stage.chat, push)
    },
    onLost() {
      stage.chat?.screen.line('* The connection is lost; trying again.')
    },
    onBack() {
      if (stage.chat === undefined) return
      stage.chat.screen.line('* Connected again.')
      comeBack(stage.chat)
    },
    onBarred(because) {
      stage.chat?.leave(because)
    },
  }
}

/** Runs the conversation to its end. @param begin told of the chat once it can take deliveries */
async function converse(opened: ProfileDevice, friend: PhoneId, { lingerMs }: ChatChoice, begin: (chat: Chat) => void): Promise<void> {
  let leave: (because?: unknown) => void = () => undefined
  const left = new Promise<void>((resolve, reject) => {
    leave = (because) => {
      if (because === undefined) resolve()
      else reject(because instanceof Error ? because : new Error('the chat has ended', { cause: because }))
    }
  })
  const listener = { chat: undefined as Chat | undefined }
  const screen = openScreen({
    onLine: (line) => {
      if (listener.chat !== undefined) onLine(listener.chat, line)
    },
    onKey: (line) => {
      if (listener.chat !== undefined) onKey(listener.chat, line, monotonicMs())
    },
    onEnd: () => {
      if (listener.chat !== undefined) endOfInput(listener.chat, lingerMs)
    },
    onInterrupt: () => {
      leave()
    },
  })
  const made = newChat(opened, friend, screen, leave)
  listener.chat = made
  screen.line(`Chat with ${made.name} (${friend}). /help shows what you can type.`)
  begin(made)
  run(
    made,
    befriend(made).then(() => open(made)),
  )
  try {
    await left
  } finally {
    screen.close()
  }
  if (made.outbox.length > 0) {
    throw new Complaint(
      exitCodes.refused,
      `Not sent: ${String(made.outbox.length)} message(s), the first one ${JSON.stringify(made.outbox[0]?.text)}`,
    )
  }
}

function newChat({ device, account }: ProfileDevice, friend: PhoneId, screen: Screen, leave: (because?: unknown) => void): Chat {
  const contact = contactsOf(device, account).find(({ phone_id }) => phone_id === friend)
  return {
    device,
    account,
    friend,
    screen,
    leave,
    outbox: [],
    shown: new Map(),
    typed: new Set(),
    held: [],
    fetches: 0,
    name: printable(nameOf(contact, friend)),
    standing: friend === account.phoneId ? 'friend' : (standingOf(contact?.status ?? null) ?? 'none'),
    lastRead: contact?.unread === 0 ? null : (contact?.reader ?? 0),
    newest: 0,
    newestOwn: 0,
    friendRead: 0,
    ownRead: 0,
    isSending: false,
    isMarking: false,
    isApproaching: false,
    isFriendTyping: false,
    typingTimer: undefined,
    lastTypingSent: undefined,
    hasInputEnded: false,
  }
}

/** After a reconnect: how we stand may have changed, messages may have come, and what was being sent is sent again. */
function comeBack(made: Chat): void {
  made.held ??= []
  const contact = contactsOf(made.device, made.account).find(({ phone_id }) => parsePhoneId(phone_id ?? '') === made.friend)
  if (made.friend !== made.account.phoneId) changeStanding(made, standingOf(contact?.status ?? null) ?? 'none')
  run(
    made,
    befriend(made).then(() => open(made)),
  )
}
