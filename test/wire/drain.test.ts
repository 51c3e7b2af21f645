/** SIGTERM: what has been read is answered, nothing new is taken, the exit code is 0, and what was acknowledged is kept. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Agent, get } from 'node:http'
import { generate } from 'mqtt-packet'
import { encode } from '../../protocol/index.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { befriend, bert, come, eventsTopic, login, register, textMessage, textOf } from './requests.js'
import { dial } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nynja-drain-'))
  server = await startWireServer({ NYNJA_HTTP_PORT: '0', NYNJA_DATA_DIR: folder })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

function readyz(): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.http, path: '/readyz', agent }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.once('end', () => {
        resolve({ status: response.statusCode, text: text.trim() })
      })
    }).once('error', reject)
  })
}

/** Sent at once: all of them are on their way into the server when it acknowledges the first. */
const inFlight = 100

test('a server that is told to end answers what is in flight, is not ready meanwhile, and exits with 0', async () => {
  const [ann, bob] = [await register(server.mqtt, 'ann', '380670000001'), await register(server.mqtt, 'bob', '380670000002')]
  const [a, b] = [await come(server.mqtt, ann), await come(server.mqtt, bob)]
  await befriend([ann, a], [bob, b])
  expect(await readyz()).toEqual({ status: 200, text: 'ready' })

  const packets = Array.from({ length: inFlight }, (_, i) => {
    const payload = Buffer.from(encode(textMessage(ann, bob, `text ${String(i)}`), bert))
    return generate({ cmd: 'publish', topic: eventsTopic, payload, qos: 1, dup: false, retain: false, messageId: 1000 + i })
  })
  a.write(Buffer.concat(packets))
  await a.packets.take('the first PUBACK', ({ cmd }) => cmd === 'puback')
  server.signal('SIGTERM')
  await server.logged('draining')
  const during = readyz()
  for (let i = 1; i < inFlight; i++) await a.packets.take(`PUBACK ${String(i)}`, ({ cmd }) => cmd === 'puback')
  expect(await during).toEqual({ status: 503, text: 'not ready' })
  await Promise.all([a.closed, b.closed])
  expect(await server.exited).toBe(0)
  await dial(server.mqtt).closed

  // What was acknowledged and had not been delivered is owed still.
  const got = b.pushes.takeAll().map(textOf)
  server = await startWireServer({ NYNJA_DATA_DIR: folder })
  const again = await login(server.mqtt, bob)
  while (got.length < inFlight) {
    const push = await again.pushes.take('the rest', ({ topic }) => topic.startsWith('p2p/'))
    if (!push.dup || !got.includes(textOf(push))) got.push(textOf(push))
  }
  expect(got).toEqual(Array.from({ length: inFlight }, (_, i) => `text ${String(i)}`))
})
