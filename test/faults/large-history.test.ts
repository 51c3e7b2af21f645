/** One device asks for five megabytes of history, 24 times at once, of workers that have far less memory than all of that takes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { encode, limits, record, type RecordOf } from '../../protocol/index.js'
import { selectNode } from '../../topics/index.js'
import { type Account, bert, come, eventsTopic, fence, recordOf, register, textMessage } from '../wire/requests.js'
import type { WireDevice } from '../wire/wire-device.js'
import { type MortalServer, newMortalServer } from './mortal-server.js'

/** With all that a page is made into, many times what a worker has. */
const times = 24

let server: MortalServer
let mallory: Account
let ann: Account
beforeAll(async () => {
  server = await newMortalServer({ NODE_OPTIONS: '--max-old-space-size=48', NYNJA_NODES: '1' })
  await server.start()
  mallory = await register(server.mqtt, 'mallory', '380672220001')
  ann = await register(server.mqtt, 'ann', '380672220002')
})
afterAll(() => server.close())

/** 60 KB in one message to oneself. */
function largeNote(of: Account, i: number): RecordOf<'Message'> {
  const files = Array.from({ length: 4 }, (_, part) => record('Desc', { id: String(part), payload: 'x'.repeat(15_000) }))
  return { ...textMessage(of, of, String(i)), files }
}

function publishes(device: WireDevice, payloads: readonly Uint8Array[]): { readonly ids: readonly number[]; readonly bytes: Buffer } {
  const ids = payloads.map(() => device.nextId())
  const packets = payloads.map((payload, i) =>
    generate({ cmd: 'publish', topic: eventsTopic, payload: Buffer.from(payload), qos: 1, dup: false, retain: false, messageId: ids[i]! }),
  )
  return { ids, bytes: Buffer.concat(packets) }
}

/** Publishes at QoS 1, all in one write. Resolves when all are acknowledged. */
async function burst(device: WireDevice, payloads: readonly Uint8Array[]): Promise<void> {
  const { ids, bytes } = publishes(device, payloads)
  device.write(bytes)
  for (const id of ids) await device.packets.take('PUBACK', ({ cmd, messageId }) => cmd === 'puback' && messageId === id)
}

test('no worker dies of it, and other devices, and later the same, are served as ever', async () => {
  expect(selectNode(ann.clientId, 1)).toBe(selectNode(mallory.clientId, 1))
  const [device, other] = [await come(server.mqtt, mallory), await come(server.mqtt, ann)]
  for (let from = 0; from < 90; from += 10) {
    await burst(
      device,
      Array.from({ length: 10 }, (_, i) => encode(largeNote(mallory, from + i), bert)),
    )
  }
  device.pushes.takeAll()
  const { phoneId } = mallory
  const asked = record('History', { roster_id: phoneId, feed: record('p2p', { from: phoneId, to: phoneId }), size: -1_000, status: 'get' })
  // All of it is more than may be left unread: its connection may be ended for it, though what it has asked is under way.
  device.write(
    publishes(
      device,
      Array.from({ length: times }, () => encode(asked, bert)),
    ).bytes,
  )
  await burst(
    other,
    Array.from({ length: 20 }, (_, i) => encode(textMessage(ann, ann, `note ${String(i)}`), bert)),
  )
  // Behind its own work, and answered as ever.
  const again = await come(server.mqtt, mallory)
  await burst(again, [encode(asked, bert)])
  await fence(again)
  expect(await server.metric('nynja_worker_restarts_total')).toBe(0)
  const answers = again.pushes
    .takeAll()
    .map((push) => recordOf(push))
    .filter(({ tag }) => tag === 'History')
  expect(answers.length).toBe(Math.floor(limits.historyPageBytes / 60_400))
})
