/**
 * An account moves from number to number, and is removed at last, while the process is killed: wherever the kill falls, everybody finds the
 * account whole, under the old name or the new one, and those who were away are told of each move once.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import { type AnyRecord, encode, p2pFeed, type Profile, record, type RecordOf } from '../../protocol/index.js'
import { parsePhoneId } from '../../topics/index.js'
import {
  type Account,
  befriend,
  bert,
  come,
  eventsTopic,
  recordOf,
  register,
  request,
  settle,
  takeRecord,
  textMessage,
  textOf,
} from '../wire/requests.js'
import { dial, type WireDevice } from '../wire/wire-device.js'
import { testCode } from '../wire/wire-server.js'
import { type MortalServer, newMortalServer } from './mortal-server.js'
import { fromEnvironment, newSeeded } from './seeded.js'

const rounds = fromEnvironment('NYNJA_FAULT_ROUNDS', 5)
const seed = fromEnvironment('NYNJA_FAULT_SEED', 1)
const roomName = 'movers'

let server: MortalServer
beforeAll(async () => {
  server = await newMortalServer()
  await server.start()
})
afterAll(() => server.close())

/** Turns of the event loop after which the kill falls: before, while, or after the server works at it. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Asks, and takes the next record of that tag from what comes; the rest stays. */
async function ask<T extends AnyRecord['tag']>(device: WireDevice, asked: AnyRecord, tag: T): Promise<RecordOf<T>> {
  await request(device, asked)
  return recordOf(await device.pushes.take(tag, (push) => recordOf(push).tag === tag)) as RecordOf<T>
}

interface Seen {
  readonly phone: string
  /** Of the first roster: who is in it. */
  readonly contacts: readonly string[]
  readonly rooms: number
}

function seenIn({ phone, rosters }: Profile): Seen {
  const [roster] = rosters
  if (typeof roster !== 'object') throw new Error('a profile has a roster')
  const contacts = roster.userlist.flatMap((one) => (typeof one === 'object' ? [one.phone_id ?? ''] : []))
  return { phone: phone ?? '', contacts: contacts.sort(), rooms: roster.roomlist.length }
}

/** Connects a device, and tells what the Profile of its login shows. */
async function look(account: Account): Promise<{ readonly device: WireDevice; readonly seen: Seen }> {
  const device = dial(server.mqtt)
  const { returnCode } = await device.connect({ clientId: account.clientId, password: account.token })
  if (returnCode !== 0) throw new Error(`refused with ${String(returnCode)}`)
  return { device, seen: seenIn(await takeRecord(device, 'Profile')) }
}

/** What of a contact was pushed: its name and status; presence has none. */
function toldOf(push: IPublishPacket): string | undefined {
  const one = recordOf(push)
  return one.tag === 'Contact' && one.status !== null ? `${one.phone_id ?? ''} ${one.status}` : undefined
}

const nextTold = async (device: WireDevice): Promise<string | undefined> =>
  toldOf(await device.pushes.take('a contact', (push) => toldOf(push) !== undefined))

async function textsOf(device: WireDevice, owner: string, other: string): Promise<readonly string[]> {
  const feed = p2pFeed(parsePhoneId(owner)!, parsePhoneId(other)!)
  const { data } = await ask(device, record('History', { roster_id: owner, feed, size: 100, entity_id: 0, status: 'get' }), 'History')
  return data.flatMap((one) =>
    one.tag === 'Message' && one.status === 'sent' ? [`${one.from ?? ''}: ${one.files[0]?.payload ?? ''}`] : [],
  )
}

test(`an account is found whole through ${String(rounds)} kills while it moves, and one while it is removed`, async () => {
  const random = newSeeded(seed)
  const [a, b] = [await register(server.mqtt, 'mover', '380675000000'), await register(server.mqtt, 'friend', '380675900000')]
  const rosterId = a.phoneId.split('_')[1] ?? ''
  await meet(a, b)
  const outcomes = { old: 0, new: 0 }
  let number = a.phone
  let isPending = false
  for (let round = 1; round <= rounds; round++) {
    const wanted = `3806751${String(outcomes.new).padStart(5, '0')}`
    const device = await come(server.mqtt, a)
    // A code that was sent in an earlier life is still good.
    if (!isPending)
      expect(await ask(device, record('Profile', { phone: wanted, status: 'migrate' }), 'io')).toMatchObject({
        code: { code: 'migration' },
      })
    const services = [record('Service', { type: 'email', login: wanted, password: testCode })]
    const payload = encode(record('Profile', { phone: wanted, services, status: 'phone' }), bert)
    // The first kills fall everywhere; the last waits until the move has been acknowledged, which must then last.
    device.publish(eventsTopic, payload).catch(() => undefined)
    if (round === rounds) await takeRecord(device, 'Profile')
    else await turns(2 ** random.integer(4, 16))
    await server.kill()
    await server.start()

    const mover = await look(a)
    expect([number, wanted]).toContain(mover.seen.phone)
    const hasMoved = mover.seen.phone === wanted
    if (round === rounds) expect(hasMoved).toBe(true)
    outcomes[hasMoved ? 'new' : 'old']++
    isPending = !hasMoved
    const [was, is] = [`${number}_${rosterId}`, `${mover.seen.phone}_${rosterId}`]
    const friend = await look(b)
    expect(mover.seen).toEqual({ phone: mover.seen.phone, contacts: [is, b.phoneId].sort(), rooms: 1 })
    expect(friend.seen).toEqual({ phone: b.phone, contacts: [is, b.phoneId].sort(), rooms: 1 })
    if (hasMoved) expect([await nextTold(friend.device), await nextTold(friend.device)]).toEqual([`${was} deleted`, `${is} friend`])
    const said = [`${is}: from the mover`, `${b.phoneId}: from the friend`]
    expect(await textsOf(mover.device, is, b.phoneId)).toEqual(said)
    expect(await textsOf(friend.device, b.phoneId, is)).toEqual(said)
    // By now a friend would have been told whatever there is to tell.
    expect(
      friend.device.pushes
        .takeAll()
        .map(toldOf)
        .filter((told) => told !== undefined),
    ).toEqual([])
    number = mover.seen.phone
    await mover.device.disconnect()
    await friend.device.disconnect()
  }
  process.stdout.write(`moves killed, seed ${String(seed)}: ${JSON.stringify(outcomes)}\n`)

  const device = await come(server.mqtt, a)
  device.publish(eventsTopic, encode(record('Profile', { status: 'remove' }), bert)).catch(() => undefined)
  await turns(2 ** random.integer(4, 16))
  await server.kill()
  await server.start()
  const friend = await look(b)
  const again = dial(server.mqtt)
  const { returnCode } = await again.connect({ clientId: a.clientId, password: a.token })
  again.cut()
  const name = `${number}_${rosterId}`
  // Removed altogether, or not at all.
  expect([returnCode, friend.seen.contacts.includes(name)]).toEqual(returnCode === 4 ? [4, false] : [0, true])
  if (returnCode === 4) expect(await nextTold(friend.device)).toBe(`${name} deleted`)
  expect(server.faults).toEqual([])
})

/** They are friends, share a room, and have each said something. */
async function meet(a: Account, b: Account): Promise<void> {
  const [one, other] = [await come(server.mqtt, a), await come(server.mqtt, b)]
  await befriend([a, one], [b, other])
  await request(
    one,
    record('Room', { id: roomName, name: 'Movers', type: 'group', members: [record('Member', { phone_id: b.phoneId })], status: 'create' }),
  )
  await settle(one, other)
  for (const [device, from, to, text] of [
    [one, a, b, 'from the mover'],
    [other, b, a, 'from the friend'],
  ] as const) {
    await request(device, textMessage(from, to, text))
    await other.pushes.take(text, (push) => push.topic.startsWith('p2p/') && textOf(push) === text)
  }
  await settle(one, other)
  await one.disconnect()
  await other.disconnect()
}
