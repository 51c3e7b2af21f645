/** What an inbox keeps, and what it drops, of what comes while a device is away. @see docs/protocol/topics.md 11; docs/decisions/0167 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, type Io, missedIn, record } from '../../protocol/index.js'
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
  textMessage,
  textOf,
} from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const limit = 40
const room = 'reading-club'

let server: WireServer
let receiver: PushReceiver
let accounts: Account[]
let devices: WireDevice[]

beforeAll(async () => {
  receiver = await startPushReceiver()
  server = await startWireServer({
    ...receiver.environment,
    NYNJA_HTTP_PORT: '0',
    NYNJA_INBOX_ENTRIES: String(limit),
    NYNJA_PUSH_GRACE_MS: '3000',
    // The grace of a loss is no matter here: who is cut off is away.
    NYNJA_PRESENCE_GRACE_MS: '0',
  })
  accounts = []
  devices = []
  for (const name of ['ann', 'bob', 'r1', 'r2', 'r3', 'r4']) {
    const account = await register(server.mqtt, name, `38067300000${String(accounts.length)}`)
    accounts.push(account)
    devices.push(await come(server.mqtt, account))
  }
  await befriend([accounts[0]!, devices[0]!], [accounts[1]!, devices[1]!])
  for (const [i, reader] of accounts.slice(2).entries()) await befriend([accounts[0]!, devices[0]!], [reader, devices[i + 2]!])
  const members = accounts.slice(1).map(({ phoneId }) => record('Member', { phone_id: phoneId }))
  await request(devices[0]!, record('Room', { id: room, name: 'Club', type: 'group', members, status: 'create' }))
  await settle(...devices)
})
afterAll(async () => {
  await server.close()
  await receiver.close()
})

const feed = record('muc', { name: room })

/** Says something in the room; resolves to its id. */
async function says(who: number, text: string): Promise<number> {
  const files = [record('Desc', { id: 'd', mime: 'text', payload: text })]
  await request(devices[who]!, record('Message', { from: accounts[who]!.phoneId, to: room, msg_id: text, files, status: 'client' }))
  const said = recordOf(await devices[who]!.pushes.take(text, (one) => one.topic === `room/${room}` && textOf(one) === text))
  return said.tag === 'Message' ? (said.id ?? 0) : 0
}

async function reads(who: number, id: number): Promise<void> {
  const cursor = record('History', { roster_id: accounts[who]!.phoneId, feed, entity_id: id, status: 'update' })
  await devices[who]!.publish(eventsTopic, encode(cursor, bert), { qos: 1 })
}

async function tells(from: number, to: number, text: string): Promise<void> {
  await devices[from]!.publish(eventsTopic, encode(textMessage(accounts[from]!, accounts[to]!, text), bert), { qos: 1 })
}

/** What bob is given when he comes back, up to the last that was said: texts, receipts. @param last said when he is back, unless it is given */
async function comesBack(last?: string): Promise<{ readonly texts: (string | undefined)[]; readonly receipts: number }> {
  devices[1] = await login(server.mqtt, accounts[1]!)
  await devices[1].pushes.take('the Profile', (push) => recordOf(push).tag === 'Profile')
  const end = last ?? `that is all, ${String(Math.random())}`
  if (last === undefined) await tells(0, 1, end)
  const found: ReturnType<typeof recordOf>[] = []
  const texts: (string | undefined)[] = []
  for (;;) {
    const push = await devices[1].pushes.take('what waits')
    found.push(recordOf(push))
    if (textOf(push) === end) break
    if (textOf(push) !== undefined) texts.push(textOf(push))
  }
  return { texts, receipts: found.filter((one) => one.tag === 'History' && one.status === 'updated').length }
}

const isMissed = (push: Parameters<typeof recordOf>[0]): boolean => {
  const found = recordOf(push)
  return found.tag === 'io' && missedIn(found).length > 0
}

/** What has been dropped so far, of messages and of news. */
async function drops(kind: 'message' | 'news'): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(server.admin)}/metrics`)).text()
  return Number(new RegExp(`^nynja_inbox_drops_total\\{class="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN)
}

test('four readers follow eleven messages while a member is away: all messages are there, and the last receipt of each', async () => {
  await devices[1]!.disconnect()
  await tells(0, 1, 'private')
  const said: string[] = []
  for (let i = 1; i <= 11; i++) {
    const id = await says(0, `message ${String(i)}`)
    said.push(`message ${String(i)}`)
    for (const reader of [2, 3, 4, 5]) await reads(reader, id)
  }
  await settle(...devices.filter((_, who) => who !== 1))
  const { texts, receipts } = await comesBack()
  expect(texts).toEqual(['private', ...said])
  expect(receipts).toBe(4)
})

test('a cursor that does not move is answered to its own device, and told to nobody else', async () => {
  const id = await says(0, 'read me')
  await reads(2, id)
  await settle(...devices)
  await devices[1]!.disconnect()
  await tells(0, 1, 'kept')
  for (let i = 0; i < 45; i++) await reads(2, id)
  const answers = devices[2]!.pushes
  for (let i = 0; i < 45; i++) {
    const answer = await answers.take('the state', ({ topic }) => topic === `ses/${accounts[2]!.phone}`)
    expect(recordOf(answer)).toMatchObject({ tag: 'Room', id: room, status: 'last_msg' })
  }
  await settle(devices[0]!)
  const { texts, receipts } = await comesBack()
  expect([texts, receipts]).toEqual([['kept'], 0])
})

test('what was dropped was not acknowledged: its notification goes out, its device is told, and drops are counted by class', async () => {
  const bob = (): WireDevice => devices[1]!
  const push = record('Auth', { type: 'push', push: 'the phone of bob', os: 'ios' })
  await bob().publish(eventsTopic, encode(push, bert), { qos: 1 })
  await bob().publish(eventsTopic, encode(record('Room', { id: room, status: 'mute' }), bert), { qos: 1 })
  await settle(devices[0]!, bob())
  await bob().disconnect()
  const begun = Date.now()
  const before = [await drops('message'), await drops('news')]
  await tells(0, 1, 'call me')
  let last = 0
  for (let i = 1; i <= limit; i++) last = await says(0, `noise ${String(i)}`)
  for (const reader of [2, 3]) await reads(reader, last)
  await settle(...devices.filter((_, who) => who !== 1))
  expect(await receiver.pushes.take('the notification', ({ feed: of }) => of.startsWith('p2p/'))).toMatchObject({
    ...{ kind: 'message', token: 'the phone of bob' },
  })
  // Nothing else has been told of: the room is muted.
  expect(receiver.pushes.items).toEqual([])
  const { texts, receipts } = await comesBack(`noise ${String(limit)}`)
  expect([texts[0], texts.length, receipts]).toEqual(['noise 1', limit - 1, 0])
  // Behind it he is told of which feed something is missing, once: it is acknowledged like all else.
  const told = await bob().pushes.take('what is missing', isMissed)
  const [missing, ...others] = missedIn(recordOf(told) as Io)
  expect([missing?.feed, others]).toEqual([['p2p', ...[accounts[0]!.phoneId, accounts[1]!.phoneId].sort()].join('/'), []])
  expect(missing?.since).toBeGreaterThanOrEqual(begun)
  expect(missing?.since).toBeLessThanOrEqual(Date.now())
  await bob().disconnect()
  await comesBack()
  await settle(bob())
  // Workers tell what they have counted once a second.
  for (;;) {
    const counted = [await drops('message'), await drops('news')].map((now, i) => now - (before[i] ?? 0))
    if (counted[0] === 1 && counted[1] === 2) break
    expect(counted[0]).toBeLessThanOrEqual(1)
    expect(counted[1]).toBeLessThanOrEqual(2)
    await new Promise((resolve) => setImmediate(resolve))
  }
})
