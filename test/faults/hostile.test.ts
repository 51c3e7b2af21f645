import { connect as connectTcp } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import {
  type Account,
  befriend,
  bert,
  come,
  eventsTopic,
  fence,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { testCode } from '../wire/wire-server.js'
import { eventually, type MortalServer, newMortalServer } from './mortal-server.js'
import { newSeeded } from './seeded.js'

/** What all attacks together may leave behind in memory; the largest alone claims 256 MiB a connection. */
const allowedGrowthBytes = 192 * 1024 * 1024

let server: MortalServer
let mallory: Account
let ann: Account
let bob: Account
let annDevice: WireDevice
let bobDevice: WireDevice
let before = 0

beforeAll(async () => {
  server = await newMortalServer()
  await server.start()
  const names = ['mallory', 'ann', 'bob'] as const
  const accounts = await Promise.all(names.map((name, i) => register(server.mqtt, `h-${name}`, `38067222000${String(i)}`)))
  ;[mallory, ann, bob] = accounts as [Account, Account, Account]
  annDevice = await come(server.mqtt, ann)
  bobDevice = await come(server.mqtt, bob)
  await befriend([ann, annDevice], [bob, bobDevice])
  before = await server.residentBytes()
})
afterAll(() => server.close())

/** Opens a socket, writes, and resolves when the server has closed it. */
function closedAfter(...chunks: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: '127.0.0.1', port: server.mqtt })
    socket.on('error', () => undefined)
    socket.on('data', () => undefined)
    socket.once('close', () => {
      resolve()
    })
    for (const chunk of chunks) socket.write(chunk)
  })
}

function connectBytes(clientId: string, password?: string): Buffer {
  return generate({
    cmd: 'connect',
    clientId,
    username: 'api',
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
    clean: true,
    keepalive: 0,
    protocolId: 'MQTT',
    protocolVersion: 4,
  })
}

/** Fixed header that claims the largest packet there is: 268,435,455 bytes. */
const hugeLength = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])

function nested(depth: number): Buffer {
  const open = Buffer.from(Array.from({ length: depth }, () => [104, 1]).flat())
  return Buffer.concat([Buffer.from([131]), open, Buffer.from([106])])
}

async function asMallory(act: (device: WireDevice) => Promise<void>): Promise<void> {
  const device = await come(server.mqtt, mallory)
  await act(device)
  device.cut()
  await device.closed
}

const attacks: readonly { readonly attack: string; run(): Promise<void> }[] = [
  {
    attack: 'random bytes, 300 connections',
    async run() {
      const random = newSeeded(7)
      for (let i = 0; i < 300; i++) {
        const socket = connectTcp({ host: '127.0.0.1', port: server.mqtt })
        socket.on('error', () => undefined)
        socket.on('data', () => undefined)
        await new Promise<void>((resolve) => {
          socket.once('close', () => {
            resolve()
          })
          // Half of them go on as if they were clients.
          if (i % 2 === 0) socket.write(connectBytes(`reg_random${String(i)}`))
          socket.end(random.bytes(random.integer(1, 2_000)))
        })
      }
    },
  },
  { attack: 'a first packet of 256 MiB', run: () => closedAfter(hugeLength) },
  {
    attack: 'packets of 256 MiB from 200 clients that have logged in',
    async run() {
      const attempts = Array.from({ length: 200 }, (_, i) =>
        closedAfter(connectBytes(`reg_huge${String(i)}`), hugeLength, Buffer.alloc(65_536)),
      )
      await Promise.all(attempts)
    },
  },
  { attack: 'a CONNECT of 2 MiB', run: () => closedAfter(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x01]), Buffer.alloc(65_536)) },
  { attack: 'a length of five bytes', run: () => closedAfter(Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f])) },
  {
    attack: 'a SUBSCRIBE with 10,000 filters',
    run: () =>
      asMallory(async (device) => {
        const filters = Array.from({ length: 10_000 }, (_, i) => `room/${String(i)}`)
        device.send({ cmd: 'subscribe', messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 0 })) })
        await device.closed
      }),
  },
  {
    attack: 'filters of wildcards over everything',
    run: () =>
      asMallory(async (device) => {
        expect(await device.subscribe('#', '+/+', 'ses/#', 'p2p/+/+', '$SYS/#', `ses/${ann.phone}`, 'events/#')).toEqual(
          Array(7).fill(0x80),
        )
      }),
  },
  {
    attack: 'a topic of 70,000 bytes, with a length that says 65,535',
    async run() {
      const topic = Buffer.alloc(70_000, 'a')
      const body = Buffer.concat([Buffer.from([0xff, 0xff]), topic])
      const length = Buffer.from([(body.length & 0x7f) | 0x80, ((body.length >> 7) & 0x7f) | 0x80, body.length >> 14])
      const device = await come(server.mqtt, mallory)
      device.write(Buffer.concat([Buffer.from([0x30]), length, body]))
      // It is a QoS 0 publish to no topic of ours: nothing happens.
      await fence(device)
      device.cut()
    },
  },
  {
    attack: 'BERT nested 30,000 deep, and every prefix of a good request',
    run: () =>
      asMallory(async (device) => {
        await device.publish(eventsTopic, nested(30_000))
        expect(await takeRecord(device, 'io')).toMatchObject({ code: { tag: 'error' } })
        const good = Buffer.from(encode(textMessage(mallory, mallory, 'x'), bert))
        for (let length = 0; length < good.length; length++) await device.publish(eventsTopic, good.subarray(0, length), { qos: 1 })
        await fence(device)
      }),
  },
  {
    attack: 'five wrong codes, then the right one',
    async run() {
      const device = dial(server.mqtt)
      const client_id = 'reg_guesser'
      const phone = '380672229999'
      await device.connect({ clientId: client_id })
      await request(device, record('Auth', { client_id, dev_key: 'g', phone, type: 'reg', os: 'ios' }))
      for (const code of ['000000', '000001', '000002', '000003', '000004', testCode]) {
        await request(device, record('Auth', { client_id, dev_key: 'g', phone, type: 'verify', sms_code: code }))
      }
      const answers = []
      for (let i = 0; i < 7; i++) answers.push((await takeRecord(device, 'io')).code)
      expect(answers[0]).toMatchObject({ tag: 'ok' })
      for (const answer of answers.slice(1)) expect(answer).toMatchObject({ tag: 'error' })
      expect(answers.at(-1)).toMatchObject({ code: 'attempts_expired' })
      device.cut()
    },
  },
  {
    attack: 'the same packet id for 200 messages with DUP, and a message repeated without it before PUBREL',
    run: () =>
      asMallory(async (device) => {
        const own = record('Message', { ...textMessage(mallory, mallory, 'once'), msg_id: null })
        const payload = Buffer.from(encode(own, bert))
        const publish = { cmd: 'publish', topic: eventsTopic, payload, qos: 2, retain: false, messageId: 77 } as const
        device.send({ ...publish, dup: false })
        await device.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
        for (let i = 0; i < 200; i++) device.send({ ...publish, dup: i % 2 === 0 })
        for (let i = 0; i < 200; i++) await device.packets.take('PUBREC', ({ cmd }) => cmd === 'pubrec')
        device.send({ cmd: 'pubrel', messageId: 77 })
        await device.packets.take('PUBCOMP', ({ cmd }) => cmd === 'pubcomp')
        await fence(device)
        const texts = device.pushes.takeAll().filter((push) => push.topic.startsWith('p2p/') && textOf(push) === 'once')
        expect(texts.length).toBe(1)
      }),
  },
  {
    attack: 'a flood of 5,000 QoS 2 publishes without a PUBREL',
    async run() {
      const device = await come(server.mqtt, mallory)
      const payload = Buffer.from(encode(record('Typing', { from: mallory.phoneId, to: mallory.phoneId }), bert))
      for (let messageId = 1; messageId <= 5_000; messageId++) {
        device.send({ cmd: 'publish', topic: eventsTopic, payload, qos: 2, dup: false, retain: false, messageId })
      }
      // Beyond its bound of unreleased ids the connection is closed.
      await device.closed
    },
  },
  {
    attack: '1,000 registrations from one address, none finished',
    async run() {
      for (let batch = 0; batch < 20; batch++) {
        await Promise.all(
          Array.from({ length: 50 }, async (_, i) => {
            const device = dial(server.mqtt)
            const client_id = `reg_many${String(batch * 50 + i)}`
            await device.connect({ clientId: client_id })
            const phone = `3806755${String(10_000 + batch * 50 + i)}`
            await request(device, record('Auth', { client_id, dev_key: 'm', phone, type: 'reg', os: 'ios' }))
            device.cut()
            await device.closed
          }),
        )
      }
    },
  },
  {
    attack: '500 guessed tokens for a device that is connected',
    async run() {
      const random = newSeeded(11)
      for (let i = 0; i < 500; i++) {
        const device = dial(server.mqtt)
        const { returnCode } = await device.connect({
          clientId: ann.clientId,
          password: i === 0 ? ann.token.slice(0, -1) : random.bytes(32).toString('hex'),
        })
        expect(returnCode).toBe(4)
        await device.closed
      }
      expect(annDevice.isClosed).toBe(false)
    },
  },
  {
    attack: 'publishes to every topic of others, and requests in their names',
    run: () =>
      asMallory(async (device) => {
        const contact = encode(record('Contact', { phone_id: ann.phoneId, names: 'Owned' }), bert)
        const pair = [ann.phoneId, bob.phoneId].sort().join('/')
        const topics = [
          `actions/1/api/${ann.clientId}`,
          `ses/${ann.phone}`,
          `ac/${ann.phoneId}`,
          `muc/${ann.phoneId}`,
          `p2p/${pair}`,
          `p2p/${ann.phoneId}/${ann.phoneId}`,
          'room/nowhere',
          'version/1',
          '$SYS/broker',
          'anything/else',
        ]
        for (const topic of topics) for (const qos of [0, 1, 2] as const) await device.publish(topic, contact, { qos, retain: true })
        // The client level of the topic is not believed.
        await device.publish(
          `events/1//api/anon/${ann.clientId}/${ann.token}`,
          encode(record('Roster', { id: Number(ann.phoneId.split('_')[1]), names: 'Owned', status: 'patch' }), bert),
        )
        await device.publish(eventsTopic, encode(textMessage(ann, bob, 'forged'), bert))
        await device.publish(eventsTopic, encode(textMessage(mallory, bob, 'unwanted'), bert))
        await fence(device)
        for (const victim of [annDevice, bobDevice]) {
          await fence(victim)
          expect(victim.pushes.takeAll().map(({ topic }) => topic)).toEqual([])
        }
      }),
  },
]

for (const { attack, run } of attacks) {
  test(`others are served after ${attack}`, async () => {
    await run()
    expect(server.isAlive).toBe(true)
    const text = `after ${attack}`
    await request(annDevice, textMessage(ann, bob, text))
    const push = await bobDevice.pushes.take('the message', (packet) => recordOf(packet).tag === 'Message')
    expect(textOf(push)).toBe(text)
    await settle(annDevice, bobDevice)
  })
}

test('nothing of all that stays: connections, faults, memory', async () => {
  await eventually('two devices are connected', async () => (await server.metric('nynja_connections')) === 2)
  expect(server.faults).toEqual([])
  expect(await server.metric('nynja_faults_total')).toBe(0)
  const grown = (await server.residentBytes()) - before
  process.stdout.write(`memory grown by ${(grown / 1024 / 1024).toFixed(1)} MiB over ${String(attacks.length)} attacks\n`)
  expect(grown).toBeLessThan(allowedGrowthBytes)
})
