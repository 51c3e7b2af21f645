/** Behind a TCP balancer a client's address is what the balancer says, and only where the options say that there is one. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import { record } from '../../protocol/index.js'
import { request, takeRecord } from './requests.js'
import { newWireDevice, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
const folder = mkdtempSync(join(tmpdir(), 'nynja-proxy-'))
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]

beforeAll(async () => {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', [...made, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  server = await startWireServer({
    NYNJA_PROXY_PROTOCOL: 'true',
    NYNJA_REGISTRATIONS_PER_HOUR: '1',
    NYNJA_WS_PORT: '0',
    NYNJA_TLS_PORT: '0',
    NYNJA_TLS_KEY: key,
    NYNJA_TLS_CERT: cert,
  })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A connection on which a balancer has said whose it is, or something else. */
function proxied(port: number, header: string | Uint8Array): Socket {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  socket.write(header)
  return socket
}

const lineFor = (address: string): string => `PROXY TCP4 ${address} 127.0.0.1 40000 1883\r\n`

/** Version 2, IPv4. */
function bytesFor(address: string): Buffer {
  const ports = Buffer.from([0x9c, 0x40, 0x07, 0x5b])
  return Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'),
    Buffer.from(address.split('.').map(Number)),
    Buffer.from([127, 0, 0, 1]),
    ports,
  ])
}

/** Asks for a code, which is sent by SMS: once an hour for each address. @returns the code of the answer */
async function register(device: WireDevice, name: string): Promise<string> {
  expect((await device.connect({ clientId: `reg_${name}` })).returnCode).toBe(0)
  const phone = `4477009${String(Buffer.from(name).readUInt32BE()).slice(-5)}`
  await request(device, record('Auth', { client_id: `reg_${name}`, dev_key: name, phone, type: 'reg', os: 'ios' }))
  const { code } = await takeRecord(device, 'io')
  await device.disconnect()
  return typeof code === 'object' && code !== null && 'code' in code ? String(code.code) : ''
}

describe('a client behind a balancer', () => {
  const dials: readonly { readonly title: string; readonly address: string; readonly dial: (address: string) => WireDevice }[] = [
    { title: 'TCP, header 1', address: '203.0.113.1', dial: (address) => newWireDevice(proxied(server.mqtt, lineFor(address))) },
    { title: 'TCP, header 2', address: '203.0.113.2', dial: (address) => newWireDevice(proxied(server.mqtt, bytesFor(address))) },
    {
      title: 'TLS',
      address: '203.0.113.3',
      dial: (address) =>
        newWireDevice(connectTls({ socket: proxied(server.tls, bytesFor(address)), servername: 'localhost', ca: readFileSync(cert) })),
    },
    {
      title: 'WebSocket',
      address: '203.0.113.4',
      dial: (address) => {
        const createConnection = (): Socket => proxied(server.ws, bytesFor(address))
        return newWireDevice(createWebSocketStream(new WebSocket('ws://localhost/mqtt', ['mqtt'], { createConnection })))
      },
    },
  ]

  test.each(dials)('is limited by its own address: $title', async ({ address, dial }) => {
    const name = address.replaceAll('.', '').slice(-4)
    expect(await register(dial(address), `${name}a`)).toBe('sms_sent')
    expect(await register(dial(address), `${name}b`)).not.toBe('sms_sent')
    expect((await server.logged('codes-limited'))['address']).toBe(address)
  })
})

test('a header and a CONNECT in one segment, and a header in two', async () => {
  const [front, back] = [bytesFor('203.0.113.5').subarray(0, 7), bytesFor('203.0.113.5').subarray(7)]
  const device = newWireDevice(proxied(server.mqtt, front))
  await new Promise((resolve) => setImmediate(resolve))
  device.write(back)
  expect((await device.connect({ clientId: 'reg_cut' })).returnCode).toBe(0)
  await device.disconnect()
})

test.each([
  ['no header', Buffer.from('100c00044d5154540402003c0000', 'hex')],
  ['a header that is malformed', Buffer.from('PROXY TCP4 1.2.3 127.0.0.1 1 2\r\n')],
])('%s: closed, and nothing is answered', async (_title, bytes) => {
  for (const port of [server.mqtt, server.tls, server.ws]) {
    const socket = proxied(port, bytes)
    const answer: Buffer[] = []
    socket.on('data', (chunk: Buffer) => answer.push(chunk))
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('close', resolve))
    expect(Buffer.concat(answer)).toHaveLength(0)
  }
})

test('a server without a balancer takes no header', async () => {
  const open = await startWireServer()
  try {
    const device = newWireDevice(proxied(open.mqtt, lineFor('203.0.113.6').repeat(3)))
    await device.closed
  } finally {
    await open.close()
  }
})
