/** What may be published and subscribed, and what happens to the rest: nothing, and the connection stays. @see docs/protocol/topics.md 10, 11 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { lobby, openLobby } from './lobby.js'
import { type Account, eventsTopic, fence, request, settle, takeRecord, textMessage, textOf } from './requests.js'
import { dial, type Qos, type WireDevice } from './wire-device.js'
import type { WireServer } from './wire-server.js'

let server: WireServer
let [ann, bob, eve]: Account[] = []
let [a, b, e]: WireDevice[] = []
const everyone = (): WireDevice[] => [a!, b!, e!]
const room = lobby

beforeAll(async () => {
  const opened = await openLobby()
  server = opened.server
  ;[ann, bob, eve] = opened.accounts
  ;[a, b, e] = opened.devices
})
beforeEach(() => settle(...everyone()))
afterAll(() => server.close())

/** Fills in who is who: `ANN` is her phone_id, `annphone` her phone. */
function named(text: string): string {
  return text
    .replaceAll('ANN', ann!.phoneId)
    .replaceAll('BOB', bob!.phoneId)
    .replaceAll('EVE', eve!.phoneId)
    .replaceAll('annphone', ann!.phone)
    .replaceAll('evephone', eve!.phone)
}

/** Nobody has received anything: all that was on its way has come. */
async function expectNothing(): Promise<void> {
  for (const device of everyone()) {
    await fence(device)
    expect(device.pushes.items.map(({ topic }) => topic)).toEqual([])
  }
}

describe('a publish without the right is acknowledged and does nothing:', () => {
  for (const topic of [
    'actions/1/api/emqttd_eve',
    'actions/1/api/emqttd_ann',
    'ses/annphone',
    'ses/380679999999',
    'ac/ANN',
    'ac/380679999999_1',
    'muc/EVE',
    'muc/ANN',
    'p2p/ANN/BOB',
    'p2p/BOB/ANN',
    'p2p/ANN/EVE',
    `room/${room}`,
    'room/unknown',
    'version/1',
    'events/2//api/anon//',
    'events',
    'telemetry/room7',
    '$SYS/broker/uptime',
    'ses/evephone/more',
    'ses',
    '/',
  ]) {
    test(topic, async () => {
      for (const qos of [0, 1, 2] satisfies Qos[]) await e!.publish(named(topic), Buffer.from('x'), { qos, retain: true })
      await expectNothing()
    })
  }

  test('one that names another as its subject', async () => {
    const forged = encode(record('Contact', { phone_id: bob!.phoneId, names: 'Bob' }), { codec: 'bert', dialect: 'v1' })
    await a!.publish(named('ac/ANN'), forged)
    await a!.publish(named('p2p/ANN/BOB'), forged)
    await expectNothing()
  })
})

describe('a publish with the right', () => {
  for (const qos of [1, 2] satisfies Qos[]) {
    test(`is delivered at QoS ${String(qos)} once, without its retain flag, to everyone of the chat`, async () => {
      await a!.publish(named('p2p/ANN/BOB'), Buffer.from('hello'), { qos, retain: true })
      for (const device of [a!, b!]) {
        const { topic, payload, retain, dup, qos: sentAt } = await device.pushes.take('the publish')
        expect({ topic, payload: String(payload), retain, dup, qos: sentAt }).toEqual({
          topic: named('p2p/ANN/BOB'),
          payload: 'hello',
          retain: false,
          dup: false,
          qos,
        })
      }
      await expectNothing()
    })
  }

  test('may be as large as the limit, and no larger', async () => {
    await a!.publish(named('p2p/ANN/BOB'), Buffer.alloc(65_536, 'x'))
    for (const device of [a!, b!]) expect((await device.pushes.take('the publish')).payload).toHaveLength(65_536)
    await a!.publish(named('p2p/ANN/BOB'), Buffer.alloc(65_537, 'x'))
    await expectNothing()
  })
})

describe('a request', () => {
  test('over the limit is acknowledged and answered invalid_data', async () => {
    await a!.publish(eventsTopic, Buffer.alloc(65_537, 'x'))
    expect(await takeRecord(a!, 'io')).toMatchObject({ code: { tag: 'error', code: 'invalid_data' } })
    await expectNothing()
  })

  test('is that of the connection, whatever its topic says', async () => {
    await e!.publish(`events/1/2/api/anon/${ann!.clientId}/${ann!.token}`, profileRequest())
    expect(await takeRecord(e!, 'Profile')).toMatchObject({ phone: eve!.phone })
    await expectNothing()
  })

  for (const topic of [
    'events/1//api//',
    'events/1',
    'events/1/99/api/anon//',
    'events/1/x/api/anon//',
    'events/1/1/api/anon/c/t/and/more',
    'events/1/2/api/anon//',
  ]) {
    test(`is read from ${topic}`, async () => {
      await e!.publish(topic, profileRequest())
      expect(await takeRecord(e!, 'Profile')).toMatchObject({ phone: eve!.phone })
    })
  }

  test('of an earlier version of the topics is dropped', async () => {
    await e!.publish('events/2//api/anon//', profileRequest())
    await expectNothing()
  })
})

function profileRequest(): Uint8Array {
  return encode(record('Profile', { status: 'get' }), { codec: 'bert', dialect: 'v1' })
}

describe('a packet', () => {
  test('that says it is longer than 1 MiB closes the connection before it has come', async () => {
    const device = dial(server.mqtt)
    await device.connect({ clientId: 'reg_large' })
    device.write(Buffer.from([0x30, 0x81, 0x80, 0x40]))
    await device.closed
  })

  test('whose length has no end closes the connection', async () => {
    const device = dial(server.mqtt)
    await device.connect({ clientId: 'reg_endless' })
    device.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]))
    await device.closed
  })
})

describe('SUBSCRIBE', () => {
  const refused = 0x80

  test('is granted for the topics a device belongs to, and delivers nothing twice', async () => {
    const own = ['actions/1/api/emqttd_ann', 'ses/annphone', 'p2p/ANN/BOB', 'p2p/ANN/ANN', 'ac/BOB', 'muc/BOB', `room/${room}`].map(named)
    expect(await a!.subscribe(...own)).toEqual(own.map(() => 2))
    await request(b!, textMessage(bob!, ann!, 'once'))
    expect(textOf(await a!.pushes.take('the message'))).toBe('once')
    await b!.pushes.take('its own copy')
    await b!.publish(`room/${room}`, Buffer.from('once'))
    for (const device of [a!, b!]) await device.pushes.take('the post')
    await expectNothing()
  })

  for (const filter of [
    '#',
    '+',
    'ses/+',
    'ses/#',
    'ses/evephone',
    'ac/ANN',
    'ac/EVE',
    'muc/EVE',
    'p2p/BOB/ANN',
    'p2p/ANN/+',
    'p2p/ANN/EVE',
    'room/+',
    'room/unknown',
    'actions/1/api/emqttd_eve',
    'actions/1/api/#',
    'events/#',
    'events/1//api/anon//',
    'version/1',
    'telemetry/room7',
    '$SYS/#',
    '$share/group/ses/annphone',
  ]) {
    test(`of ${filter} is refused`, async () => {
      expect(await a!.subscribe(named(filter))).toEqual([refused])
      await fence(a!)
    })
  }

  test('answers each filter of a packet by itself', async () => {
    expect(await a!.subscribe(...['ses/+', 'ses/annphone', 'ses/evephone'].map(named))).toEqual([refused, 2, refused])
  })

  test('is undone by UNSUBSCRIBE in name only', async () => {
    const messageId = a!.nextId()
    a!.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [named('p2p/ANN/BOB'), 'actions/1/api/emqttd_ann'] })
    await a!.packets.take('UNSUBACK', ({ cmd }) => cmd === 'unsuback')
    await request(b!, textMessage(bob!, ann!, 'still'))
    expect(textOf(await a!.pushes.take('the message'))).toBe('still')
  })
})
