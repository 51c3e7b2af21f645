/** What the door of a request is told of it. @see docs/decisions/0231-one-door-for-every-protocol.md */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, type ErrorCode, reasons, record } from '../../protocol/index.js'
import { newFrameWriter, readFrame, takeFrame, writeU8, readU8 } from '../../rpc/runtime/link/frame.js'
import { readVerdict, type Verdict, writeVerdict } from '../../rpc/runtime/link/verdict.js'
import { ann, boris, type ChatWorld, dan, friends, openChatWorld } from './chat-world.js'

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris))
})
afterAll(() => world.close())

const says = (to: string): AnyRecord =>
  record('Message', { from: ann, to, files: [record('Desc', { id: 'd', mime: 'text', payload: 'hello' })], status: 'client' })

test.each<[what: string, asked: AnyRecord, verdict: Verdict]>([
  ['a message has its id', says(boris), { kind: 'done', messages: [1], queued: [] }],
  ['the next one the next', says(boris), { kind: 'done', messages: [2], queued: [] }],
  ['what only reads has none', record('Roster', { id: 12525, status: 'get' }), { kind: 'done', messages: [], queued: [] }],
  [
    'what waits in the inbox for whoever asked, behind two messages, has its number',
    record('Room', { id: 'trip', name: 'Trip', type: 'group', members: [record('Member', { phone_id: boris })], status: 'create' }),
    { kind: 'done', messages: [3], queued: [3] },
  ],
  ['a refusal has its code', says(dan), { kind: 'refused', code: 'not_authorized' }],
  ['what is neither done nor answered says so', record('Typing', { from: ann, to: dan }), { kind: 'dropped' }],
])('%s', async (_what, asked, verdict) => {
  expect((await world.ask(ann, asked)).verdict).toEqual(verdict)
})

const numbers = fc.array(fc.maxSafeNat(), { maxLength: 300 })
const verdicts = fc.oneof(
  fc.tuple(numbers, numbers).map(([messages, queued]): Verdict => ({ kind: 'done', messages, queued })),
  fc.constantFrom<Verdict>({ kind: 'repeated' }, { kind: 'dropped' }),
  fc.constantFrom(...(Object.keys(reasons) as ErrorCode[])).map((code): Verdict => ({ kind: 'refused', code })),
)

test('is read as it was written, and nothing more', () => {
  fc.assert(
    fc.property(fc.array(verdicts, { maxLength: 5 }), (all) => {
      const frame = newFrameWriter()
      for (const verdict of all) writeVerdict(frame, verdict)
      writeU8(frame, 77)
      const reader = readFrame(takeFrame(frame))
      expect(all.map(() => readVerdict(reader))).toEqual(all)
      expect(readU8(reader)).toBe(77)
    }),
  )
})
