import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import { publishTemplate } from '../../src/broker/publish-packet.js'
import { Pump } from '../../src/broker/pump.js'

/** A connection with a window of two that has been sent `before`, and the inbox entries 1 to 6 of which it is sent what fits. */
function connect(settledTo: number, sentTo: number) {
  const sent: { number: number; dup: boolean }[] = []
  const write = (_socket: unknown, bytes: Buffer): void => {
    sent.push({ number: bytes.readUInt16BE(bytes.length - 3), dup: (bytes.readUInt8(0) & 8) !== 0 })
  }
  const writer = { write, hold: () => undefined, flush: () => undefined }
  const nothing = (): void => undefined
  const limits = { windowSize: 2, queueLimit: 100, answerLimit: 100, maxBufferedBytes: 1_000_000, drainTimeoutMs: 60_000 }
  const pump = new Pump(
    { ...limits, writer, requestPage: nothing, settle: nothing, onStuck: nothing, onSent: nothing },
    'device',
    new PassThrough(),
  )
  pump.open({ settledTo, releasedTo: settledTo, sentTo })
  const entries = [1, 2, 3, 4, 5, 6].filter((number) => number > settledTo)
  pump.page({
    after: settledTo,
    last: 6,
    entries: entries.map((number) => ({ number, template: publishTemplate('t', 1, Buffer.from('x')) })),
  })
  return { pump, sent }
}

test('what was sent on any earlier connection is repeated with DUP, though the one before got less far', () => {
  const first = connect(0, 0)
  for (const id of [2, 3, 4]) first.pump.acknowledged(id)
  expect(first.sent.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
  // The first entry is not acknowledged: all is sent again, and the second connection ends after two of them.
  const second = connect(0, first.pump.close())
  expect(second.sent).toEqual([1, 2].map((number) => ({ number, dup: true })))
  const third = connect(0, second.pump.close())
  for (const id of [1, 2, 3, 4, 5]) third.pump.acknowledged(id)
  expect(third.sent).toEqual([1, 2, 3, 4, 5, 6].map((number) => ({ number, dup: number < 6 })))
})

test('what was never sent comes without DUP', () => {
  expect(connect(0, 0).sent.map(({ dup }) => dup)).toEqual([false, false])
  expect(connect(0, 1).sent.map(({ dup }) => dup)).toEqual([true, false])
})
