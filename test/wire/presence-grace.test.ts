/** A device whose connection breaks, as its friends see it: nothing if it is soon back, offline if it is not. */
import { afterEach, expect, test } from '@jest/globals'
import { type AnyRecord, decodePush, encode, record } from '../../protocol/index.js'
import { type Account, bert, eventsTopic, fence, register } from './requests.js'
import { dial, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let server: WireServer | undefined
const devices: WireDevice[] = []
afterEach(async () => {
  for (const device of devices.splice(0)) device.cut()
  await server?.close()
  server = undefined
})

async function login({ clientId, token }: Pick<Account, 'clientId' | 'token'>): Promise<WireDevice> {
  const device = dial(server?.mqtt ?? 0)
  devices.push(device)
  await device.connect({ clientId, password: token })
  await fence(device, bert)
  return device
}

/** Ann and Boris are friends, and connected. */
async function friends(graceMs: number) {
  server = await startWireServer({ NYNJA_PRESENCE_GRACE_MS: String(graceMs), NYNJA_NODES: '1' })
  const [ann, boris] = [await register(server.mqtt, 'A1', '380670001234'), await register(server.mqtt, 'B1', '380670002234')]
  const [phone, other] = [await login(ann), await login(boris)]
  const friend = (parts: Parameters<typeof record<'Friend'>>[1]) => encode(record('Friend', parts), bert)
  await phone.publish(eventsTopic, friend({ phone_id: ann.phoneId, friend_id: boris.phoneId, status: 'request' }))
  await other.publish(eventsTopic, friend({ phone_id: boris.phoneId, friend_id: ann.phoneId, status: 'confirm' }))
  await fence(phone, bert)
  await fence(other, bert)
  other.pushes.takeAll()
  const topic = `ac/${ann.phoneId}`
  const presences = async (count: number): Promise<unknown[]> => {
    const told: unknown[] = []
    while (told.length < count) {
      const push = await other.pushes.take('a presence', (one) => one.topic === topic)
      const decoded = decodePush(Buffer.from(push.payload), 'v1')
      if (decoded.kind === 'record') told.push((decoded.record as AnyRecord & { readonly tag: 'Contact' }).presence)
    }
    return told
  }
  return { ann, phone, other, presences }
}

test('a device that is back within the grace was never away', async () => {
  const { ann, phone, other, presences } = await friends(600_000)
  phone.cut()
  const again = await login(ann)
  again.cut()
  const last = await login(ann)
  await last.disconnect()
  // Whatever had been told of it would have come before.
  expect(await presences(1)).toEqual(['offline'])
  await fence(other, bert)
  expect(other.pushes.takeAll()).toEqual([])
})

test('a device that is not back after the grace is offline', async () => {
  const { ann, phone, presences } = await friends(300)
  phone.cut()
  expect(await presences(1)).toEqual(['offline'])
  await login(ann)
  expect(await presences(1)).toEqual(['online'])
})

test('sixty times come and gone costs a friend a few notices', async () => {
  const { ann, phone, other, presences } = await friends(600_000)
  await phone.disconnect()
  for (let i = 0; i < 59; i++) await (await login(ann)).disconnect()
  const last = await login(ann)
  // What Ann's devices have led to is behind them; Boris has all of it before the answer to a request of his.
  await fence(last, bert)
  expect(await presences(4)).toEqual(['offline', 'online', 'offline', 'online'])
  await fence(other, bert)
  expect(other.pushes.takeAll()).toEqual([])
})
