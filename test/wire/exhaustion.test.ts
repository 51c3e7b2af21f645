/** What a server has run out of is told: to clients at once, to operators on the log, in /readyz and the metrics; and it goes on by itself. */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, encode, record } from '../../protocol/index.js'
import { eventually, readMetric } from '../faults/mortal-server.js'
import { type GatewayServer, startGateway } from '../providers/gateway-server.js'
import { type Account, befriend, bert, come, eventsTopic, login, recordOf, register, request, takeRecord, textMessage } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { type Start, startWireServer, type WireServer } from './wire-server.js'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(env: Readonly<Record<string, string>>, how: Start = {}): Promise<WireServer> {
  const server = await startWireServer({ NYNJA_HTTP_PORT: '0', ...env }, how)
  closers.push(() => server.close())
  return server
}

async function readyz({ admin }: WireServer): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${String(admin)}/readyz`, { headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

async function ask(device: WireDevice, asked: AnyRecord): Promise<void> {
  await device.publish(eventsTopic, encode(asked, bert), { qos: 1 })
}

const refusalFor = (lack: string) => ({ tag: 'io', code: { tag: 'error', code: 'unavailable' }, data: lack })

/** A data folder on a small disk of its own, which nobody sees but the server. Needs user namespaces: some machines forbid them. */
const onSmallDisk = (folder: string): readonly string[] => [
  ...['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'],
  ...['mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"', folder],
]
const canMount = spawnSync('unshare', [...onSmallDisk('/mnt').slice(1), 'true']).status === 0
const whenMountable = canMount ? test : test.skip
const canLimit = spawnSync('prlimit', ['--version']).status === 0
const whenLimitable = canLimit ? test : test.skip

function fill({ pid, folder }: WireServer): string {
  const path = `/proc/${String(pid)}/root${folder}/ballast`
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(65_536))
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  } finally {
    closeSync(file)
  }
  return path
}

describe('a full disk', () => {
  whenMountable(
    'is told at once to whoever wants something stored, and to operators; what only reads goes on, and nothing is missed once there is room',
    async () => {
      const server = await start({ NYNJA_NODES: '1' }, { before: onSmallDisk })
      const [ann, bob] = [await register(server.mqtt, 'ann', '380670000001'), await register(server.mqtt, 'bob', '380670000002')]
      const [a, b] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
      await befriend([ann, a], [bob, b])
      await b.disconnect()
      const ok = await requestsCounted(server, 'Message/client', 'ok')
      const ballast = fill(server)

      await ask(a, textMessage(ann, bob, 'no room'))
      expect(await firstOf(a, 'io')).toMatchObject(refusalFor('disk'))
      expect(await server.logged('exhausted')).toMatchObject({
        level: 'warn',
        resource: 'disk',
        because: expect.stringContaining(server.folder),
      })
      expect(await readyz(server)).toEqual({ status: 503, text: expect.stringMatching(/^disk exhausted since \d{4}-.*: the disk is full/) })
      expect(await readMetric(server.admin, 'nynja_exhausted')).toBe(1)
      const history = record('History', { roster_id: ann.phoneId, feed: p2p(ann, bob), size: -1, entity_id: 0, status: 'get' })
      await ask(a, history)
      expect(await takeRecord(a, 'History')).toMatchObject({ status: 'get' })
      const back = await login(server.mqtt, bob)
      expect(await takeRecord(back, 'Profile')).toMatchObject({ phone: bob.phone })

      rmSync(ballast)
      expect(await server.logged('recovered')).toMatchObject({ level: 'info', resource: 'disk', seconds: expect.any(Number) })
      expect((await readyz(server)).status).toBe(200)
      // He came while nothing could be stored: friends hear of it now.
      await contactOf(a, bob, 'online')
      await ask(a, textMessage(ann, bob, 'room'))
      expect(await takeRecord(back, 'Message')).toMatchObject({ files: [{ payload: 'room' }] })
      await eventually('counts', async () => (await requestsCounted(server, 'Message/client', 'ok')) === ok + 1)
      expect(await requestsCounted(server, 'Message/client', 'unavailable')).toBe(1)
      expect(await readMetric(server.admin, 'nynja_exhausted')).toBe(0)
      expect(server.unread.filter(({ event, level }) => event === 'exhausted' || level === 'error')).toEqual([])
      expect(server.stderr).toBe('')
    },
  )
})

const p2p = (one: Account, other: Account) => record('p2p', { from: one.phoneId, to: other.phoneId })

async function firstOf(device: WireDevice, tag: AnyRecord['tag']): Promise<AnyRecord> {
  return takeRecord(device, tag)
}

async function contactOf(device: WireDevice, { phoneId }: Account, presence: string): Promise<void> {
  await device.pushes.take(`${phoneId} ${presence}`, (push) => {
    const found = recordOf(push)
    return found.tag === 'Contact' && found.phone_id === phoneId && found.presence === presence
  })
}

async function requestsCounted({ admin }: WireServer, name: string, outcome: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(admin)}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`nynja_requests_total{record="${name}",outcome="${outcome}"}`))
  return Number(line?.split(' ')[1] ?? 0)
}

/** Connects until the server closes one at once. @returns those that stand */
async function connectUntilRefused(server: WireServer, most: number): Promise<readonly WireDevice[]> {
  const standing: WireDevice[] = []
  for (let i = 0; i < most; i++) {
    const device = dial(server.mqtt)
    const connack = await device.connect({ clientId: `reg_${String(i)}` }).catch(() => undefined)
    if (connack === undefined) return standing
    standing.push(device)
  }
  throw new Error(`${String(most)} connections were taken`)
}

/** To what it has open, what it keeps for itself, and some connections. */
async function lowerDescriptorLimit({ pid, unread }: WireServer, connections = 10): Promise<void> {
  const limit = readdirSync(`/proc/${String(pid)}/fd`).length + 64 + connections
  expect(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${String(limit)}:${String(limit)}`]).status).toBe(0)
  await eventually('the server knows', () => unread.some((line) => line['event'] === 'few-descriptors' && line['limit'] === limit))
}

describe('connections', () => {
  for (const { name, env, limit, resource, run } of [
    {
      ...{ name: 'for want of descriptors', resource: 'descriptors', run: whenLimitable },
      ...{ env: { NYNJA_NODES: '1' }, limit: lowerDescriptorLimit },
    },
    {
      ...{ name: 'beyond those allowed', resource: 'connections', run: test },
      ...{ env: { NYNJA_NODES: '1', NYNJA_MAX_CONNECTIONS: '2' }, limit: () => Promise.resolve() },
    },
  ])
    run(`${name} are closed, counted and told, and taken again when others have gone`, async () => {
      const server = await start(env)
      await limit(server)
      const standing = await connectUntilRefused(server, 170)
      expect(standing.length).toBeGreaterThan(0)
      expect(await server.logged('exhausted')).toMatchObject({ resource })
      expect(await readyz(server)).toEqual({ status: 503, text: expect.stringMatching(new RegExp(`^${resource} exhausted since `)) })
      expect(await readMetric(server.admin, 'nynja_connections_refused_total')).toBeGreaterThan(0)
      for (const device of standing) device.cut()
      await server.logged('recovered')
      expect((await readyz(server)).status).toBe(200)
      await dial(server.mqtt).connect({ clientId: 'reg_again' })
      expect(server.unread.filter(({ event }) => event === 'exhausted')).toEqual([])
    })
})

whenLimitable('where few connections fit, those that prove nothing have a share of them, and devices the rest', async () => {
  const server = await start({ NYNJA_NODES: '1' })
  await lowerDescriptorLimit(server, 120)
  const crowd = Array.from({ length: 300 }, () => connectTcp({ host: '127.0.0.1', port: server.mqtt, localAddress: '127.0.0.2' }))
  for (const socket of crowd) socket.on('error', () => undefined).resume()
  await eventually('30 stay', () => crowd.filter(({ closed }) => !closed).length <= 30)
  const device = await come(server.mqtt, await register(server.mqtt, 'ann', '380670000001'))
  await device.disconnect()
  for (const socket of crowd) socket.destroy()
})

describe('an SMS gateway that answers 200 and refuses', () => {
  let gateway: GatewayServer
  let answer = '{"error":"no funds"}'

  test('is told to whoever waits for a code, and to operators, while everything else goes on', async () => {
    gateway = await startGateway((response) => response.end(answer))
    closers.push(() => gateway.close())
    const server = await start({ NYNJA_SMS: 'http', NYNJA_SMS_URL: `${gateway.origin}/?to={phone}&text={text}`, NYNJA_SMS_METHOD: 'GET' })
    const device = dial(server.mqtt)
    await device.connect({ clientId: 'reg_x' })
    for (const phone of ['380990000001', '380990000002', '380990000003']) {
      await request(device, record('Auth', { client_id: 'reg_x', dev_key: 'x', phone, type: 'reg', os: 'ios' }))
      expect(await firstOf(device, 'io')).toMatchObject({ code: { code: 'sms_send' } })
    }
    expect(await server.logged('exhausted')).toMatchObject({
      resource: 'sms',
      because: expect.stringContaining('answered 200 and refused'),
    })
    expect(await readyz(server)).toEqual({
      status: 200,
      text: expect.stringMatching(/^ready\nsms exhausted since .*refused the message\n$/),
    })
    await eventually('counts', async () => (await requestsCounted(server, 'Auth/reg', 'sms_send')) === 3)
    answer = 'OK'
    await request(device, record('Auth', { client_id: 'reg_x', dev_key: 'x', phone: '380990000004', type: 'reg', os: 'ios' }))
    expect(await firstOf(device, 'io')).toMatchObject({ code: { code: 'sms_sent' } })
    await server.logged('recovered')
    await eventually('counts', async () => (await requestsCounted(server, 'Auth/reg', 'ok')) === 1)
    expect((await readyz(server)).text).toBe('ready\n')
  })
})
