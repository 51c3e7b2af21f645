import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type AnyRecord, encode, type Encoding, record } from '../../protocol/index.js'
import { eventually, readMetric } from '../faults/mortal-server.js'
import { type PushReceiver, startPushReceiver } from './push-receiver.js'
import { type Account, befriend, bert, come, eventsTopic, register, settle, takeRecord, textMessage } from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const graceMs = 300

let server: WireServer
let receiver: PushReceiver
beforeAll(async () => {
  receiver = await startPushReceiver()
  server = await startWireServer({ NYNJA_HTTP_PORT: '0', NYNJA_PUSH_GRACE_MS: String(graceMs), ...receiver.environment })
})
afterEach(() => {
  receiver.status = 200
})
afterAll(async () => {
  await server.close()
  await receiver.close()
})

/** At QoS 1: what it leads to has been committed when it is acknowledged. */
const ask = (device: WireDevice, asked: AnyRecord, encoding: Encoding = bert): Promise<void> =>
  device.publish(eventsTopic, encode(asked, encoding), { qos: 1 })

let people = 0

interface Person {
  readonly account: Account
  readonly device: WireDevice
  readonly token: string
}

/** Someone with a device that is connected and, if told so, has a push token. */
async function person({ hasToken = true, encoding = bert }: { hasToken?: boolean; encoding?: Encoding } = {}): Promise<Person> {
  const number = String(++people)
  const account = await register(server.mqtt, `push${number}`, `3806755500${number.padStart(2, '0')}`)
  const device = await come(server.mqtt, account)
  const token = `token of ${number}`
  if (hasToken) await ask(device, record('Auth', { type: 'push', push: token, os: 'android' }), encoding)
  await settle(device)
  return { account, device, token }
}

/** Friends, the first of whom writes to the others. */
async function friends(count: number): Promise<readonly Person[]> {
  const all: Person[] = []
  for (let i = 0; i < count; i++) all.push(await person())
  const [first, ...others] = all as [Person, ...Person[]]
  for (const other of others) await befriend([first.account, first.device], [other.account, other.device])
  return all
}

const mine = (token: string) => (note: { readonly token: string }) => note.token === token
const feedOf = (a: Account, b: Account): string => `p2p/${[a.phoneId, b.phoneId].sort().join('/')}`

/** What the devices have been told of by now: a message to `witness`, who is away, is notified of after all that was sent before. */
async function notifiedBefore(sender: Person, witness: Person): Promise<readonly string[]> {
  await ask(sender.device, textMessage(sender.account, witness.account, `to the witness ${String(Math.random())}`))
  await receiver.pushes.take('the push of the witness', mine(witness.token))
  return receiver.pushes.takeAll().map(({ token }) => token)
}

const metric = (outcome: string): Promise<number> => readMetricOf(`outcome="${outcome}"`)

async function readMetricOf(label: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(server.admin)}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith('nynja_push_total{') && line.includes(label))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

describe('a person who is away', () => {
  test('is notified of a message, once, and told where to look and nothing more', async () => {
    const [ann, boris] = (await friends(2)) as [Person, Person]
    await boris.device.disconnect()
    await ask(ann.device, textMessage(ann.account, boris.account, 'a secret word'))
    const note = await receiver.pushes.take('a push', mine(boris.token))
    expect(note).toEqual({
      token: boris.token,
      os: 'android',
      kind: 'message',
      feed: feedOf(ann.account, boris.account),
      from: ann.account.phoneId,
      to: boris.account.phoneId,
      message: expect.any(Number),
      unread: 1,
      name: null,
      text: null,
      collapse: expect.stringMatching(/^[\w-]{32}$/),
      lifeSeconds: expect.any(Number),
    })
    await ask(ann.device, textMessage(ann.account, boris.account, 'another'))
    const next = await receiver.pushes.take('the next push', mine(boris.token))
    expect(next).toMatchObject({ unread: 2, collapse: note.collapse })
    expect(next.message).toBeGreaterThan(note.message)
    await ann.device.disconnect()
  })

  test('is notified of a friend request', async () => {
    const [ann, boris] = [await person(), await person()]
    await boris.device.disconnect()
    await ask(ann.device, record('Friend', { phone_id: ann.account.phoneId, friend_id: boris.account.phoneId, status: 'request' }))
    const note = await receiver.pushes.take('a push', mine(boris.token))
    expect(note).toMatchObject({ kind: 'request', from: ann.account.phoneId, to: boris.account.phoneId, message: 0, unread: null })
    await ann.device.disconnect()
  })

  test('is notified of a message in a room, unless the room is muted; its author never is', async () => {
    const [ann, boris, clara, dora] = (await friends(4)) as [Person, Person, Person, Person]
    const members = [boris, clara].map(({ account }) => record('Member', { phone_id: account.phoneId, status: 'member' }))
    const room = `room${String(people)}`
    await ask(ann.device, record('Room', { id: room, name: 'Town', type: 'group', members, status: 'create' }))
    await ask(clara.device, record('Room', { id: room, status: 'mute' }))
    await settle(ann.device, boris.device, clara.device)
    for (const { device } of [boris, clara, dora]) await device.disconnect()
    const posted = record('Message', {
      feed_id: record('muc', { name: room }),
      from: ann.account.phoneId,
      to: room,
      msg_id: 'm',
      files: [record('Desc', { id: 'd', payload: 'hello' })],
      status: 'client',
    })
    await ask(ann.device, posted)
    expect(await receiver.pushes.take('a push', mine(boris.token))).toMatchObject({ kind: 'message', feed: `room/${room}`, unread: 1 })
    expect(await notifiedBefore(ann, dora)).toEqual([])
    await ann.device.disconnect()
  })

  test('is not notified of what it has muted', async () => {
    const [ann, boris, witness] = (await friends(3)) as [Person, Person, Person]
    await ask(boris.device, record('Friend', { phone_id: boris.account.phoneId, friend_id: ann.account.phoneId, status: 'mute' }))
    await settle(boris.device)
    await boris.device.disconnect()
    await witness.device.disconnect()
    await ask(ann.device, textMessage(ann.account, boris.account, 'unheard'))
    expect(await notifiedBefore(ann, witness)).toEqual([])
    await ann.device.disconnect()
  })

  test('is not notified of a message that was deleted in time', async () => {
    const [ann, boris, witness] = (await friends(3)) as [Person, Person, Person]
    for (const { device } of [boris, witness]) await device.disconnect()
    ann.device.pushes.takeAll()
    await ask(ann.device, textMessage(ann.account, boris.account, 'a slip'))
    const { id } = await takeRecord(ann.device, 'Message')
    await ask(ann.device, record('Message', { id, files: [], status: 'edit' }))
    expect(await notifiedBefore(ann, witness)).toEqual([])
    await ann.device.disconnect()
  })

  test('is not notified after it has taken its push token back', async () => {
    const [ann, boris, witness] = (await friends(3)) as [Person, Person, Person]
    await ask(boris.device, record('Auth', { type: 'push', push: '', os: 'android' }))
    for (const { device } of [boris, witness]) await device.disconnect()
    await ask(ann.device, textMessage(ann.account, boris.account, 'unheard'))
    expect(await notifiedBefore(ann, witness)).toEqual([])
    await ann.device.disconnect()
  })
})

test('a handset that another account has taken over rings for its new user alone', async () => {
  const [ann, boris, dora, witness] = (await friends(4)) as [Person, Person, Person, Person]
  await boris.device.disconnect()
  await ask(dora.device, record('Auth', { type: 'push', push: boris.token, os: 'android' }))
  await settle(dora.device)
  for (const { device } of [dora, witness]) await device.disconnect()
  await ask(ann.device, textMessage(ann.account, boris.account, 'for Boris alone'))
  await ask(ann.device, textMessage(ann.account, dora.account, 'for Dora'))
  expect(await receiver.pushes.take('a push', mine(boris.token))).toMatchObject({ to: dora.account.phoneId })
  expect(await notifiedBefore(ann, witness)).toEqual([])
  await ann.device.disconnect()
})

test('nobody is notified of what one of his devices has acknowledged', async () => {
  const [ann, boris, witness] = (await friends(3)) as [Person, Person, Person]
  // A second device of Boris is away; the first one acknowledges.
  const second = await register(server.mqtt, 'second', boris.account.phone)
  const tablet = await come(server.mqtt, second)
  await ask(tablet, record('Auth', { type: 'push', push: 'tablet', os: 'ios' }))
  await tablet.disconnect()
  await witness.device.disconnect()
  const before = await metric('acknowledged')
  await ask(ann.device, textMessage(ann.account, boris.account, 'seen'))
  expect(await notifiedBefore(ann, witness)).toEqual([])
  // Friend requests of a moment ago may be counted with it.
  await eventually('it is counted', async () => (await metric('acknowledged')) > before)
  // Nor by a device that is connected and does not acknowledge: both are notified.
  boris.device.acknowledges = false
  await ask(ann.device, textMessage(ann.account, boris.account, 'unseen'))
  await receiver.pushes.take('the push of the first device', mine(boris.token))
  expect(await receiver.pushes.take('the push of the second', mine('tablet'))).toMatchObject({ os: 'ios' })
  boris.device.cut()
  await ann.device.disconnect()
})

test('a token that the service does not know is removed from its session', async () => {
  const [ann, boris, witness] = (await friends(3)) as [Person, Person, Person]
  for (const { device } of [boris, witness]) await device.disconnect()
  const before = await metric('invalid')
  receiver.status = 410
  await ask(ann.device, textMessage(ann.account, boris.account, 'to nowhere'))
  await receiver.turnedDown.take('the push', mine(boris.token))
  await eventually('it is counted', async () => (await metric('invalid')) === before + 1)
  receiver.status = 200
  const again = await come(server.mqtt, boris.account)
  await eventually('the session has no token', async () => {
    await ask(again, record('Auth', { type: 'list' }))
    return (await takeRecord(again, 'Auth')).push === null
  })
  await again.disconnect()
  await ask(ann.device, textMessage(ann.account, boris.account, 'unheard'))
  expect(await notifiedBefore(ann, witness)).toEqual([])
  await ann.device.disconnect()
})

test('a service that is down is asked again, and what waits can be seen', async () => {
  const [ann, boris] = (await friends(2)) as [Person, Person]
  await boris.device.disconnect()
  receiver.status = 503
  await ask(ann.device, textMessage(ann.account, boris.account, 'later'))
  const first = await receiver.turnedDown.take('the first attempt', mine(boris.token))
  await eventually('it waits', async () => (await readMetric(server.admin, 'nynja_outbox_entries')) === 1)
  await eventually('the attempt is counted', async () => (await metric('retried')) > 0)
  receiver.status = 200
  expect(await receiver.pushes.take('another attempt', mine(boris.token))).toMatchObject({ message: first.message })
  await eventually('nothing waits', async () => (await readMetric(server.admin, 'nynja_outbox_entries')) === 0)
  await ann.device.disconnect()
})

for (const dialect of ['v1', 'v11'] as const)
  for (const codec of ['bert', 'json'] as const)
    test(`a token given in ${dialect} by ${codec} is one`, async () => {
      const [ann] = (await friends(1)) as [Person]
      const boris = await person({ encoding: { codec, dialect } })
      await befriend([ann.account, ann.device], [boris.account, boris.device])
      await boris.device.disconnect()
      await ask(ann.device, textMessage(ann.account, boris.account, 'hello'))
      await receiver.pushes.take('a push', mine(boris.token))
      await ann.device.disconnect()
    })
