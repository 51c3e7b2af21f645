/** The same protocol through TLS and WebSocket. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import { generate, parser as createParser } from 'mqtt-packet'
import { befriend, come, fence, register, request, settle, takeRecord, textMessage, textOf } from './requests.js'
import { dial, newWireDevice, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
const folder = mkdtempSync(join(tmpdir(), 'nynja-tls-'))
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]

beforeAll(async () => {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', [...made, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  server = await startWireServer({
    NYNJA_WS_PORT: '0',
    NYNJA_TLS_PORT: '0',
    NYNJA_TLS_KEY: key,
    NYNJA_TLS_CERT: cert,
    NYNJA_HTTP_PORT: '0',
  })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

function dialTls(): WireDevice {
  return newWireDevice(connectTls({ host: '127.0.0.1', port: server.tls, servername: 'localhost', ca: readFileSync(cert) }))
}

function webSocket(protocols: readonly string[], path = '/mqtt'): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${String(server.ws)}${path}`, [...protocols])
}

/** HTTP status with which an upgrade is refused; undefined if it is not. */
function refusal(socket: WebSocket): Promise<number | undefined> {
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.once('open', () => {
      resolve(undefined)
    })
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode)
      socket.terminate()
    })
  })
}

function statusOf(path: string, port = server.http): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', reject)
  })
}

/** The kinds of the packets that a frame holds; undefined if one of them goes on in another. */
function packetsIn(frame: Buffer): readonly string[] | undefined {
  const kinds: string[] = []
  let used = 0
  const parser = createParser()
  parser.on('packet', (packet) => {
    kinds.push(packet.cmd)
    used += generate(packet).length
  })
  parser.parse(frame)
  return used === frame.length ? kinds : undefined
}

describe('MQTT over WebSocket', () => {
  test('speaks subprotocol mqtt on path /mqtt, in binary frames', async () => {
    const socket = webSocket(['mqtt'])
    const device = newWireDevice(createWebSocketStream(socket))
    expect((await device.connect({ clientId: 'reg_ws' })).returnCode).toBe(0)
    expect(socket.protocol).toBe('mqtt')
    await fence(device)
    await device.disconnect()
  })

  for (const { title, protocols, path, status } of [
    { title: 'of another subprotocol', protocols: ['stomp'], path: '/mqtt', status: 400 },
    { title: 'on another path', protocols: ['mqtt'], path: '/', status: 404 },
  ]) {
    test(`refuses an upgrade ${title}`, async () => {
      const socket = webSocket(protocols, path)
      expect(await refusal(socket)).toBe(status)
      socket.terminate()
    })
  }

  test('takes messages of 96 KiB at most, until whoever sends them has proved who he is', async () => {
    const cut = async (socket: WebSocket, bytes: number): Promise<void> => {
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.send(Buffer.alloc(bytes, 0x10))
      await closed
    }
    const silent = webSocket(['mqtt'])
    await refusal(silent)
    await cut(silent, 96 * 1024 + 1)
    const guest = webSocket(['mqtt'])
    await newWireDevice(createWebSocketStream(guest)).connect({ clientId: 'reg_wide' })
    await cut(guest, 96 * 1024 + 1)
    const socket = webSocket(['mqtt'])
    const device = newWireDevice(createWebSocketStream(socket))
    const { clientId, token } = await register(server.mqtt, 'wide', '380670000077')
    await device.connect({ clientId, password: token })
    await fence(device)
    await device.publish('room/none', Buffer.alloc(500_000), { qos: 1 })
    await device.disconnect()
  })

  const v31 = { protocolId: 'MQIsdp', protocolVersion: 3 } as const
  const v311 = { protocolId: 'MQTT', protocolVersion: 4 } as const
  for (const { title, protocols, path = '/mqtt', version = v311, chosen = 'mqtt' } of [
    { title: 'without a subprotocol', protocols: [], chosen: '' },
    { title: 'under the older name of the subprotocol, in MQTT 3.1', protocols: ['mqttv3.1'], version: v31, chosen: 'mqttv3.1' },
    { title: 'under the older name of the subprotocol', protocols: ['mqttv3.1'], chosen: 'mqttv3.1' },
    { title: 'that offers other subprotocols, too', protocols: ['stomp', 'mqttv3.1', 'mqtt'] },
    { title: 'on the path with a slash behind', protocols: ['mqtt'], path: '/mqtt/' },
  ]) {
    test(`serves a client ${title}`, async () => {
      const socket = webSocket(protocols, path)
      const device = newWireDevice(createWebSocketStream(socket))
      device.send({ cmd: 'connect', clientId: 'reg_served', clean: true, keepalive: 0, username: 'api', ...version })
      expect(await device.packets.take('CONNACK', ({ cmd }) => cmd === 'connack')).toMatchObject({ returnCode: 0 })
      expect(socket.protocol).toBe(chosen)
      await device.disconnect()
    })
  }

  test('sends whole packets in each frame, those that Aedes writes as well as ours, also to one who was away', async () => {
    const [ann, bob] = [await register(server.mqtt, 'fa', '380670000003'), await register(server.mqtt, 'fb', '380670000004')]
    const [plainA, plainB] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
    await befriend([ann, plainA], [bob, plainB])
    await plainB.disconnect()
    for (let i = 0; i < 30; i++) await request(plainA, textMessage(ann, bob, `text ${'x'.repeat(i * 200)}`))
    await settle(plainA)

    const socket = webSocket(['mqtt'])
    const frames: Buffer[] = []
    socket.on('message', (frame: Buffer) => frames.push(frame))
    const device = newWireDevice(createWebSocketStream(socket))
    await device.connect({ clientId: bob.clientId, password: bob.token })
    await fence(device)
    device.send({ cmd: 'pingreq' })
    device.send({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: `ses/${bob.phone}`, qos: 1 }] })
    await device.packets.take('SUBACK', ({ cmd }) => cmd === 'suback')
    device.send({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: [`ses/${bob.phone}`] })
    await device.packets.take('UNSUBACK', ({ cmd }) => cmd === 'unsuback')
    await device.disconnect()
    await plainA.disconnect()

    const kinds = new Set<string>()
    for (const frame of frames) {
      const packets = packetsIn(frame)
      expect(packets).toBeDefined()
      for (const kind of packets ?? []) kinds.add(kind)
    }
    for (const kind of ['connack', 'publish', 'pingresp', 'suback', 'unsuback']) expect([...kinds]).toContain(kind)
  })

  test('reads packets across frames, and several in one [MQTT-6.0.0-2]', async () => {
    const socket = webSocket(['mqtt'])
    const device = newWireDevice(createWebSocketStream(socket))
    await new Promise((resolve) => socket.once('open', resolve))
    const connect = generate({ cmd: 'connect', clientId: 'reg_frames', clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 4 })
    socket.send(connect.subarray(0, 5))
    socket.send(Buffer.concat([connect.subarray(5), generate({ cmd: 'pingreq' }), generate({ cmd: 'pingreq' })]))
    await device.packets.take('CONNACK', ({ cmd }) => cmd === 'connack')
    for (const which of ['first', 'second']) await device.packets.take(`the ${which} PINGRESP`, ({ cmd }) => cmd === 'pingresp')
    await device.disconnect()
  })
})

describe('MQTT over TLS', () => {
  test('serves those who trust its certificate', async () => {
    const device = dialTls()
    expect((await device.connect({ clientId: 'reg_tls' })).returnCode).toBe(0)
    await takeRecord(device, 'vnode_max')
    await fence(device)
    await device.disconnect()
  })

  test('closes what does not speak TLS, and goes on', async () => {
    const plain = dial(server.tls)
    plain.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await plain.closed
    const device = dialTls()
    expect((await device.connect({ clientId: 'reg_tls' })).returnCode).toBe(0)
    await device.disconnect()
  })
})

test('devices of all listeners meet in one chat', async () => {
  const [ann, bob] = [await register(server.mqtt, 'ann', '380670000001'), await register(server.mqtt, 'bob', '380670000002')]
  const [plainA, plainB] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
  await befriend([ann, plainA], [bob, plainB])
  const [a, b] = [dialTls(), newWireDevice(createWebSocketStream(webSocket(['mqtt'])))]
  await a.connect({ clientId: ann.clientId, password: ann.token })
  await b.connect({ clientId: bob.clientId, password: bob.token })
  await settle(a, b)
  await request(a, textMessage(ann, bob, 'from TLS'))
  await request(b, textMessage(bob, ann, 'from a page'))
  for (const device of [a, b]) {
    expect(textOf(await device.pushes.take('the first', ({ topic }) => topic.startsWith('p2p/')))).toBe('from TLS')
    expect(textOf(await device.pushes.take('the second', ({ topic }) => topic.startsWith('p2p/')))).toBe('from a page')
  }
  await Promise.all([a.disconnect(), b.disconnect()])
})

test('operators see that it is ready', async () => {
  expect(await statusOf('/readyz')).toBe(200)
  expect(await statusOf('/healthz')).toBe(200)
  for (const path of ['/readyz', '/healthz', '/metrics']) expect(await statusOf(path, server.admin)).toBe(200)
})

test('metrics have a port of their own, which is open to this machine alone, and a start without TLS says what else is open', async () => {
  const open = await startWireServer({ NYNJA_HOST: '0.0.0.0', NYNJA_HTTP_PORT: '0', NYNJA_NODES: '1' })
  try {
    expect(await open.logged('open')).toMatchObject({
      level: 'warn',
      msg: expect.stringContaining(`MQTT (${String(open.mqtt)})`) as unknown,
    })
    expect(await statusOf('/metrics', open.http)).toBe(404)
    expect(await statusOf('/metrics', open.admin)).toBe(200)
    // Another address of this machine: all of 127.0.0.0/8 are its own.
    await expect(fetch(`http://127.0.0.2:${String(open.http)}/healthz`)).resolves.toMatchObject({ status: 200 })
    await expect(fetch(`http://127.0.0.2:${String(open.admin)}/healthz`)).rejects.toThrow('fetch failed')
  } finally {
    await open.close()
  }
})
