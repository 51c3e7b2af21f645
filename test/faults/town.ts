import { type AnyRecord, encode, feedName, type History, type Muc, type P2p, p2pFeed, record, roomFeed } from '../../protocol/index.js'
import { parsePhoneId, parseRoomId } from '../../topics/index.js'
import { newMailbox, type Mailbox } from '../wire/mailbox.js'
import { type Account, befriend, bert, come, eventsTopic, recordOf, register, request, settle } from '../wire/requests.js'
import type { WireDevice } from '../wire/wire-device.js'
import type { Ledger } from './ledger.js'
import { newSessionDevice, type SessionDevice, type SessionWorld } from './session-device.js'

/** A chat or a room, and who is in it by place in the town. */
export interface TownFeed {
  readonly name: string
  readonly key: P2p | Muc
  readonly members: readonly number[]
}

/** One account with one device. */
export interface Citizen {
  readonly name: string
  readonly account: Account
  readonly device: SessionDevice
  /** What came on its `actions` topic. */
  readonly answers: Mailbox<AnyRecord>
}

/** Accounts who know each other: the first two are friends, the next two, and so on, and one room holds all of them. */
export interface Town {
  readonly citizens: readonly Citizen[]
  readonly chats: readonly TownFeed[]
  readonly room: TownFeed
  /** All session devices, those that are not connected. */
  connect(port: number): Promise<void>
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a town was built wrongly')
  return value
}

function feed(key: P2p | Muc, members: readonly number[]): TownFeed {
  return { name: required(feedName(key)), key, members }
}

/**
 * Registers an even number of accounts and makes them know each other; their session devices are connected.
 * @param phones begin so, ten digits follow
 * @param habits of all session devices
 */
export async function buildTown(
  port: number,
  size: number,
  ledger: Ledger,
  phones = '38067',
  habits: Pick<SessionWorld, 'keepaliveMs'> = {},
): Promise<Town> {
  const roomName = `town${phones}`
  const places = Array.from({ length: size }, (_, place) => place)
  const accounts = await Promise.all(
    places.map((place) => register(port, `town${phones}${String(place)}`, `${phones}${String(1_000_000 + place)}`)),
  )
  await introduce(port, accounts, roomName)
  const chats = places.filter((place) => place % 2 === 0).map((place) => chatOf(accounts, place, place + 1))
  const room = feed(roomFeed(required(parseRoomId(roomName))), places)
  const citizens = accounts.map((account, place) => newCitizen(account, place, ledger, habits))
  for (const one of [...chats, room])
    ledger.addFeed(
      one.name,
      one.members.map((place) => required(citizens[place]).name),
    )
  const town: Town = {
    citizens,
    chats,
    room,
    async connect(at) {
      await Promise.all(citizens.filter(({ device }) => !device.isConnected).map(({ device }) => device.connect(at)))
    },
  }
  await town.connect(port)
  return town
}

function chatOf(accounts: readonly Account[], left: number, right: number): TownFeed {
  const [a, b] = [left, right].map((place) => required(parsePhoneId(required(accounts[place]).phoneId)))
  return feed(p2pFeed(required(a), required(b)), [left, right])
}

/** The friendships and the room. The first is everybody's friend, for only friends can be put into a room. */
async function introduce(port: number, accounts: readonly Account[], roomName: string): Promise<void> {
  const devices = await Promise.all(accounts.map((account) => come(port, account)))
  const person = (place: number): readonly [Account, WireDevice] => [required(accounts[place]), required(devices[place])]
  for (let place = 1; place < accounts.length; place++) await befriend(person(0), person(place))
  for (let place = 2; place < accounts.length; place += 2) await befriend(person(place), person(place + 1))
  const members = accounts.slice(1).map(({ phoneId }) => record('Member', { phone_id: phoneId, status: 'member' }))
  await request(person(0)[1], record('Room', { id: roomName, name: 'Town', type: 'group', members, status: 'create' }))
  await settle(...devices)
  await Promise.all(devices.map((device) => device.disconnect()))
}

function newCitizen(account: Account, place: number, ledger: Ledger, habits: Pick<SessionWorld, 'keepaliveMs'>): Citizen {
  const name = `d${String(place)}`
  const answers = newMailbox<AnyRecord>(({ tag }) => tag)
  const device = newSessionDevice(account, {
    ...habits,
    // Near the end of the packet ids, so that they come round.
    firstPacketId: 65_000 + 10 * place,
    onDelivery(packet) {
      if (packet.topic.startsWith('actions/')) answers.put(recordOf(packet))
      else ledger.deliver(name, packet)
    },
  })
  return { name, account, device, answers }
}

/** The texts of a feed, oldest first, as a member is told by History/get. */
export async function readHistory({ account, device, answers }: Citizen, { key }: TownFeed): Promise<string[]> {
  const texts: string[] = []
  let from = 0
  do {
    const asked = record('History', { roster_id: account.phoneId, feed: key, size: 100, entity_id: from, status: 'get' })
    await device.publish(eventsTopic, encode(asked, bert), 1)
    const page = (await answers.take('a page of history', (one) => one.tag === 'History' && one.entity_id === from)) as History
    for (const one of page.data) if (one.tag === 'Message' && one.status === 'sent') texts.push(one.files[0]?.payload ?? '')
    from = page.size ?? 0
  } while (from !== 0)
  return texts
}
