/** Redis is away: at start, while devices are connected, and for longer than a request may wait. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import mqtt from 'mqtt'
import { encode, type History, record } from '../../protocol/index.js'
import { eventually, type MortalServer, newMortalServer } from '../faults/mortal-server.js'
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
  takeRecord,
  textMessage,
} from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { nodeEnvironment } from './cluster.js'
import { stablePort } from './program.js'
import { newRedisProcess, type RedisProcess } from './redis-process.js'

let redis: RedisProcess
let node: MortalServer
let admin: number

async function arrange(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  node = await newMortalServer({ ...nodeEnvironment(redis.port), NYNJA_ADMIN_PORT: String(admin), ...environment })
}

beforeEach(async () => {
  redis = await newRedisProcess('always')
  admin = await stablePort()
})
afterEach(async () => {
  await node.close()
  await redis.close()
})

async function readyz(): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${String(admin)}/readyz`)
  return { status: answer.status, text: (await answer.text()).trim() }
}

test('a node without Redis says so, keeps trying, and starts when it comes', async () => {
  await arrange()
  const started = node.start()
  const line = await node.logged('that Redis is away', ({ event }) => event === 'redis-away')
  expect(line).toMatchObject({ level: 'warn', redis: `redis://127.0.0.1:${String(redis.port)}` })
  expect(await readyz()).toMatchObject({ status: 503, text: expect.stringMatching(/^waiting for Redis: ./) as unknown })
  await node.logged('that it is tried again', ({ event }) => event === 'redis-away')
  await redis.start()
  await started
  expect(await readyz()).toEqual({ status: 200, text: 'ready' })
})

async function twoFriends(): Promise<{ readonly ann: Account; readonly bob: Account; readonly a: WireDevice; readonly b: WireDevice }> {
  const [ann, bob] = [await register(node.mqtt, 'ann', '380670000001'), await register(node.mqtt, 'bob', '380670000002')]
  const [a, b] = [await come(node.mqtt, ann), await come(node.mqtt, bob)]
  await befriend([ann, a], [bob, b])
  return { ann, bob, a, b }
}

async function historyOf(device: WireDevice, of: Account, other: Account): Promise<readonly string[]> {
  const feed = record('p2p', { from: of.phoneId, to: other.phoneId })
  await request(device, record('History', { roster_id: of.phoneId, feed, size: 100, entity_id: 0, status: 'get' }))
  const { data }: History = await takeRecord(device, 'History')
  return data.flatMap((one) => (one.tag === 'Message' && one.status === 'sent' ? [one.files[0]?.payload ?? ''] : []))
}

test('while Redis is away connections stand, what is sent waits, and readiness says why', async () => {
  await redis.start()
  await arrange()
  await node.start()
  const { ann, bob, a, b } = await twoFriends()
  await redis.kill()
  const sent = a.publish(eventsTopic, encode(textMessage(ann, bob, 'meanwhile'), bert), { qos: 1 })
  await eventually('readiness says so', async () => (await readyz()).status === 503)
  expect((await readyz()).text).toMatch(/^store exhausted since .*Redis is away: ./)
  // The main thread answers by itself.
  a.send({ cmd: 'pingreq' })
  await a.packets.take('PINGRESP', ({ cmd }) => cmd === 'pingresp')
  await redis.start()
  await sent
  await eventually('it is ready again', async () => (await readyz()).status === 200)
  b.send({ cmd: 'pingreq' })
  await b.pushes.take('the message', ({ topic }) => topic.startsWith('p2p/'))
  expect(await historyOf(b, bob, ann)).toEqual(['meanwhile'])
  expect([a.isClosed, b.isClosed]).toEqual([false, false])
})

test('what has waited for longer than its deadline is refused, and not executed later', async () => {
  await redis.start()
  await arrange({ NYNJA_REQUEST_DEADLINE_MS: '1000' })
  await node.start()
  const { ann, bob, a, b } = await twoFriends()
  await redis.kill()
  await a.publish(eventsTopic, encode(textMessage(ann, bob, 'too late'), bert), { qos: 1 })
  const refusal = recordOf(await a.pushes.take('the refusal', ({ topic }) => topic.startsWith('actions/')))
  expect(refusal).toMatchObject({ tag: 'io', code: { tag: 'error', code: 'unavailable' } })
  await redis.start()
  await eventually('it is ready again', async () => (await readyz()).status === 200)
  await a.publish(eventsTopic, encode(textMessage(ann, bob, 'in time'), bert), { qos: 1 })
  await fence(b)
  expect(await historyOf(b, bob, ann)).toEqual(['in time'])
})

test('a client with the defaults of its library, which connects while Redis is away, is taken when it is back', async () => {
  await redis.start()
  await arrange()
  await node.start()
  const { ann } = await twoFriends()
  await redis.kill()
  await eventually('readiness says so', async () => (await readyz()).status === 503)
  const client = mqtt.connect(`mqtt://127.0.0.1:${String(node.mqtt)}`, {
    clientId: ann.clientId,
    username: 'api',
    password: ann.token,
    clean: false,
  })
  const greeted = new Promise<void>((resolve, reject) => {
    client.on('error', reject)
    client.on('message', (_topic, _payload, packet) => {
      if (recordOf(packet).tag === 'Profile') resolve()
    })
  })
  await new Promise<void>((resolve) => {
    client.stream.once('connect', resolve)
  })
  await redis.start()
  await greeted
  await client.endAsync()
})

test('a CONNECT waits as long as a request, so many at a time, and is then closed without an answer', async () => {
  await redis.start()
  await arrange({ NYNJA_REQUEST_DEADLINE_MS: '2000', NYNJA_MAX_CONNECTIONS: '6' })
  await node.start()
  const { ann, a, b } = await twoFriends()
  await Promise.all([a.disconnect(), b.disconnect()])
  await redis.kill()
  await eventually('readiness says so', async () => (await readyz()).status === 503)
  const coming = Array.from({ length: 4 }, () => dial(node.mqtt))
  const ends: number[] = []
  const answers = coming.map((device, i) => {
    void device.closed.then(() => ends.push(i))
    return device.connect({ clientId: ann.clientId, password: ann.token }).catch(String)
  })
  expect(await Promise.all(answers)).toEqual(coming.map(() => expect.stringContaining('the connection is closed') as unknown))
  expect(ends[0]).toBe(3)
})
