import { expect, test } from '@jest/globals'
import { catchUp, fetchHistory, showMessage } from '../../cli/chat-messages.js'
import type { Chat } from '../../cli/chat-state.js'
import type { Device } from '../../cli/device.js'
import { type Message, type PhoneId, record, type RecordOf } from '../../protocol/index.js'

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

type Pages = readonly (readonly Message[])[]

interface Stage {
  readonly chat: Chat
  readonly lines: string[]
  /** Answers what has been asked for, in order. */
  readonly fetched: ((pages: Pages) => void)[]
  /** Size and first id of what has been asked for. */
  readonly asked: (readonly [number, number])[]
}

function stage(held: Message[] | null): Stage {
  const fetched: ((pages: Pages) => void)[] = []
  const asked: (readonly [number, number])[] = []
  const device = {
    collect: ({ size, entity_id }: RecordOf<'History'>) => {
      asked.push([Number(size), Number(entity_id)])
      return new Promise((resolve) => fetched.push(resolve))
    },
  } as unknown as Device
  const lines: string[] = []
  const screen = { isTerminal: false, line: (text: string) => void lines.push(text.replace(/^.*: /, '')), hint: () => undefined }
  const account = { phoneId: own, rosterId: 1, dialect: 'v1' }
  const chat = {
    ...{ device, account, friend, screen, shown: new Map(), typed: new Set(), held, fetches: 0 },
    ...{ name: 'Boris', newest: 0, newestOwn: 0, standing: 'none' },
  } as unknown as Chat
  return { chat, lines, fetched, asked }
}

const saying = (first: number, last: number): readonly Message[] => Array.from({ length: last - first + 1 }, (_, i) => said(first + i))
const texts = (first: number, last: number): readonly string[] => saying(first, last).map(({ id }) => `no ${String(id)}`)
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('fetches that overlap, and what comes meanwhile, are shown once each and in order', async () => {
  const { chat, lines, fetched } = stage(null)
  const both = [fetchHistory(chat, -20), fetchHistory(chat, 100, 1)]
  showMessage(chat, said(4))
  fetched[0]!([saying(1, 2)])
  await both[0]
  showMessage(chat, said(3))
  fetched[1]!([saying(2, 3)])
  await both[1]
  showMessage(chat, said(5))
  expect(lines).toEqual(texts(1, 5))
})

test('a backlog that comes before, while and after it is fetched is shown in order, and the newest comes last', async () => {
  const { chat, lines, fetched, asked } = stage([])
  for (const message of saying(11, 20)) showMessage(chat, message)
  const caughtUp = catchUp(chat, 10)
  for (const message of saying(21, 30)) showMessage(chat, message)
  fetched[0]!([saying(81, 100)])
  await settled()
  fetched[1]!([saying(11, 60), saying(61, 100)])
  await caughtUp
  for (const message of saying(31, 101)) showMessage(chat, message)
  expect(asked).toEqual([
    [-20, 0],
    [1_000, 11],
  ])
  expect(lines).toEqual(texts(11, 101))
})

test('where nothing was missed, only the newest are fetched, and what the inbox still brings of before is not shown', async () => {
  const { chat, lines, fetched, asked } = stage([])
  const caughtUp = catchUp(chat, null)
  fetched[0]!([saying(81, 100)])
  await caughtUp
  showMessage(chat, said(50))
  expect([asked.length, lines]).toEqual([1, texts(81, 100)])
})

test('an edit is told once, where the message was shown as it had been, and where it has gone by', async () => {
  const { chat, lines, fetched } = stage([])
  const edited = (id: number): Message => ({ ...said(id), status: 'edit', files: [record('Desc', { mime: 'text', payload: 'better' })] })
  const first = catchUp(chat, null)
  fetched[0]!([[said(1), edited(2)]])
  await first
  for (const message of [edited(1), edited(1), edited(2)]) showMessage(chat, message)
  const again = catchUp(chat, 2)
  fetched[1]!([[edited(1), edited(2), said(3)]])
  await again
  expect(lines).toEqual(['no 1', 'better', 'better', 'no 3'])
})
