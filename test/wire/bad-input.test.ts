/** A value of a kind that its field does not have, in every field of every request, over a real socket. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode as msgpack } from '@msgpack/msgpack'
import { decode, type Dialect, encode, errorCodeOf, record } from '../../protocol/index.js'
import { wireNameOf } from '../../protocol/registry.js'
import { routes } from '../../rpc/dispatcher.js'
import { type Account, befriend, come, eventsTopic, fence, recordOf, register, settle } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer
let ann: Account
let boris: Account
let friend: WireDevice

beforeAll(async () => {
  server = await startWireServer()
  ann = await register(server.mqtt, 'A1', '380670001234')
  boris = await register(server.mqtt, 'B1', '380670002234')
  friend = await come(server.mqtt, boris)
  const device = await come(server.mqtt, ann)
  await befriend([ann, device], [boris, friend])
  await device.disconnect()
  await settle(friend)
})
afterAll(() => server.close())

const writers = {
  json: (map: object): Buffer => Buffer.from(JSON.stringify(map)),
  msgpack: (map: object): Buffer => Buffer.from(msgpack(map)),
}
const kinds: readonly unknown[] = [true, 1, 1.5, 'no such atom', ['x'], {}, { tag: 'Nobody' }]

/** Every record that asks for something, with one field spoilt, as far as no record can be read from it. */
function spoilt(dialect: Dialect, write: (map: object) => Buffer): readonly Buffer[] {
  const tags = [...new Set(routes.map(({ tag }) => tag))]
  return tags.flatMap((tag) => {
    const layout = wireNameOf.get(tag)?.[dialect] ?? null
    if (layout === null) return []
    const status = Object.fromEntries(layout.names.includes('status') ? [['status', layout.shapes.at(-1)?.atoms?.wire[0]]] : [])
    return layout.names
      .flatMap((name) => kinds.map((value) => write({ ...status, tag, [name]: value })))
      .filter((payload) => decode(payload, dialect).kind === 'refusal')
  })
}

for (const dialect of ['v1', 'v11'] as const) {
  for (const codec of ['json', 'msgpack'] as const) {
    test(`${dialect}, ${codec}: each is refused once as invalid_data, nobody else hears of it, and nothing is changed`, async () => {
      const encoding = { codec, dialect }
      const device = dial(server.mqtt)
      const will = { topic: dialect === 'v1' ? 'version/1' : 'version/11', payload: Buffer.alloc(0) }
      await device.connect({ clientId: ann.clientId, password: ann.token, will })
      await fence(device, encoding)
      device.pushes.takeAll()
      await settle(friend)

      const ask = encode(record('Profile', { status: 'get' }), encoding)
      const profile = async () => {
        await device.publish(eventsTopic, ask, { qos: 1 })
        return recordOf(await device.pushes.take('the Profile'), dialect)
      }
      const before = await profile()
      const payloads = spoilt(dialect, writers[codec])
      expect(payloads.length).toBeGreaterThan(80)
      for (const payload of payloads) device.send({ cmd: 'publish', topic: eventsTopic, payload, qos: 0, dup: false, retain: false })
      await fence(device, encoding)

      const answers = device.pushes.takeAll().map((push) => errorCodeOf(recordOf(push, dialect)))
      expect(answers).toEqual(payloads.map(() => 'invalid_data'))
      expect(await profile()).toEqual(before)
      await fence(friend)
      // that she has come and gone is all he hears
      expect(
        friend.pushes
          .takeAll()
          .map(({ topic }) => topic)
          .filter((topic) => !topic.startsWith('ac/')),
      ).toEqual([])
      expect(device.isClosed).toBe(false)
      await device.disconnect()
    })
  }
}
