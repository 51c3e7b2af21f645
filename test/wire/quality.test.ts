/** QoS 1 and 2 both ways, through lost connections: once, in order. @see MQTT 3.1.1, 4.3 and 4.4; docs/decisions/0004 and 0005 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import { type Account, befriend, bert, come, eventsTopic, fence, login, recordOf, register, request, settle, textOf } from './requests.js'
import type { Qos, WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let [ann, bob]: Account[] = []
let [a, b]: WireDevice[] = []
let count = 0

beforeAll(async () => {
  server = await startWireServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  count++
  ann = await register(server.mqtt, `ann${String(count)}`, `38067100${String(count).padStart(4, '0')}`)
  bob = await register(server.mqtt, `bob${String(count)}`, `38067200${String(count).padStart(4, '0')}`)
  a = await come(server.mqtt, ann)
  b = await come(server.mqtt, bob)
  await befriend([ann, a], [bob, b])
})

/** Bytes of a message of Ann to Bob, which nothing but MQTT keeps from being stored twice: it has no msg_id. */
function toBob(text: string): Uint8Array {
  const [from, to] = [ann!.phoneId, bob!.phoneId]
  return encode(record('Message', { from, to, files: [record('Desc', { id: 'd', payload: text })], status: 'client' }), bert)
}

/** What came in the chat; presence comes and goes with the connections. */
const texts = (device: WireDevice): (string | undefined)[] =>
  device.pushes
    .takeAll()
    .filter(({ topic }) => topic.startsWith('p2p/'))
    .map(textOf)

/** Bob posts these to Ann at a QoS, one after the other; he has his own copies when it resolves. */
async function bobSays(said: readonly string[], qos: Qos): Promise<void> {
  for (const text of said) {
    const files = [record('Desc', { id: 'd', payload: text })]
    const payload = encode(record('Message', { from: bob!.phoneId, to: ann!.phoneId, files, status: 'client' }), bert)
    await b!.publish(eventsTopic, payload, { qos })
  }
  await settle(b!)
}

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `text ${String(from + i)}`)

/** Until the next message of the chat; the pushes of the connect sequence are passed over. */
async function nextMessage(device: WireDevice): Promise<IPublishPacket> {
  return device.pushes.take('a message', (push) => push.topic.startsWith('p2p/'))
}

/** A round trip behind everything the server has written to this connection. */
async function ping(device: WireDevice): Promise<void> {
  device.send({ cmd: 'pingreq' })
  await device.packets.take('PINGRESP', ({ cmd }) => cmd === 'pingresp')
}

describe('a request that was committed, and whose acknowledgement was lost,', () => {
  test('is acknowledged and not executed again at QoS 1', async () => {
    await a!.publish(eventsTopic, toBob('one'), { qos: 1, messageId: 700 })
    a!.cut()
    const again = await come(server.mqtt, ann!)
    await again.publish(eventsTopic, toBob('one'), { qos: 1, messageId: 700, dup: true })
    await again.publish(eventsTopic, toBob('two'), { qos: 1, messageId: 701 })
    await fence(b!)
    expect(texts(b!)).toEqual(['one', 'two'])
  })

  test('is acknowledged and not executed again at QoS 2, if PUBREC was lost', async () => {
    a!.send({ cmd: 'publish', topic: eventsTopic, payload: Buffer.from(toBob('one')), qos: 2, dup: false, retain: false, messageId: 700 })
    await a!.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
    a!.cut()
    const again = await come(server.mqtt, ann!)
    await again.publish(eventsTopic, toBob('one'), { qos: 2, messageId: 700, dup: true })
    await fence(b!)
    expect(texts(b!)).toEqual(['one'])
  })

  test('is completed at QoS 2, if PUBCOMP was lost', async () => {
    a!.send({ cmd: 'publish', topic: eventsTopic, payload: Buffer.from(toBob('one')), qos: 2, dup: false, retain: false, messageId: 700 })
    await a!.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
    a!.cut()
    const again = await come(server.mqtt, ann!)
    again.send({ cmd: 'pubrel', messageId: 700 })
    await again.packets.take('PUBCOMP', ({ cmd, messageId }) => cmd === 'pubcomp' && messageId === 700)
    await fence(b!)
    expect(texts(b!)).toEqual(['one'])
  })

  test('is told from a new one that has its packet id', async () => {
    await a!.publish(eventsTopic, toBob('one'), { qos: 2, messageId: 700 })
    await a!.publish(eventsTopic, toBob('two'), { qos: 2, messageId: 700 })
    await a!.publish(eventsTopic, toBob('three'), { qos: 2, messageId: 700, dup: true })
    await fence(b!)
    expect(texts(b!)).toEqual(['one', 'two', 'three'])
  })

  test('has one execution within a connection, however often it is repeated', async () => {
    for (const dup of [false, true, true]) await a!.publish(eventsTopic, toBob('one'), { qos: 1, messageId: 700, dup })
    for (const dup of [false, true])
      await a!.publish(`p2p/${ann!.phoneId}/${bob!.phoneId}`, toBob('direct'), { qos: 2, messageId: 701, dup })
    await fence(b!)
    expect(texts(b!)).toEqual(['one', 'direct'])
  })
})

describe('a delivery that is not acknowledged', () => {
  for (const qos of [1, 2] satisfies Qos[]) {
    test(`is repeated with DUP and its packet id at the next connection, at QoS ${String(qos)}`, async () => {
      a!.acknowledges = false
      await bobSays(['one'], qos)
      const first = await nextMessage(a!)
      expect(first).toMatchObject({ qos, dup: false })
      a!.cut()
      const again = await login(server.mqtt, ann!)
      const second = await nextMessage(again)
      expect(second).toMatchObject({ qos, dup: true, messageId: first.messageId })
      expect(textOf(second)).toBe('one')
    })
  }

  test('is released and not repeated, once PUBREC has been received', async () => {
    a!.acknowledges = false
    await bobSays(['one'], 2)
    const { messageId } = await nextMessage(a!)
    a!.send({ cmd: 'pubrec', messageId: messageId! })
    await a!.packets.take('PUBREL', (packet) => packet.cmd === 'pubrel' && packet.messageId === messageId)
    a!.cut()

    const again = await login(server.mqtt, ann!)
    again.acknowledges = false
    await again.packets.take('PUBREL again', (packet) => packet.cmd === 'pubrel' && packet.messageId === messageId)
    again.send({ cmd: 'pubcomp', messageId: messageId! })
    await bobSays(['two'], 2)
    expect(textOf(await nextMessage(again))).toBe('two')
  })

  test('of PUBREC is repeated as PUBREL until PUBCOMP, then no more', async () => {
    a!.acknowledges = false
    await bobSays(['one'], 2)
    const { messageId } = await nextMessage(a!)
    const id = messageId!
    a!.send({ cmd: 'pubrec', messageId: id })
    await a!.packets.take('PUBREL', ({ cmd }) => cmd === 'pubrel')
    a!.send({ cmd: 'pubcomp', messageId: id })
    await ping(a!)
    await a!.disconnect()
    const again = await login(server.mqtt, ann!)
    again.acknowledges = false
    await bobSays(['two'], 2)
    expect(textOf(await nextMessage(again))).toBe('two')
    expect(again.packets.items.filter(({ cmd }) => cmd === 'pubrel')).toEqual([])
  })

  test('keeps no more than a window of 32 on their way, and lets the next go as each is acknowledged', async () => {
    a!.acknowledges = false
    await bobSays(numbered(1, 40), 1)
    await ping(a!)
    const sent = a!.pushes.takeAll().filter(({ topic }) => topic.startsWith('p2p/'))
    expect(sent.map(textOf)).toEqual(numbered(1, 32))
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(32)
    a!.send({ cmd: 'puback', messageId: sent[0]!.messageId! })
    expect(textOf(await nextMessage(a!))).toBe('text 33')
    a!.acknowledges = true
    for (const { messageId } of sent.slice(1)) a!.send({ cmd: 'puback', messageId: messageId! })
    for (const text of numbered(34, 40)) expect(textOf(await nextMessage(a!))).toBe(text)
  })
})

describe('deliveries of a device that was away', () => {
  test('come without DUP, if it has never been here', async () => {
    const second = await register(server.mqtt, `second${String(count)}`, ann!.phone)
    await bobSays(['first'], 1)
    const device = await login(server.mqtt, second)
    expect(await nextMessage(device)).toMatchObject({ dup: false })
  })

  for (const qos of [1, 2] satisfies Qos[]) {
    test(`come once and in order, the live ones behind them, at QoS ${String(qos)}`, async () => {
      await a!.disconnect()
      await bobSays(numbered(1, 100), qos)
      const again = await login(server.mqtt, ann!)
      await bobSays(numbered(101, 120), qos)
      const got: (string | undefined)[] = []
      while (got.length < 120) got.push(textOf(await nextMessage(again)))
      expect(got).toEqual(numbered(1, 120))
      await fence(again)
      expect(again.pushes.items.filter(({ topic }) => topic.startsWith('p2p/'))).toEqual([])
    })
  }

  test('come whole, however many pages of its inbox they fill', async () => {
    await a!.disconnect()
    await bobSays(numbered(1, 150), 1)
    const again = await login(server.mqtt, ann!)
    for (const text of numbered(1, 150)) expect(textOf(await nextMessage(again))).toBe(text)
  })

  test('come in order through connections that break, none lost, none twice but with DUP', async () => {
    await a!.disconnect()
    await bobSays(numbered(1, 60), 2)
    const fresh: (string | undefined)[] = []
    const completed = new Set<string | undefined>()
    while (completed.size < 60) {
      const device = await login(server.mqtt, ann!)
      // Acknowledges eleven by hand, then loses the connection.
      device.acknowledges = false
      for (let i = 0; i < 11 && completed.size < 60; i++) {
        const push = await nextMessage(device).catch((error: unknown) => {
          throw new Error(
            `missing: ${numbered(1, 60)
              .filter((one) => !completed.has(one))
              .join(', ')}; ${String(error)}`,
          )
        })
        const text = textOf(push)
        expect(completed.has(text)).toBe(false)
        if (!push.dup) fresh.push(text)
        else if (!fresh.includes(text)) fresh.push(text)
        device.send({ cmd: 'pubrec', messageId: push.messageId! })
        await device.packets.take('PUBREL', (packet) => packet.cmd === 'pubrel' && packet.messageId === push.messageId)
        device.send({ cmd: 'pubcomp', messageId: push.messageId! })
        completed.add(text)
      }
      await ping(device)
      device.cut()
      await device.closed
    }
    expect(fresh).toEqual(numbered(1, 60))
    const last = await login(server.mqtt, ann!)
    await fence(last)
    expect(last.pushes.items.map((push) => recordOf(push).tag)).toEqual(['vnode_max', 'Profile'])
  })
})

test('requests of one device are executed in the order in which it published them', async () => {
  const said = numbered(1, 50)
  await Promise.all(said.map((text, i) => a!.publish(eventsTopic, toBob(text), { qos: i % 2 === 0 ? 1 : 2 })))
  await fence(b!)
  expect(texts(b!)).toEqual(said)
  await request(a!, record('Profile', { status: 'get' }))
})
