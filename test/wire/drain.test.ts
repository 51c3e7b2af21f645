/** SIGTERM: what has been read is answered, nothing new is taken, and the exit code is 0. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Agent, get } from 'node:http'
import { generate } from 'mqtt-packet'
import { encode } from '../../src/protocol/index.js'
import { befriend, bert, come, eventsTopic, register, textMessage, textOf } from './requests.js'
import { dial } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_HTTP_PORT: '0' })
})
afterAll(() => server.close())

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

/** Few enough to come to the server in one read: it has all of them when it acknowledges the first. */
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
  expect(await during).toEqual({ status: 503, text: 'draining' })
  await Promise.all([a.closed, b.closed])
  expect(b.pushes.takeAll().map(textOf)).toEqual(Array.from({ length: inFlight }, (_, i) => `text ${String(i)}`))
  expect(await server.exited).toBe(0)
  await dial(server.mqtt).closed
})
