import { expect, test } from '@jest/globals'
import { fetchHistory, showMessage } from '../../src/cli/chat-messages.js'
import type { Chat } from '../../src/cli/chat-state.js'
import type { Device } from '../../src/cli/device.js'
import { type Message, type PhoneId, record } from '../../src/protocol/index.js'

const own = '9991001_1' as PhoneId
const friend = '9992001_2' as PhoneId

function said(id: number): Message {
  return record('Message', {
    id,
    from: own,
    to: friend,
    created: 0,
    status: 'sent',
    files: [record('Desc', { mime: 'text', payload: `no ${id}` })],
  })
}

test('fetches that overlap, and what comes meanwhile, are shown once each and in order', async () => {
  const fetched: ((pages: readonly (readonly Message[])[]) => void)[] = []
  const device = {
    collect: () => new Promise((resolve) => fetched.push(resolve)),
  } as unknown as Device
  const lines: string[] = []
  const screen = { isTerminal: false, line: (text: string) => void lines.push(text.replace(/^.*: /, '')), hint: () => undefined }
  const account = { phoneId: own, rosterId: 1, dialect: 'v1' }
  const chat = {
    ...{
      device,
      account,
      friend,
      screen,
      shown: new Set(),
      typed: new Set(),
      held: null,
      fetches: 0,
      name: 'Boris',
      newest: 0,
      newestOwn: 0,
    },
  } as unknown as Chat
  const both = [fetchHistory(chat, -20), fetchHistory(chat, 100, 1)]
  showMessage(chat, said(4))
  fetched[0]!([[said(1), said(2)]])
  await both[0]
  showMessage(chat, said(3))
  fetched[1]!([[said(2), said(3)]])
  await both[1]
  showMessage(chat, said(5))
  expect(lines).toEqual(['no 1', 'no 2', 'no 3', 'no 4', 'no 5'])
})
