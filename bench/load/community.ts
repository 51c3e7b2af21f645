import { logIn, register, request, type Account, type Device } from './device.js'
import { inParallel } from './parallel.js'
import { friend, roomAdd, roomCreate } from './requests.js'
import { atomName, field, recordName } from './term.js'
import { testCode, testNumbers } from '../peers/nynja.js'

/** People of a scenario, made over the wire with the public protocol. */

const parallelRequests = 24
const roomBatch = 100

/** Registers `count` new phones; `firstNumber` keeps scenarios on one server apart. */
export function registerAll(port: number, count: number, firstNumber = 0): Promise<Account[]> {
  const phones = Array.from({ length: count }, (_, index) => `${testNumbers}${String(firstNumber + index).padStart(8, '0')}`)
  return inParallel('registrations', phones, parallelRequests, (phone) => register(port, phone, testCode))
}

export function logInAll(port: number, accounts: readonly Account[]): Promise<Device[]> {
  return inParallel('logins', accounts, parallelRequests, (account) => logIn(port, account))
}

/** One after the other, request and confirmation; both devices see the friendship before this returns. */
export async function befriend(a: Device, b: Device): Promise<void> {
  const [idA, idB] = [a.account.phoneId, b.account.phoneId]
  request(a, friend(idA, idB, 'request'))
  await contactPush(b, idA, 'authorization')
  request(b, friend(idB, idA, 'confirm'))
  await Promise.all([contactPush(a, idB, 'friend'), contactPush(b, idA, 'friend')])
}

/** Makes every friend a friend of `owner`. They take turns, because the owner's mail is read in order. */
export async function befriendAll(owner: Device, friends: readonly Device[]): Promise<void> {
  await inParallel('friendships', friends, 1, (other) => befriend(owner, other))
}

/** A group of `owner` and his friends, all of whom must be connected. */
export async function gather(room: string, owner: Device, friends: readonly Device[]): Promise<void> {
  const ids = friends.map(({ account }) => account.phoneId)
  request(owner, roomCreate(room, 'Bench', ids.slice(0, roomBatch)))
  await roomPush(owner, 'create')
  for (let at = roomBatch; at < ids.length; at += roomBatch) {
    request(owner, roomAdd(room, ids.slice(at, at + roomBatch)))
    await roomPush(owner, 'add')
  }
}

async function contactPush(device: Device, phoneId: string, status: string): Promise<void> {
  await device.mailbox.take(`${device.account.phoneId} sees ${phoneId} as ${status}`, ({ term }) => {
    return recordName(term) === 'Contact' && field(term, 1) === phoneId && atomName(field(term, 14)) === status
  })
}

async function roomPush(device: Device, status: string): Promise<void> {
  await device.mailbox.take(`Room ${status}`, ({ term }) => recordName(term) === 'Room' && atomName(field(term, 15)) === status)
}
