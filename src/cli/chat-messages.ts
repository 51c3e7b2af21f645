import { type AnyRecord, type Message, p2pFeed, record } from '../protocol/index.js'
import { type Chat, run, showHint } from './chat-state.js'
import { explain, refusedBecause } from './explain.js'
import { printable } from './printable.js'
import { sendDraft, textOf } from './text-message.js'

/** Sends what waits in the outbox, one after the other; a message that was refused is shown and forgotten. */
export async function sendOutbox(chat: Chat): Promise<void> {
  if (chat.isSending) return
  chat.isSending = true
  try {
    for (let draft = chat.outbox[0]; draft !== undefined && canSend(chat); draft = chat.outbox[0]) {
      const reply = await sendDraft(draft, chat.device, chat.account.phoneId, chat.friend)
      chat.outbox.shift()
      if (reply.kind === 'refusal') chat.screen.line(`* Not sent: ${JSON.stringify(draft.text)}: ${explain(reply, 'message')}`)
      showHint(chat)
    }
  } finally {
    chat.isSending = false
  }
  if (chat.hasInputEnded && chat.outbox.length === 0) chat.leave()
}

function canSend({ standing, device }: Chat): boolean {
  return standing === 'friend' && device.isConnected
}

/**
 * Fetches messages and shows those that have not been; what comes meanwhile, by the inbox or by another fetch, waits until nothing is being
 * fetched any more, so that the order is right.
 */
export async function fetchHistory(chat: Chat, size: number, from = 0): Promise<void> {
  const { device, account, friend } = chat
  chat.held ??= []
  chat.fetches++
  try {
    const feed = p2pFeed(account.phoneId, friend)
    const asked = record('History', { roster_id: account.phoneId, feed, size, entity_id: from, status: 'get' })
    const pages = await device.collect(asked, historyIn)
    if ('kind' in pages) throw refusedBecause(pages, 'history')
    chat.held.push(...pages.flat())
  } finally {
    if (--chat.fetches === 0) showHeld(chat)
  }
}

function showHeld(chat: Chat): void {
  const held = [...(chat.held ?? [])].sort((a, b) => (a.id ?? 0) - (b.id ?? 0))
  chat.held = null
  for (const message of held) showMessage(chat, message)
}

function historyIn(received: AnyRecord): readonly Message[] | undefined {
  if (received.tag !== 'History' || received.status !== 'get') return undefined
  return received.data.filter((entry) => entry.tag === 'Message')
}

/** Shows older messages once more, on request. */
export async function showHistory(chat: Chat, count: number): Promise<void> {
  chat.screen.line(`* The last ${String(count)} messages:`)
  chat.shown.clear()
  chat.typed.clear()
  await fetchHistory(chat, -count)
}

/** A message of this chat has come, by the inbox or from the history. */
export function showMessage(chat: Chat, message: Message): void {
  if (chat.held !== null) {
    chat.held.push(message)
    return
  }
  const id = message.id ?? 0
  const isOwn = message.from === chat.account.phoneId
  if (message.status === 'edit' || message.status === 'deleted') {
    if (chat.shown.has(id)) showChange(chat, message)
    else show(chat, message, isOwn)
  } else if (!chat.shown.has(id)) show(chat, message, isOwn)
  chat.shown.add(id)
  chat.newest = Math.max(chat.newest, id)
  // the note that opens a chat (rpc.md 9) is nobody's: nobody waits for it to be read
  if (isOwn && message.status !== 'internal') chat.newestOwn = Math.max(chat.newestOwn, id)
  if (!isOwn) run(chat, markRead(chat))
}

function show({ typed, screen, name }: Chat, message: Message, isOwn: boolean): void {
  const text = textOf(message)
  const isOnScreen = screen.isTerminal && message.msg_id !== null && typed.has(message.msg_id)
  if (text === '' || isOnScreen) return
  screen.line(`${minuteOf(message.created)} ${isOwn ? 'you' : printable(name)}: ${text}`)
}

function showChange({ screen }: Chat, message: Message): void {
  screen.line(
    `* The message of ${minuteOf(message.created)} ${message.status === 'edit' ? `now reads: ${textOf(message)}` : 'was removed'}`,
  )
}

function minuteOf(created: number | null): string {
  const at = new Date(created ?? 0)
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
}

/** Tells the friend how far we have read; several messages at once are told as one. */
async function markRead(chat: Chat): Promise<void> {
  if (chat.isMarking) return
  chat.isMarking = true
  try {
    while (chat.ownRead < chat.newest && chat.standing === 'friend' && chat.device.isConnected) {
      const { account, friend, newest } = chat
      const feed = p2pFeed(account.phoneId, friend)
      const cursor = record('History', { roster_id: account.phoneId, feed, entity_id: newest, status: 'update' })
      await chat.device.ask(cursor, (one) => one.tag === 'Contact' && one.phone_id === friend && one.status === 'last_msg')
      chat.ownRead = newest
    }
  } finally {
    chat.isMarking = false
  }
}
