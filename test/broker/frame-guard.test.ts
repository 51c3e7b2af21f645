import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameGuard } from '../../broker/packets/frame-guard.js'

const [text, binary, continuation, ping] = [1, 2, 0, 9]

function frame(payloadBytes: number, { opcode = binary, isLast = true, isMasked = true } = {}): Buffer {
  const mask = isMasked ? 0x80 : 0
  const length = Buffer.alloc(payloadBytes < 126 ? 1 : payloadBytes < 0x1_0000 ? 3 : 9)
  if (length.length === 1) length[0] = mask | payloadBytes
  else if (length.length === 3) {
    length[0] = mask | 126
    length.writeUInt16BE(payloadBytes, 1)
  } else {
    length[0] = mask | 127
    length.writeBigUInt64BE(BigInt(payloadBytes), 1)
  }
  return Buffer.concat([
    Buffer.from([(isLast ? 0x80 : 0) | opcode]),
    length,
    Buffer.alloc(isMasked ? 4 : 0, 0xff),
    Buffer.alloc(payloadBytes, 0x81),
  ])
}

test('messages pass as long as each is small enough, however they are cut, and one that is not is refused with its header', () => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.nat(70_000)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 5 }), fc.boolean(), fc.integer({ min: 1, max: 5_000 }), (messages, isMasked, piece) => {
      const largest = Math.max(0, ...messages.map((parts) => parts.reduce((sum, one) => sum + one, 0)))
      const bytes = Buffer.concat(
        messages.flatMap((parts) =>
          parts.flatMap((size, i) => [
            frame(size, { opcode: i === 0 ? text : continuation, isLast: i === parts.length - 1, isMasked }),
            frame(size % 126, { opcode: ping, isMasked }),
          ]),
        ),
      )
      for (const most of [largest, largest - 1]) {
        const guard = new FrameGuard(most)
        let isAccepted = true
        for (let at = 0; at < bytes.length && isAccepted; at += piece) isAccepted = guard.accepts(bytes.subarray(at, at + piece))
        expect(isAccepted).toBe(most === largest || messages.length === 0)
      }
    }),
  )
  expect(new FrameGuard(100_000).accepts(frame(100_001).subarray(0, 10))).toBe(false)
})
