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

/** Shown when a chat begins, whether they were read or not. */
const shownAtStart = 20
/** What was missed is fetched in one page, at most so much (rpc.md 10). */
const missedMax = 1_000

/**
 * Fetches the newest messages, and all that were missed since `seen`, and shows those that have not been shown; what comes meanwhile, by the inbox
 * or by another fetch, waits until nothing is being fetched any more, so that the order is right and the newest comes last.
 * @param seen id of the last message known, 0 if none is; null: nothing was missed
 */
export function catchUp(chat: Chat, seen: number | null): Promise<void> {
  return holding(chat, async (held) => {
    const newest = await fetchPage(chat, -shownAtStart, 0)
    held.push(...newest)
    const [first] = newest
    if (seen === null || newest.length < shownAtStart || first?.id === undefined || first.id === null || first.id <= seen + 1) return
    const missed = await fetchPage(chat, missedMax, seen + 1)
    held.push(...missed)
    const last = missed.at(-1)?.id ?? 0
    if (missed.length >= missedMax && last < first.id) {
      chat.screen.line(`* More than ${String(missedMax)} messages were missed: some in the middle are left out.`)
    }
  })
}

/** Fetches a page of messages and shows those that are not on the screen. */
export function fetchHistory(chat: Chat, size: number, from = 0): Promise<void> {
  return holding(chat, async (held) => {
    held.push(...(await fetchPage(chat, size, from)))
  })
}

async function holding(chat: Chat, fetching: (held: Message[]) => Promise<void>): Promise<void> {
  const held = (chat.held ??= [])
  chat.fetches++
  try {
    await fetching(held)
  } finally {
    if (--chat.fetches === 0) showHeld(chat)
  }
}

async function fetchPage({ device, account, friend }: Chat, size: number, from: number): Promise<readonly Message[]> {
  const feed = p2pFeed(account.phoneId, friend)
  const asked = record('History', { roster_id: account.phoneId, feed, size, entity_id: from, status: 'get' })
  const pages = await device.collect(asked, historyIn)
  if ('kind' in pages) throw refusedBecause(pages, 'history')
  return pages.flat()
}

function showHeld(chat: Chat): void {
  const held = [...(chat.held ?? [])].sort((a, b) => (a.id ?? 0) - (b.id ?? 0))
  chat.held = null
  for (const message of held) put(chat, message)
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

/** A message of this chat has come by the inbox. */
export function showMessage(chat: Chat, message: Message): void {
  const id = message.id ?? 0
  if (chat.held !== null) chat.held.push(message)
  // What the inbox still brings of it was fetched, and is on the screen or was left out: the newest stays the last.
  else if (id > chat.newest || chat.shown.has(id)) put(chat, message)
  else if (message.status === 'edit' || message.status === 'deleted') showChange(chat, message)
}

/** Shows a message, or how it differs from what was shown of it. */
function put(chat: Chat, message: Message): void {
  const id = message.id ?? 0
  const isOwn = message.from === chat.account.phoneId
  const [before, text] = [chat.shown.get(id), textOf(message)]
  if (before === undefined) show(chat, message, isOwn)
  else if (before !== text) showChange(chat, message)
  chat.shown.set(id, text)
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
    `* The message of ${minuteOf(message.created)} ${message.status === 'deleted' ? 'was removed' : `now reads: ${textOf(message)}`}`,
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
