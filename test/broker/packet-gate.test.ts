/** What passes between a socket and its reader: whole packets, in order, a few at a time, and none that its sender may not send. */
import { PassThrough } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { generate, type Packet, parser } from 'mqtt-packet'
import type { PacketGate } from '../../broker/packets/packet-gate.js'
import { gatePackets, tellWhenReadable } from '../../broker/packets/gate-packets.js'
import type { GateWorld } from '../../broker/packets/gate-world.js'
import { ReadingTurns } from '../../broker/packets/reading-turns.js'

const generous = { underWay: 1_000, unreadBytes: Number.MAX_SAFE_INTEGER }

/**
 * A socket with a gate before it, and a reader that does with it what Aedes does: it reads on when as many packets are done as its last batch had,
 * and takes each `readable` for one that is done. A publish is done when the gate hears that it has ended.
 */
function open(pace: GateWorld['pace'] = generous, publishRate: GateWorld['publishRate'] = 'off') {
  const refused: string[] = []
  const seen: Packet[] = []
  const chunks: number[] = []
  const socket = new PassThrough()
  const reading = parser({ protocolVersion: 4 })
  const turns = new ReadingTurns()
  const world = {
    maxPacketBytes: 1_000_000,
    pace,
    publishRate,
    turns,
    onRefused: (because: string) => refused.push(because),
  } as const
  const gate = gatePackets(socket, world)
  let batch = 0
  const done = (): void => {
    if (--batch > 0) return
    batch = 0
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    const before = seen.length
    reading.parse(chunk)
    chunks.push(seen.length - before)
  }
  reading.on('packet', (packet) => {
    seen.push(packet)
    batch++
    if (packet.cmd !== 'publish') setImmediate(done)
  })
  socket.on('readable', done)
  tellWhenReadable(socket, gate)
  const ended = (): void => {
    gate.publishEnded()
    done()
  }
  return { socket, gate, seen, refused, chunks, ended }
}

/** All that was to be done in this turn and in so many more has been. */
async function turnsPass(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

const nothingUnread = { unreadBytes: 0, isFlushed: true, sendOneMore: () => undefined, noteKept: () => undefined }
const connect = generate({ cmd: 'connect', clientId: 'emqttd_1', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 0 })
const publish = (messageId: number, bytes = 1): Buffer =>
  generate({ cmd: 'publish', topic: 't', payload: Buffer.alloc(bytes), qos: 1, messageId, dup: false, retain: false })
const puback = (messageId: number): Buffer => generate({ cmd: 'puback', messageId })
const ping = generate({ cmd: 'pingreq' })

function names(seen: readonly Packet[]): string[] {
  return seen.map(({ cmd, messageId }) => (messageId === undefined ? cmd : `${cmd} ${String(messageId)}`))
}

/** A gate that CONNECT has passed. */
async function opened(
  pace?: GateWorld['pace'],
  unread = { unreadBytes: 0, isFlushed: true, sentMore: 0, sendOneMore: () => unread.sentMore++, noteKept: () => undefined },
) {
  const all = open(pace)
  all.socket.write(connect)
  await turnsPass(3)
  all.gate.open(true, unread)
  all.seen.length = all.chunks.length = 0
  return { ...all, unread }
}

test('whatever the pieces are in which they come, all packets pass, whole and in order, and nothing between CONNECT and CONNACK', async () => {
  const kinds = fc.oneof(
    fc.constant((id: number) => publish(id)),
    fc.integer({ min: 1, max: 200_000 }).map((bytes) => (id: number) => publish(id, bytes)),
    fc.constant((id: number) => puback(id)),
    fc.constant((id: number) => generate({ cmd: 'subscribe', messageId: id, subscriptions: [{ topic: 'a', qos: 0 }] })),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(kinds, { maxLength: 150 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 9 }),
      async (made, pieces) => {
        const { socket, gate, seen, chunks, ended } = open()
        const bytes = Buffer.concat([connect, ...made.map((make, i) => make(i + 1))])
        const isWritten = (async () => {
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const piece = bytes.subarray(at, at + pieces[i % pieces.length]!)
            at += piece.length
            if (!socket.write(piece)) await new Promise((resolve) => setImmediate(resolve))
          }
        })()
        await turnsPass(3)
        expect(names(seen)).toEqual(['connect'])
        gate.open(true, nothingUnread)
        await isWritten
        for (let i = 0, endedOnes = 1; seen.length < made.length + 1 && i < 10_000; i++) {
          await turnsPass(1)
          for (; endedOnes < seen.length; endedOnes++) if (seen[endedOnes]?.cmd === 'publish') ended()
        }
        expect(seen.slice(1).map(({ messageId }) => messageId)).toEqual(made.map((_, i) => i + 1))
        expect(Math.max(...chunks)).toBeLessThanOrEqual(64)
        socket.destroy()
      },
    ),
    { numRuns: 40 },
  )
})

describe('a publish waits', () => {
  test('while answers are unread, acknowledgements and PINGREQ overtake it, DISCONNECT does not, and nothing is done meanwhile', async () => {
    const { socket, gate, seen, chunks, unread, ended } = await opened({ underWay: 10, unreadBytes: 100 })
    unread.unreadBytes = 101
    socket.write(Buffer.concat([puback(1), publish(2), puback(3), publish(4), ping, generate({ cmd: 'disconnect' })]))
    await turnsPass(5)
    expect(names(seen)).toEqual(['puback 1', 'puback 3', 'pingreq'])
    socket.write(puback(5))
    await turnsPass(20)
    expect(names(seen).at(-1)).toBe('puback 5')
    expect(chunks.length).toBe(2)
    unread.unreadBytes = 0
    gate.wake()
    await turnsPass(5)
    // One at a time, as long as nothing is known of how much each is answered with.
    expect(names(seen).at(-1)).toBe('publish 2')
    ended()
    await turnsPass(5)
    expect(names(seen).slice(-2)).toEqual(['publish 4', 'disconnect'])
  })

  test('while more are under way than may be, or than may be expected to be read', async () => {
    const { socket, gate, seen, ended } = await opened({ underWay: 3, unreadBytes: 1024 * 1024 })
    socket.write(Buffer.concat(Array.from({ length: 12 }, (_, i) => publish(i + 1))))
    await turnsPass(5)
    expect(seen.length).toBe(3)
    gate.answered(900_000)
    for (let i = 0; i < 3; i++) ended()
    await turnsPass(5)
    expect(seen.length).toBe(4)
    // What was expected falls again, with each that is answered by less.
    for (let i = 4; i < 12; i++) {
      ended()
      await turnsPass(3)
    }
    expect(seen.length).toBe(12)
  })

  test('no longer, one by one, when all is flushed and acknowledgements cannot be read because of it', async () => {
    const { socket, seen, unread, ended } = await opened({ underWay: 10, unreadBytes: 100 })
    unread.unreadBytes = 101
    const count = Math.ceil(socket.readableHighWaterMark / publish(1).length) + 3
    socket.write(Buffer.concat(Array.from({ length: count }, (_, i) => publish(i + 1))))
    for (let i = 1; i <= 3; i++) {
      await turnsPass(5)
      expect([seen.length, unread.sentMore]).toEqual([i, i])
      ended()
    }
    unread.isFlushed = false
    await turnsPass(5)
    expect(seen.length).toBe(4)
    ended()
    await turnsPass(5)
    expect(seen.length).toBe(4)
  })
})

test('what comes while publishes are under way is read at once', async () => {
  const { socket, seen } = await opened({ underWay: 100, unreadBytes: Number.MAX_SAFE_INTEGER })
  socket.write(Buffer.concat(Array.from({ length: 70 }, (_, i) => publish(i + 1))))
  await turnsPass(5)
  expect(seen.length).toBe(70)
  for (const packet of [ping, puback(7), publish(71)]) {
    socket.write(packet)
    await turnsPass(3)
  }
  expect(names(seen).slice(-3)).toEqual(['pingreq', 'puback 7', 'publish 71'])
})

test('what passes counts in the turns of reading', async () => {
  const { socket, gate } = await opened()
  const before = gate.level
  socket.write(ping)
  await turnsPass(3)
  expect(gate.level - before).toBeLessThan(10_000)
  socket.write(publish(1, 100_000))
  await turnsPass(10)
  expect(gate.level - before).toBeGreaterThan(100_000)
})

test('publishes beyond the rate wait, and acknowledgements do not', async () => {
  const { socket, gate, seen } = open(generous, { perSecond: 0.001, burst: 2 })
  socket.write(connect)
  await turnsPass(3)
  gate.open(true, nothingUnread)
  socket.write(Buffer.concat([publish(1), publish(2), publish(3), puback(4), publish(5)]))
  await turnsPass(10)
  expect(names(seen).slice(1)).toEqual(['publish 1', 'publish 2', 'puback 4'])
  socket.destroy()
})

test('what is read last is dealt with before the end of the stream is told', async () => {
  const { socket, seen, ended } = await opened({ underWay: 1, unreadBytes: 1024 * 1024 })
  let hasEnded = false
  socket.once('end', () => (hasEnded = true))
  socket.end(Buffer.concat([publish(1), publish(2), generate({ cmd: 'disconnect' })]))
  await turnsPass(5)
  expect([names(seen), hasEnded]).toEqual([['publish 1'], false])
  ended()
  await turnsPass(5)
  expect([names(seen).slice(1), hasEnded]).toEqual([['publish 2', 'disconnect'], true])
})

describe('a packet ends the connection when its header has come', () => {
  const header = (type: number, bodyBytes: number): Buffer =>
    Buffer.from([type, (bodyBytes & 0x7f) | 0x80, ((bodyBytes >> 7) & 0x7f) | 0x80, ((bodyBytes >> 14) & 0x7f) | 0x80, bodyBytes >> 21])
  const states: Readonly<Record<string, (gate: PacketGate, socket: PassThrough) => Promise<void>>> = {
    nobody: async () => undefined,
    'a guest': (gate, socket) => come(gate, socket, false),
    'a device': (gate, socket) => come(gate, socket, true),
  }
  async function come(gate: PacketGate, socket: PassThrough, isKnown: boolean): Promise<void> {
    socket.write(connect)
    await turnsPass(3)
    gate.open(isKnown, nothingUnread)
  }
  const cases: readonly [string, number, number, boolean][] = [
    ['nobody', 0x10, 8_192, true],
    ['nobody', 0x10, 8_193, false],
    ['nobody', 0x30, 3, false],
    ['nobody', 0xc0, 0, false],
    ['a guest', 0x30, 16_384, true],
    ['a guest', 0x30, 16_385, false],
    ['a guest', 0x82, 1_024, true],
    ['a guest', 0x82, 1_025, false],
    ['a guest', 0xa2, 1_025, false],
    ['a device', 0x30, 1_000_000, true],
    ['a device', 0x30, 1_000_001, false],
    ['a device', 0x82, 65_536, true],
    ['a device', 0x82, 65_537, false],
    ['a device', 0xa2, 65_537, false],
    ['a device', 0x40, 2, true],
    ['a device', 0x40, 3, false],
    ['a device', 0xc0, 1, false],
    ['a device', 0x10, 20, false],
    ['a device', 0x20, 2, false],
    ['a device', 0xf0, 0, false],
  ]
  for (const [who, type, bodyBytes, isAllowed] of cases)
    test(`${who} ${isAllowed ? 'may' : 'may not'} send one of type ${String(type >> 4)} with ${String(bodyBytes)} bytes`, async () => {
      const { socket, gate, refused } = open()
      await states[who]!(gate, socket)
      socket.write(header(type, bodyBytes))
      await turnsPass(3)
      expect([socket.destroyed, refused.length]).toEqual(isAllowed ? [false, 0] : [true, 1])
      socket.destroy()
    })

  test('whose length has five bytes', async () => {
    const { socket } = open()
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]))
    await turnsPass(3)
    expect(socket.destroyed).toBe(true)
  })
})
