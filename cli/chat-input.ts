import type { Monotonic } from '../clock/index.js'
import { record } from '../protocol/index.js'
import { sendOutbox, showHistory } from './chat-messages.js'
import { type Chat, run, showHint } from './chat-state.js'
import { newDraft } from './text-message.js'

export const chatHelp = [
  'A line is a message. A line that begins with / is a command:',
  '  /history N   show the last N messages',
  '  /quit        leave (as do Ctrl-C and Ctrl-D)',
  '  /help        show this',
  'Begin with // to send a line that begins with /.',
].join('\n')

const typingEveryMs = 3_000
const historyMax = 1_000

/** A line has been typed, or has come through the pipe. */
export function onLine(chat: Chat, line: string): void {
  if (line.trim() === '') return
  if (line.startsWith('/') && !line.startsWith('//')) {
    command(chat, line.trim())
    return
  }
  const draft = newDraft(line.startsWith('//') ? line.slice(1) : line)
  chat.typed.add(draft.msgId)
  chat.outbox.push(draft)
  showHint(chat)
  run(chat, sendOutbox(chat))
}

function command(chat: Chat, line: string): void {
  const [name, argument] = line.split(/\s+/)
  switch (name) {
    case '/quit':
      endOfInput(chat, 0)
      return
    case '/help':
      chat.screen.line(chatHelp)
      return
    case '/history': {
      const count = Number(argument ?? 20)
      if (Number.isInteger(count) && count > 0 && count <= historyMax) run(chat, showHistory(chat, count))
      else chat.screen.line(`* /history takes a number from 1 to ${String(historyMax)}`)
      return
    }
    default:
      chat.screen.line(`* There is no ${String(name)}. /help shows what there is.`)
  }
}

/** The person is typing: the friend is told, not too often. */
export function onKey(chat: Chat, line: string, now: Monotonic): void {
  if (line === '' || line.startsWith('/') || chat.standing !== 'friend') return
  if (chat.lastTypingSent !== undefined && now - chat.lastTypingSent < typingEveryMs) return
  chat.lastTypingSent = now
  const { account, friend, device } = chat
  // v11 has one place: in a request it names the receiver
  device.tell(record('Typing', { from: account.dialect === 'v1' ? account.phoneId : null, to: friend }))
}

/** Nothing more will be typed: leaves when everything is stored, and when `waitMs` have passed in any case. */
export function endOfInput(chat: Chat, waitMs: number): void {
  chat.hasInputEnded = true
  if (chat.outbox.length === 0 && !chat.isSending) chat.leave()
  else
    setTimeout(() => {
      chat.leave()
    }, waitMs).unref()
}
