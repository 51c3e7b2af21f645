import { expect, test } from '@jest/globals'
import { onDelivery } from '../../cli/chat-deliveries.js'
import { befriend } from '../../cli/chat-friendship.js'
import type { Chat } from '../../cli/chat-state.js'
import type { Device } from '../../cli/device.js'
import { type AnyRecord, type Contact, type PhoneId, record } from '../../protocol/index.js'

const own = '9991001_1' as PhoneId
const friend = '9992001_2' as PhoneId

/** A chat with a stranger; what the server sends for the request of friendship comes in one breath. */
function chatWithStranger(sent: readonly Contact['status'][]): { chat: Chat; lines: string[] } {
  const lines: string[] = []
  const device: Device = {
    profile: undefined,
    isConnected: true,
    tell: () => undefined,
    close: () => Promise.resolve(),
    collect: () => Promise.resolve([]),
    async ask(_request, isAnswer) {
      let answer: AnyRecord | undefined
      for (const status of sent) {
        const contact = record('Contact', { phone_id: friend, status })
        onDelivery(chat, { topic: 'ses/9991001', payload: new Uint8Array(), record: contact, isBelieved: true })
        if (answer === undefined && isAnswer(contact)) answer = contact
      }
      await Promise.resolve()
      if (answer === undefined) throw new Error('nothing answers')
      return { kind: 'answer', record: answer }
    },
  }
  const screen = { isTerminal: false, line: (text: string) => void lines.push(text), hint: () => undefined, close: () => undefined }
  const account = { phoneId: own, rosterId: 1, dialect: 'v1' } as unknown as Chat['account']
  const chat: Chat = {
    ...{
      device,
      account,
      friend,
      screen,
      outbox: [],
      shown: new Map(),
      lastRead: null,
      typed: new Set(),
      held: null,
      fetches: 0,
      name: 'Boris',
    },
    ...{ standing: 'none', newest: 0, newestOwn: 0, friendRead: 0, ownRead: 0, isSending: false, isMarking: false, isApproaching: false },
    ...{ isFriendTyping: false, typingTimer: undefined, lastTypingSent: undefined, hasInputEnded: false },
    leave: () => undefined,
  }
  return { chat, lines }
}

test.each<[string, readonly Contact['status'][], Chat['standing'], string]>([
  ['a request that waits', ['request'], 'asked', '* You have asked Boris to be friends; what you type is sent when they accept.'],
  ['a request that was accepted before its answer was read', ['request', 'friend'], 'friend', '* You and Boris are friends now.'],
  ['a request that crosses theirs', ['authorization', 'friend'], 'friend', '* You and Boris are friends now.'],
])('%s', async (_what, sent, standing, last) => {
  const { chat, lines } = chatWithStranger(sent)
  await befriend(chat)
  expect([chat.standing, lines.at(-1)]).toEqual([standing, last])
})
