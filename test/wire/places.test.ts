/** Connections that prove nothing take no place from those that do. @see docs/decisions/0196-places-by-kind-and-address.md */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import { eventually, readMetric } from '../faults/mortal-server.js'
import { type Account, come, fence, register } from './requests.js'
import { dialTransfers, type TransferClient, upload } from './transfer-client.js'
import { newWireDevice, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const folder = mkdtempSync(join(tmpdir(), 'nynja-places-'))
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
/** Another address of this machine: all of 127.0.0.0/8 are its own. */
const stranger = '127.0.0.2'

beforeAll(() => {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', [...made, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

let server: WireServer
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
})

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  server = await startWireServer({
    ...{ NYNJA_NODES: '1', NYNJA_HTTP_PORT: '0', NYNJA_WS_PORT: '0', NYNJA_TLS_PORT: '0', NYNJA_TLS_KEY: key, NYNJA_TLS_CERT: cert },
    ...env,
  })
}

/** A socket from the stranger's address that never reads on its own. */
function socketTo(port: number, ...bytes: readonly (string | Uint8Array)[]): Socket {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: stranger })
  socket.on('error', () => undefined)
  sockets.push(socket)
  for (const some of bytes) socket.write(some)
  socket.resume()
  return socket
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`

/** Ways not to say who one is. */
const lurkers: readonly { readonly way: string; readonly open: () => Socket }[] = [
  { way: 'nothing over TCP', open: () => socketTo(server.mqtt) },
  { way: 'half a CONNECT over TCP', open: () => socketTo(server.mqtt, Buffer.from([0x10, 0x60, 0, 4])) },
  { way: 'nothing over TLS', open: () => socketTo(server.tls) },
  {
    way: 'nothing after a TLS handshake',
    open() {
      const socket = socketTo(server.tls)
      connectTls({ socket, rejectUnauthorized: false }).on('error', () => undefined)
      return socket
    },
  },
  { way: 'nothing over HTTP', open: () => socketTo(server.ws) },
  { way: 'an upgrade and nothing more', open: () => socketTo(server.ws, upgrade('/mqtt')) },
  { way: 'an upgrade for transfers and nothing more', open: () => socketTo(server.ws, upgrade('/ws')) },
]

async function guests(count: number): Promise<readonly WireDevice[]> {
  const all = Array.from({ length: count }, () => newWireDevice(socketTo(server.mqtt)))
  await Promise.all(all.map((device, i) => device.connect({ clientId: `reg_guest${String(i)}`, keepalive: 0 }).catch(() => undefined)))
  return all
}

const standing = (devices: readonly WireDevice[]): number => devices.filter(({ isClosed }) => !isClosed).length

test('sockets that never finish CONNECT have a share, of one another and of no device', async () => {
  await start({ NYNJA_MAX_CONNECTIONS: '40' })
  const crowd = lurkers.slice(0, 6).flatMap(({ open }) => Array.from({ length: 10 }, open))
  await eventually('60 sockets beside a share of 16', () => crowd.filter((socket) => !socket.closed).length <= 16)
  const account = await register(server.mqtt, 'ann', '380670000001')
  const device = await come(server.mqtt, account)
  await fence(device)
  expect(await server.logged('turned-away')).toMatchObject({ level: 'warn', crowded: expect.any(Number) as unknown, address: stranger })
  expect(await readMetric(server.admin, 'nynja_connections_refused_total')).toBeGreaterThanOrEqual(44)
  await device.disconnect()
})

test('guests with keep alive 0 have a share, of one another and of no device, and no guest of another address is kept out', async () => {
  await start({ NYNJA_MAX_CONNECTIONS: '40' })
  const accounts: Account[] = []
  for (let i = 0; i < 30; i++) accounts.push(await register(server.mqtt, `ann${String(i)}`, `3806700001${String(i).padStart(2, '0')}`))
  const crowd = await guests(60)
  await eventually('60 guests beside a share of 16', () => standing(crowd) <= 16)
  accounts.push(await register(server.mqtt, 'late', '380670000200'))
  const devices: WireDevice[] = []
  for (const account of accounts) devices.push(await come(server.mqtt, account))
  // All 40 places are taken now, and guests have gone before a device does.
  await eventually('9 guests stay', () => standing(crowd) === 9)
  await Promise.all(devices.map((device) => device.disconnect()))
})

describe('has its time, and is closed:', () => {
  test('what does not say who it is', async () => {
    await start({ NYNJA_CONNECT_DEADLINE_MS: '1000' })
    const all = lurkers.map(({ open }) => open())
    await Promise.all(all.map(closed))
    const kept = socketTo(server.ws, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const asking = setInterval(() => kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 100)
    await closed(kept)
    clearInterval(asking)
  })

  test('a guest, and not a device', async () => {
    await start({ NYNJA_UNPROVEN_LIFE_MS: '5000' })
    const account = await register(server.mqtt, 'ann', '380670000001')
    const device = await come(server.mqtt, account)
    const waiting = await guests(1)
    await waiting[0]?.closed
    await fence(device)
    expect(await readMetric(server.admin, 'nynja_connections')).toBe(1)
    await device.disconnect()
  })
})

test('one address has its part of what proves nothing, by kind; behind a balancer it is the address that is told', async () => {
  await start({ NYNJA_UNPROVEN_PER_ADDRESS: '5', NYNJA_PROXY_PROTOCOL: 'true' })
  const header = (address: string): string => `PROXY TCP4 ${address} 127.0.0.1 40000 1883\r\n`
  const from = (address: string): WireDevice => newWireDevice(socketTo(server.mqtt, header(address)))
  const crowd = Array.from({ length: 12 }, () => from('203.0.113.1'))
  await eventually('5 of 12 stay', () => standing(crowd) === 5)
  const [first, ...rest] = crowd.filter(({ isClosed }) => !isClosed)
  // Of another kind: its place among the unfinished is free again.
  expect((await first?.connect({ clientId: 'reg_first' }))?.returnCode).toBe(0)
  expect((await from('203.0.113.1').connect({ clientId: 'reg_second' })).returnCode).toBe(0)
  expect((await from('203.0.113.2').connect({ clientId: 'reg_other' })).returnCode).toBe(0)
  expect(standing(rest)).toBe(4)
})

test('behind a proxy of HTTP it is the address that X-Forwarded-For tells', async () => {
  await start({ NYNJA_UNPROVEN_PER_ADDRESS: '2', NYNJA_TRUST_PROXY: 'true' })
  const from = (address: string, name: string): Promise<number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(server.ws)}/mqtt`, ['mqtt'], { headers: { 'x-forwarded-for': address } })
    socket.on('error', () => undefined)
    const device = newWireDevice(createWebSocketStream(socket))
    return device.connect({ clientId: `reg_${name}` }).then(
      ({ returnCode }) => Number(returnCode),
      () => -1,
    )
  }
  const codes = []
  for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']) codes.push(await from(address, String(codes.length)))
  expect(codes).toEqual([0, 0, -1, 0])
})

test('sockets for transfers that show no token have a share, those of one account as well, and whoever shows one sends his file', async () => {
  await start({ NYNJA_UNPROVEN_PER_ADDRESS: '20' })
  const account = await register(server.mqtt, 'ann', '380670000001')
  const crowd = Array.from({ length: 40 }, () => socketTo(server.ws, upgrade('/ws')))
  await eventually('20 of 40 stay', () => crowd.filter((socket) => !socket.closed).length === 20)
  const client = await dialTransfers(server.ws, account.token)
  expect((await upload(client, 'f', 'a.txt', Buffer.from('hello'))).block).toBe(0)
  const more: TransferClient[] = []
  let [closed, answered] = [0, 0]
  for (let i = 0; i < 40; i++) {
    const one = await dialTransfers(server.ws, account.token)
    more.push(one)
    void one.closed.then(() => closed++)
    await one.ask({ id: `f${String(i % 20)}`, size: 5, status: 'init' }).then(
      () => answered++,
      () => undefined,
    )
  }
  expect(answered).toBe(31)
  await eventually('9 are closed', () => closed === 9)
  for (const one of more) one.cut()
  client.cut()
})
