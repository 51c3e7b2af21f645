/** CONNECT, return code by return code, and what follows it. @see docs/protocol/topics.md 12 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { record } from '../../protocol/index.js'
import {
  type Account,
  befriend,
  come,
  eventsTopic,
  fence,
  login,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from './requests.js'
import { type ConnectFields, dial, type WireDevice } from './wire-device.js'
import { type LogLine, startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let known: Account
const open: WireDevice[] = []

beforeAll(async () => {
  server = await startWireServer({ NYNJA_SERVICES: 'news=secret-of-the-news' })
  known = await register(server.mqtt, 'known', '380670000001')
})
afterEach(() => {
  for (const device of open.splice(0)) device.cut()
})
afterAll(() => server.close())

function dialled(): WireDevice {
  const device = dial(server.mqtt)
  open.push(device)
  return device
}

const acceptedRows: readonly { readonly who: string; readonly fields: () => ConnectFields; readonly answers: RegExp }[] = [
  { who: 'a registration', fields: () => ({ clientId: 'reg_new' }), answers: /^actions\/1\/api\/reg_new$/ },
  { who: 'a registration, whatever its password', fields: () => ({ clientId: 'reg_new', password: 'x' }), answers: /reg_new$/ },
  { who: 'a registration with a persistent session', fields: () => ({ clientId: 'reg_new', clean: false }), answers: /reg_new$/ },
  { who: 'a registration of the longer prefix', fields: () => ({ clientId: 'emqttd_reg_new' }), answers: /emqttd_reg_new$/ },
  { who: 'a known device with its token', fields: () => ({ clientId: known.clientId, password: known.token }), answers: /emqttd_known$/ },
  { who: 'an unknown device without password', fields: () => ({ clientId: 'emqttd_new' }), answers: /emqttd_new$/ },
  { who: 'an unknown device with an empty password', fields: () => ({ clientId: 'emqttd_new', password: '' }), answers: /emqttd_new$/ },
  { who: 'nobody in particular', fields: () => ({ clientId: '' }), answers: /^actions\/1\/api\/emqttd_\w{16,}$/ },
  { who: 'a service with its secret', fields: () => ({ clientId: 'sys_news', password: 'secret-of-the-news' }), answers: /sys_news$/ },
]

const refusedRows: readonly { readonly who: string; readonly fields: () => ConnectFields; readonly code: number }[] = [
  { who: 'a known device with a wrong token', fields: () => ({ clientId: known.clientId, password: `${known.token}0` }), code: 4 },
  { who: 'a known device with an empty password', fields: () => ({ clientId: known.clientId, password: '' }), code: 4 },
  { who: 'a known device without password', fields: () => ({ clientId: known.clientId }), code: 4 },
  { who: 'an unknown device with a password', fields: () => ({ clientId: 'emqttd_new', password: known.token }), code: 4 },
  { who: 'an empty client id with a password', fields: () => ({ clientId: '', password: 'x' }), code: 4 },
  { who: 'an empty client id that wants a session', fields: () => ({ clientId: '', clean: false }), code: 2 },
  { who: 'a service with a wrong secret', fields: () => ({ clientId: 'sys_news', password: 'Secret-of-the-news' }), code: 4 },
  { who: 'a service without secret', fields: () => ({ clientId: 'sys_news' }), code: 4 },
  { who: 'an unknown service', fields: () => ({ clientId: 'sys_olds', password: 'secret-of-the-news' }), code: 4 },
  { who: 'another prefix', fields: () => ({ clientId: 'phone_1' }), code: 2 },
  { who: 'another prefix with a password', fields: () => ({ clientId: 'phone_1', password: known.token }), code: 2 },
  { who: 'a bare prefix', fields: () => ({ clientId: 'emqttd_' }), code: 2 },
  { who: 'a client id with a level separator', fields: () => ({ clientId: 'emqttd_a/b' }), code: 2 },
  { who: 'a client id with a wildcard', fields: () => ({ clientId: 'emqttd_+' }), code: 2 },
  { who: 'a client id of 129 bytes', fields: () => ({ clientId: `emqttd_${'x'.repeat(122)}` }), code: 2 },
]

describe('accepted, and told vnode_max before all else:', () => {
  for (const { who, fields, answers } of acceptedRows) {
    test(who, async () => {
      const device = dialled()
      expect((await device.connect(fields())).returnCode).toBe(0)
      const first = await device.pushes.take('the first push')
      expect(recordOf(first)).toEqual(record('vnode_max', { node: 2 }))
      expect(first.topic).toMatch(answers)
      await fence(device)
    })
  }
})

describe('refused, and closed:', () => {
  for (const { who, fields, code } of refusedRows) {
    test(`${who}, with ${String(code)}`, async () => {
      const device = dialled()
      const { returnCode, sessionPresent } = await device.connect(fields())
      expect({ returnCode, sessionPresent }).toEqual({ returnCode: code, sessionPresent: false })
      await device.closed
      expect(device.pushes.items).toEqual([])
    })
  }
})

describe('who is not logged in', () => {
  test('may send INIT only, as an unknown device', async () => {
    const device = dialled()
    await device.connect({ clientId: 'emqttd_unknown' })
    await takeRecord(device, 'vnode_max')
    for (const asked of [
      record('Auth', { client_id: known.clientId, token: known.token, type: 'login' }),
      record('Auth', { phone: '380670000002', type: 'reg' }),
      record('Profile', { status: 'get' }),
    ]) {
      await request(device, asked)
      expect(await takeRecord(device, 'io')).toMatchObject({ code: { tag: 'error', code: 'not_authorized' } })
    }
  })

  test('is given no service by verify', async () => {
    expect((await register(server.mqtt, 'sys_news', '380670000003')).clientId).toBe('emqttd_sys_news')
  })

  test('is closed when it publishes before CONNECT', async () => {
    const device = dialled()
    device.send({ cmd: 'publish', topic: eventsTopic, payload: Buffer.from('x'), qos: 0, dup: false, retain: false })
    await device.closed
  })

  test('is closed when it connects twice [MQTT-3.1.0-2]', async () => {
    const device = dialled()
    await device.connect({ clientId: 'reg_twice' })
    device.send({ cmd: 'connect', clientId: 'reg_twice', clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 4 })
    await device.closed
  })
})

describe('the session of a device', () => {
  test('is present from its second connection on, unless a clean one is asked for', async () => {
    const account = await register(server.mqtt, 'present', '380670000004')
    const present = async (clean: boolean): Promise<boolean> => {
      const device = dialled()
      const { sessionPresent } = await device.connect({ clientId: account.clientId, password: account.token, clean })
      await settle(device)
      await device.disconnect()
      return sessionPresent
    }
    expect([await present(false), await present(false), await present(true), await present(false)]).toEqual([false, true, false, true])
  })

  test('has nothing queued after a clean one; its topics remain', async () => {
    const [ann, bob] = [await register(server.mqtt, 'clean1', '380670000005'), await register(server.mqtt, 'clean2', '380670000006')]
    const [a, b] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
    open.push(a, b)
    await befriend([ann, a], [bob, b])
    await a.disconnect()
    await request(b, textMessage(bob, ann, 'queued'))
    const again = dialled()
    await again.connect({ clientId: ann.clientId, password: ann.token, clean: true })
    await takeRecord(again, 'Profile')
    await fence(again)
    expect(again.pushes.items).toEqual([])
    await request(b, textMessage(bob, ann, 'live'))
    expect(textOf(await again.pushes.take('the message'))).toBe('live')
  })

  test('moves to the latest connection of its client id', async () => {
    const [first, second] = [await login(server.mqtt, known), await login(server.mqtt, known)]
    open.push(first, second)
    await first.closed
    await settle(second)
    await request(second, record('Profile', { status: 'get' }))
    expect(await takeRecord(second, 'Profile')).toMatchObject({ phone: known.phone })
  })

  test('is one of many of a phone; each gets what is sent to the phone', async () => {
    const accounts = [await register(server.mqtt, 'first', '380670000007'), await register(server.mqtt, 'second', '380670000007')]
    expect(accounts[0]!.phoneId).toBe(accounts[1]!.phoneId)
    const [first, second] = [await come(server.mqtt, accounts[0]!), await come(server.mqtt, accounts[1]!)]
    open.push(first, second)
    await first.publish('ses/380670000007', Buffer.from('note'))
    for (const device of [first, second]) expect(String((await device.pushes.take('the note')).payload)).toBe('note')
  })

  test('is answered under the user name of its connection', async () => {
    const [ann, bob] = [await register(server.mqtt, 'named1', '380670000008'), await register(server.mqtt, 'named2', '380670000018')]
    const [a, b] = [dialled(), await come(server.mqtt, bob)]
    open.push(b)
    await a.connect({ clientId: ann.clientId, password: ann.token, username: 'app' })
    await settle(a)
    await request(b, record('Friend', { phone_id: bob.phoneId, friend_id: ann.phoneId, status: 'request' }))
    await request(a, record('Friend', { phone_id: ann.phoneId, friend_id: bob.phoneId, status: 'confirm' }))
    const { topic } = await a.pushes.take('the answer', (push) => push.topic.startsWith('actions/'))
    expect(topic).toBe(`actions/1/app/${ann.clientId}`)
  })

  test('ends its presence when nothing is heard for 1.5 keep-alive', async () => {
    const [ann, bob] = [await register(server.mqtt, 'alive1', '380670000009'), await register(server.mqtt, 'alive2', '380670000010')]
    const [a, b] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
    open.push(a, b)
    await befriend([ann, a], [bob, b])
    const quiet = dialled()
    await quiet.connect({ clientId: ann.clientId, password: ann.token, keepalive: 1 })
    quiet.pushes.takeAll()
    await quiet.closed
    expect(await takeRecord(b, 'Contact')).toMatchObject({ phone_id: ann.phoneId, presence: 'offline' })
  })

  test('is told to the operator when it registers and when it logs in, by the last digits of its phone', async () => {
    const told = await startWireServer({ NYNJA_NODES: '1' })
    try {
      const first = await register(told.mqtt, 'told', '380670000123')
      const { clientId } = first
      const registered = await told.logged('registered')
      expect(registered).toMatchObject({ level: 'info', client: clientId, phone: '…123', isNew: true })
      await (await come(told.mqtt, first)).disconnect()
      const loggedIn = await told.logged('login')
      expect(loggedIn).toMatchObject({ level: 'info', client: clientId, phone: '…123', address: '127.0.0.1' })
      await register(told.mqtt, 'told2', '380670000123')
      expect(await told.logged('registered')).toMatchObject({ isNew: false })
      expect(JSON.stringify([registered, loggedIn, told.unread])).not.toContain('380670000123')
    } finally {
      await told.close()
    }
  })
})

describe('wrong secrets', () => {
  test('are on the log, and after five of them the right one is not looked at', async () => {
    const guarded = await startWireServer({ NYNJA_SERVICES: 'news=secret-of-the-news' })
    try {
      const codes = await Promise.all(
        Array.from({ length: 6 }, async (_, i) => {
          const device = dial(guarded.mqtt)
          open.push(device)
          return (await device.connect({ clientId: 'sys_news', password: `guess ${String(i)}` })).returnCode
        }),
      )
      const last = dial(guarded.mqtt)
      open.push(last)
      const { returnCode } = await last.connect({ clientId: 'sys_news', password: 'secret-of-the-news' })
      expect([...codes, returnCode]).toEqual([4, 4, 4, 4, 4, 4, 4])
      const lines: LogLine[] = []
      while (lines.length < 5) lines.push(await guarded.logged('wrong-secret'))
      expect(lines.map(({ level, service, address, isLocked }) => [level, service, address, isLocked])).toEqual(
        [false, false, false, false, true].map((isLast) => ['warn', 'news', '127.0.0.1', isLast]),
      )
    } finally {
      await guarded.close()
    }
  })
})
