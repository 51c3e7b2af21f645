/** The clock of the machine is set while devices are connected: nobody notices. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { type PushReceiver, startPushReceiver } from './push-receiver.js'
import {
  type Account,
  befriend,
  bert,
  come,
  eventsTopic,
  login,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const hourMs = 3_600_000
const preload = new URL('./stepping-clock.js', import.meta.url)

let folder: string
let server: WireServer
let receiver: PushReceiver
let ann: Account
let boris: Account
let a: WireDevice
let b: WireDevice

/** From when this has returned, every reading of the server's wall clock is so far off. */
const setClock = (offMs: number): Promise<void> => writeFile(join(folder, 'step'), String(offMs))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-clock-'))
  await setClock(0)
  receiver = await startPushReceiver()
  server = await startWireServer({
    NODE_OPTIONS: `--import ${preload.href}`,
    CLOCK_STEP_FILE: join(folder, 'step'),
    NYNJA_NODES: '1',
    NYNJA_PUSH_GRACE_MS: '300',
    ...receiver.environment,
  })
  ;[ann, boris] = [await register(server.mqtt, 'A1', '380670001234'), await register(server.mqtt, 'B1', '380670002234')]
  ;[a, b] = [await come(server.mqtt, ann), await come(server.mqtt, boris)]
  await befriend([ann, a], [boris, b])
})
afterAll(async () => {
  await server.close()
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

const say = (text: string): Promise<void> => a.publish(eventsTopic, encode(textMessage(ann, boris, text), bert), { qos: 1 })

for (const { to, offMs } of [
  { to: 'back by an hour', offMs: -hourMs },
  { to: 'forward by three', offMs: 2 * hourMs },
  { to: 'back where it was', offMs: 0 },
])
  test(`set ${to}: a publish is acknowledged and delivered, who comes and goes is told, and who is away is notified`, async () => {
    await setClock(offMs)
    await say(to)
    expect(textOf(await b.pushes.take('the message', (push) => textOf(push) === to))).toBe(to)
    await request(b, record('Auth', { type: 'push', push: `token of ${to}`, os: 'android' }))
    await b.disconnect()
    await say(`${to}, to one who is away`)
    expect(await receiver.pushes.take('the notification')).toMatchObject({ token: `token of ${to}` })
    b = await login(server.mqtt, boris)
    // What waits may come behind the answer of a request that was sent at once.
    await b.pushes.take('what was said meanwhile', (push) => textOf(push) === `${to}, to one who is away`)
    await settle(b)
    const presences: unknown[] = []
    while (presences.length < 2) {
      const { presence } = await takeRecord(a, 'Contact')
      if (presence !== null) presences.push(presence)
    }
    expect(presences).toEqual(['offline', 'online'])
  })

test('what is scheduled while the clock is wrong comes at the date it was given, once the clock has reached it', async () => {
  const dueAt = Date.now() + 2 * hourMs
  const scheduled = {
    feed_id: record('act', { name: 'publish', data: ann.phoneId }),
    time: dueAt,
    data: [textMessage(ann, boris, 'in time')],
  }
  await a.publish(eventsTopic, encode(record('Job', { ...scheduled, status: 'init' }), { codec: 'bert', dialect: 'v11' }), { qos: 1 })
  await setClock(-hourMs)
  await say('before its date')
  await setClock(2 * hourMs)
  const texts: unknown[] = []
  while (texts.at(-1) !== 'in time') texts.push(textOf(await b.pushes.take('a message', (push) => recordOf(push).tag === 'Message')))
  expect(texts).toEqual(['before its date', 'in time'])
})
