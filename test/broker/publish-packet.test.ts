/** What PUBLISH looks like on the wire, for one receiver and for many, whether its payload is copied or not. */
import { expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { publishFor, publishTemplate, publishToOne } from '../../broker/packets/publish-packet.js'

const sizes = [0, 1, 100, 16_300, 32 * 1024 - 1, 32 * 1024, 200_000, 2_100_000]
const cases = sizes.flatMap((size) => ([0, 1, 2] as const).flatMap((qos) => [false, true].map((dup) => ({ size, qos, dup }) as const)))

test.each(cases)('$size bytes at QoS $qos, DUP $dup, are what mqtt-packet writes', ({ size, qos, dup: isRepeated }) => {
  const payload = Buffer.alloc(size, 'x')
  const template = publishTemplate('p2p/1/2', qos, payload)
  const dup = isRepeated && qos > 0
  const one = { cmd: 'publish', topic: 'p2p/1/2', payload, qos, retain: false } as const
  const expected = generate(qos === 0 ? { ...one, dup } : { ...one, dup, messageId: 0x1234 })
  const whole = (head: Buffer): Buffer => Buffer.concat([head, template.tail ?? Buffer.alloc(0)])
  expect(whole(publishFor(template, 0x1234, isRepeated)).equals(expected)).toBe(true)
  expect(template.size).toBe(expected.length)
  if (!dup) expect(whole(publishToOne(template, 0x1234)).equals(expected)).toBe(true)
})

test('a large payload is not copied, but for one that would keep much more memory than it has', () => {
  const memory = Buffer.alloc(400_000)
  expect(publishTemplate('t', 1, memory.subarray(100_000, 300_000)).tail?.buffer).toBe(memory.buffer)
  expect(publishTemplate('t', 1, memory.subarray(0, 100_000)).tail).toBeUndefined()
})
