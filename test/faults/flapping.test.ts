import { connect as connectTcp, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate, type Packet, parser } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import {
  type Account,
  befriend,
  bert,
  come,
  eventsTopic,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from '../wire/requests.js'
import { eventually, type MortalServer, newMortalServer } from './mortal-server.js'
import { fromEnvironment, newSeeded, type Seeded } from './seeded.js'

const flaps = 50 * fromEnvironment('NYNJA_FAULT_ROUNDS', 20)
const seed = fromEnvironment('NYNJA_FAULT_SEED', 1)
const allowedGrowthBytes = 64 * 1024 * 1024

let server: MortalServer
beforeAll(async () => {
  server = await newMortalServer({ NYNJA_PRESENCE_GRACE_MS: '0' })
  await server.start()
})
afterAll(() => server.close())

/** Where a connection dies. Each is cut in the middle of what its name says. */
const deaths = [
  'before CONNECT',
  'half a CONNECT',
  'before CONNACK',
  'after CONNACK',
  'half a PUBLISH',
  'before PUBACK',
  'with a will',
] as const
type Death = (typeof deaths)[number]

function connectPacket({ clientId, token }: Account, death: Death): Buffer {
  return generate({
    cmd: 'connect',
    clientId,
    username: 'api',
    password: Buffer.from(token),
    clean: false,
    keepalive: 0,
    protocolId: 'MQTT',
    protocolVersion: 4,
    ...(death === 'with a will' ? { will: { topic: 'ses/0', payload: Buffer.alloc(7_000), qos: 1 as const, retain: false } } : {}),
  })
}

async function connack(socket: Socket): Promise<void> {
  const reading = parser({ protocolVersion: 4 })
  await new Promise<void>((resolve, reject) => {
    reading.on('packet', (packet: Packet) => {
      if (packet.cmd !== 'connack') return
      const { returnCode } = packet
      if (returnCode === 0) resolve()
      else reject(new Error(`refused with ${String(returnCode)}`))
    })
    socket.on('data', (chunk: Buffer) => {
      reading.parse(chunk)
    })
    socket.once('close', () => {
      reject(new Error('closed before CONNACK'))
    })
  })
}

function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => {
      resolve()
    })
  })
}

/** Connects as `account` and dies; resolves when the socket is gone on this side. */
async function flap(account: Account, death: Death, payload: Uint8Array, random: Seeded): Promise<void> {
  const socket = connectTcp({ host: '127.0.0.1', port: server.mqtt, noDelay: true })
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  const hello = connectPacket(account, death)
  const publish = generate({
    cmd: 'publish',
    topic: eventsTopic,
    payload: Buffer.from(payload),
    qos: 1,
    dup: false,
    retain: false,
    messageId: 9,
  })
  if (death === 'half a CONNECT') await written(socket, hello.subarray(0, random.integer(1, hello.length - 1)))
  else if (death !== 'before CONNECT') {
    await written(socket, hello)
    if (death !== 'before CONNACK') await connack(socket)
    if (death === 'half a PUBLISH') await written(socket, publish.subarray(0, random.integer(1, publish.length - 1)))
    if (death === 'before PUBACK') await written(socket, publish)
  }
  const gone = new Promise((resolve) => socket.once('close', resolve))
  if (random.integer(0, 1) === 0) socket.resetAndDestroy()
  else socket.destroy()
  await gone
}

test(`keeps nothing of ${String(flaps)} connections that died anywhere in their handshakes, and the device still chats`, async () => {
  const random = newSeeded(seed)
  const [ann, bob] = [await register(server.mqtt, 'flap-ann', '380671110001'), await register(server.mqtt, 'flap-bob', '380671110002')]
  const watcher = await come(server.mqtt, bob)
  const first = await come(server.mqtt, ann)
  await befriend([ann, first], [bob, watcher])
  await first.disconnect()
  const counts = new Map<Death, number>()

  async function flapOften(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const death = deaths[random.integer(0, deaths.length - 1)] ?? 'before CONNECT'
      counts.set(death, (counts.get(death) ?? 0) + 1)
      // Asking for a repeat of what is there changes nothing, however often it is done.
      await flap(ann, death, encode(record('init', { token: '' }), bert), random)
    }
    await eventually('only the watcher is connected', async () => (await server.metric('nynja_connections')) === 1)
  }

  await flapOften(Math.ceil(flaps / 4))
  const before = await server.residentBytes()
  await flapOften(flaps)
  const grown = (await server.residentBytes()) - before
  expect(grown).toBeLessThan(allowedGrowthBytes)

  // Presence: the last of it says offline, once the worker has heard of the last end.
  await eventually('she is shown as offline', async () => {
    await settle(watcher)
    await request(watcher, record('Roster', { id: Number(bob.phoneId.split('_')[1]), status: 'get' }))
    const { userlist } = await takeRecord(watcher, 'Roster')
    const seen = userlist.find((contact) => typeof contact === 'object' && contact.phone_id === ann.phoneId)
    return typeof seen === 'object' && seen.presence === 'offline'
  })

  const back = await come(server.mqtt, ann)
  await request(back, textMessage(ann, bob, 'still here'))
  for (const device of [watcher, back]) {
    const push = await device.pushes.take('the message', (packet) => recordOf(packet).tag === 'Message')
    expect(textOf(push)).toBe('still here')
  }
  await back.disconnect()
  await watcher.disconnect()
  await eventually('nobody is connected', async () => (await server.metric('nynja_connections')) === 0)
  expect(server.faults).toEqual([])
  process.stdout.write(
    `${String(flaps)} flaps (after ${String(Math.ceil(flaps / 4))} to warm up), seed ${String(seed)}: ` +
      `${[...counts].map(([death, count]) => `${death} ${String(count)}`).join(', ')}; memory grown by ${(grown / 1024 / 1024).toFixed(1)} MiB\n`,
  )
})

test('goes on with the older connection of a device or closes it when a newer one dies before its CONNACK', async () => {
  const [cay, dan] = [await register(server.mqtt, 'flap-cay', '380671110003'), await register(server.mqtt, 'flap-dan', '380671110004')]
  const author = await come(server.mqtt, dan)
  let reader = await come(server.mqtt, cay)
  await befriend([cay, reader], [dan, author])
  for (let round = 0; round < 50; round++) {
    await flap(cay, 'before CONNACK', new Uint8Array(0), newSeeded(round))
    const text = `round ${String(round)}`
    await request(author, textMessage(dan, cay, text))
    const hasCome = await reader.pushes
      .take('the message', (packet) => textOf(packet) === text)
      .then(
        () => true,
        () => false,
      )
    if (!hasCome) {
      // The newer one has won, and died: the device notices and comes again. Anything else would be a connection that is deaf.
      expect(reader.isClosed).toBe(true)
      reader = await come(server.mqtt, cay)
    }
    await settle(author)
  }
  await reader.disconnect()
  await author.disconnect()
})
