/** Over real sockets: what friends, members, strangers and registrations publish in the server's words reaches nobody. @see docs/protocol/topics.md 10 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { defaultsOf, encode, record, recordTags } from '../../protocol/index.js'
import { openLobby } from './lobby.js'
import { type Account, come, fence, settle } from './requests.js'
import { dial, type Qos, type WireDevice } from './wire-device.js'
import type { WireServer } from './wire-server.js'

let server: WireServer
let [ann, bob]: Account[] = []
let [a, b, e]: WireDevice[] = []

beforeAll(async () => {
  const opened = await openLobby()
  server = opened.server
  ;[ann, bob] = opened.accounts
  ;[a, b, e] = opened.devices
})
beforeEach(() => settle(a!, b!, e!))
afterAll(() => server.close())

const topics = (): string[] => [
  ...[`p2p/${ann!.phoneId}/${bob!.phoneId}`, 'room/lobby', `ac/${ann!.phoneId}`, `muc/${ann!.phoneId}`, `ses/${ann!.phone}`],
  ...[`actions/1/api/${ann!.clientId}`, `actions/1/api/${bob!.clientId}`],
]

/** All that was on its way to Ann has come, and it is nothing. */
async function expectNothing(): Promise<void> {
  await fence(a!)
  expect(a!.pushes.items.map(({ topic }) => topic)).toEqual([])
}

test('every record, in both dialects and three codecs, from a friend, a stranger and a registration', async () => {
  const unknown = dial(server.mqtt)
  await unknown.connect({ clientId: 'reg_mallory' })
  const spellings = (['v1', 'v11'] as const).flatMap((dialect) =>
    (['bert', 'json', 'msgpack'] as const).map((codec) => ({ dialect, codec })),
  )
  for (const tag of recordTags) {
    // goes out under its true author
    if (tag === 'Typing') continue
    for (const encoding of spellings) {
      const payload = encode(record(tag, defaultsOf(tag)), encoding)
      for (const who of [b!, e!, unknown]) for (const topic of topics()) void who.publish(topic, payload, { qos: 0 })
    }
  }
  for (const who of [b!, e!]) await fence(who)
  // a registration is not answered INIT in the same way; its last publish is acknowledged behind the others
  await unknown.publish('room/lobby', Buffer.from('x'), { qos: 1 })
  await expectNothing()
})

test('a token, a deleted room and the end of an account, at every QoS, retained, and as wills', async () => {
  const forged = [
    record('io', { code: record('ok2', { code: 'login', src: { tuple: [ann!.clientId, 'token'] } }) }),
    record('Room', { id: 'lobby', status: 'delete' }),
    record('Profile', { phone: ann!.phone, status: 'remove' }),
  ].map((one) => encode(one, { codec: 'bert', dialect: 'v1' }))
  for (const payload of forged) {
    for (const qos of [0, 1, 2] satisfies Qos[]) {
      for (const topic of topics()) await b!.publish(topic, payload, { qos, retain: true })
    }
  }
  await fence(b!)
  await expectNothing()
})

test('a will in the words of the server is no will; one of opaque bytes is heard', async () => {
  const login = record('io', { code: record('ok2', { code: 'login', src: { tuple: [ann!.clientId, 'token'] } }) })
  for (const topic of topics().slice(0, 2)) {
    for (const payload of [encode(login, { codec: 'bert', dialect: 'v1' }), Buffer.from('last words')]) {
      await b!.disconnect()
      b = dial(server.mqtt)
      await b.connect({ clientId: bob!.clientId, password: bob!.token, will: { topic, payload, qos: 1, retain: true } })
      await settle(b, a!)
      b.cut()
      await b.closed
    }
    const heard = await a!.pushes.take('the will', (push) => push.topic === topic)
    expect(heard.payload.toString()).toBe('last words')
    b = await come(server.mqtt, bob!)
  }
})
