/** How the command's device bears what servers answer to CONNECT; ours gives no code for what will pass, others do. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { generate, parser } from 'mqtt-packet'
import { type Device, type DeviceOptions, connectDevice, type Push } from '../../cli/device.js'
import { type AnyRecord, encode, record } from '../../protocol/index.js'
import { newMailbox } from '../wire/mailbox.js'
import { startWireServer, type WireServer } from '../wire/wire-server.js'

const greeting = generate({
  ...{ cmd: 'publish', topic: 'actions/1/api/emqttd_x', qos: 0, dup: false, retain: false },
  payload: Buffer.from(encode(record('Profile', { phone: '9991001', status: 'init' }), { codec: 'bert', dialect: 'v1' })),
})

let server: Server | undefined
let device: Device | undefined
const sockets = new Set<Socket>()
afterEach(async () => {
  await device?.close()
  device = undefined
  for (const socket of sockets) socket.destroy()
  server?.close()
  server = undefined
})

/** A server that answers one CONNECT after the other with these codes; whoever is accepted is greeted. */
async function answering(...codes: readonly number[]): Promise<DeviceOptions> {
  const left = [...codes]
  const opened = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    const reading = parser({ protocolVersion: 4 })
    reading.on('packet', ({ cmd }) => {
      if (cmd !== 'connect') return
      const returnCode = left.shift() ?? 0
      socket.write(generate({ cmd: 'connack', returnCode, sessionPresent: false }))
      if (returnCode === 0) socket.write(greeting)
      else socket.end()
    })
    socket.on('data', (bytes) => reading.parse(bytes))
  })
  server = opened
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve))
  const { port } = opened.address() as AddressInfo
  return {
    ...{ server: `mqtt://127.0.0.1:${String(port)}`, clientId: 'emqttd_x', token: 'x', codec: 'bert', dialect: 'v1' },
    isPersistent: true,
  }
}

const cut = (): void => {
  for (const socket of sockets) socket.destroy()
}

test('answers and tokens are believed on the own actions topic alone', async () => {
  const tokens: string[] = []
  const seen: Push[] = []
  const options = await answering(0)
  device = await connectDevice(options, { onPush: (push) => void seen.push(push), onToken: (token) => void tokens.push(token) })
  const login = (token: string) => record('io', { code: record('ok2', { code: 'login', src: { tuple: ['emqttd_x', token] } }) })
  const refusal = record('io', { code: record('error', { code: 'invalid_data' }) })
  const say = (topic: string, told: AnyRecord): void => {
    const payload = Buffer.from(encode(told, { codec: 'bert', dialect: 'v1' }))
    for (const socket of sockets) socket.write(generate({ ...{ cmd: 'publish', topic, qos: 0, dup: false, retain: false }, payload }))
  }
  const asked = device.ask(record('init', { token: '' }), ({ tag }) => tag === 'Profile')
  for (const topic of ['p2p/1_1/2_2', 'room/r', 'ac/1_1', 'ses/9991001', 'actions/1/api/emqttd_y', 'telemetry/x']) {
    say(topic, login('forged'))
    say(topic, refusal)
    say(topic, record('Profile', { phone: '9991001', status: 'init', settings: [] }))
    say(topic, record('Contact', { phone_id: '9991002_2', status: 'friend' }))
    say(topic, record('History', { status: 'get' }))
    if (topic !== 'ses/9991001') say(topic, record('Message', { id: 1, feed_id: record('p2p', { from: '1_1', to: '3_3' }), from: '3_3' }))
  }
  say('actions/1/api/emqttd_x', login('renewed'))
  say('actions/1/api/emqttd_x', record('Profile', { phone: '9991001', status: 'init' }))
  expect(await asked).toMatchObject({ kind: 'answer', record: { tag: 'Profile' } })
  expect(tokens).toEqual(['renewed'])
  const believed = seen.filter((push) => push.isBelieved && push.topic !== 'actions/1/api/emqttd_x')
  expect(believed.map(({ topic, record: told }) => [topic, told?.tag])).toEqual([['ses/9991001', 'Contact']])
})

test('a refusal that will pass is outlasted; one that is final ends it, in words', async () => {
  const events = newMailbox<string>((event) => event)
  device = await connectDevice(await answering(0, 3, 3, 0, 4), {
    onLost: () => {
      events.put('lost')
    },
    onBack: () => {
      events.put('back')
    },
    onBarred: ({ exitCode, message }) => {
      events.put(`${String(exitCode)} ${message}`)
    },
  })
  cut()
  await events.take('the loss', (event) => event === 'lost')
  await events.take('the return', (event) => event === 'back')
  cut()
  const end = await events.take('the end', (event) => /^\d/.test(event))
  expect(end).toMatch(/^5 .*its token is void.*Register again/)
})

test('a first refusal ends it at once', async () => {
  await expect(connectDevice(await answering(2))).rejects.toMatchObject({ exitCode: 5 })
  server?.close()
  await expect(connectDevice(await answering(3))).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(/Server unavailable/) as unknown,
  })
})

describe('what is there instead is told, and what to do:', () => {
  let real: WireServer
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nynja-tls-'))
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', [...made, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const tls = { NYNJA_TLS_PORT: '0', NYNJA_TLS_KEY: key, NYNJA_TLS_CERT: cert }
    real = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_HTTP_PORT: '0', ...tls })
  })
  afterAll(async () => {
    await real.close()
    await rm(folder, { recursive: true, force: true })
  })

  const connecting = (url: string, ca?: string): Promise<Device> =>
    connectDevice({
      ...{ server: url, clientId: 'reg_x', token: undefined, codec: 'bert', dialect: 'v1', isPersistent: false },
      ...(ca === undefined ? {} : { ca: join(folder, ca) }),
    })

  const rows: readonly (readonly [what: string, url: () => string, says: RegExp, ca?: string])[] = [
    ['a self-signed certificate', () => `mqtts://localhost:${String(real.tls)}`, /signed by nobody this machine trusts .*--ca <file.pem>/],
    [
      'a certificate for another name',
      () => `mqtts://127.0.0.1:${String(real.tls)}`,
      /for another name than that of the address/,
      'cert.pem',
    ],
    ['TLS to the plain port', () => `mqtts://localhost:${String(real.mqtt)}`, /does not speak TLS. Without TLS it is mqtt:/],
    ['plain MQTT to the port of TLS', () => `mqtt://localhost:${String(real.tls)}`, /port for TLS, connect with mqtts:/],
    ['MQTT to an HTTP port', () => `mqtt://127.0.0.1:${String(real.http)}`, /an HTTP server answers/],
    ['MQTT to the port of WebSocket', () => `mqtt://127.0.0.1:${String(real.ws)}`, /an HTTP server answers/],
    ['WebSocket to an HTTP port', () => `ws://127.0.0.1:${String(real.http)}/mqtt`, /not with MQTT over WebSocket \(404\)/],
    ['WebSocket to another path', () => `ws://127.0.0.1:${String(real.ws)}/`, /not with MQTT over WebSocket \(404\)/],
    ['a file that holds no certificate', () => `mqtts://localhost:${String(real.tls)}`, /holds no certificate/, 'key.pem'],
    ['no such file', () => `mqtts://localhost:${String(real.tls)}`, /cannot be read/, 'none.pem'],
  ]
  for (const [what, url, says, ca] of rows) {
    test(what, () => expect(connecting(url(), ca)).rejects.toThrow(says))
  }

  test('with --ca a self-signed certificate is trusted', async () => {
    device = await connecting(`mqtts://localhost:${String(real.tls)}`, 'cert.pem')
    expect(device.isConnected).toBe(true)
  })
})
