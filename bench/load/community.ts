import { logIn, register, request, type Account, type Device } from './device.js'
import type { Fits } from './mailbox.js'
import { inParallel } from './parallel.js'
import { friend, roomAdd, roomCreate, textMessage } from './requests.js'
import { atomName, field, recordName, type Term } from './term.js'
import { testCode, testNumbers } from '../peers/nynja.js'

/** People of a scenario, made over the wire with the public protocol. */

const parallelRequests = 24
const roomBatch = 100

/** Registers `count` new phones; `firstNumber` keeps groups on one server apart. */
export function registerAll(port: number, count: number, firstNumber = 0): Promise<Account[]> {
  const phones = Array.from({ length: count }, (_, index) => `${testNumbers}${String(firstNumber + index).padStart(8, '0')}`)
  return inParallel('registrations', phones, parallelRequests, (phone) => register(port, phone, testCode))
}

export function logInAll(port: number, accounts: readonly Account[]): Promise<Device[]> {
  return inParallel('logins', accounts, parallelRequests, (account) => logIn(port, account))
}

/** Request and confirmation; returns when both devices have seen the friendship. */
export async function befriend(a: Device, b: Device): Promise<void> {
  const [idA, idB] = [a.account.phoneId, b.account.phoneId]
  const asked = b.mailbox.take(`request of ${idA} to ${idB}`, isContact(idA, 'authorization'))
  await request(a, friend(idA, idB, 'request'))
  await asked
  const seen = [
    a.mailbox.take(`friendship of ${idA} with ${idB}`, isContact(idB, 'friend')),
    b.mailbox.take(`friendship of ${idB} with ${idA}`, isContact(idA, 'friend'), ({ term }) => recordName(term) === 'io'),
  ]
  await request(b, friend(idB, idA, 'confirm'))
  await Promise.all(seen)
}

/** A group of `owner` and his friends, all of whom must be connected. */
export async function gather(room: string, owner: Device, friends: readonly Device[]): Promise<void> {
  const ids = friends.map(({ account }) => account.phoneId)
  const created = owner.mailbox.take('Room create', isRoom('create'))
  await request(owner, roomCreate(room, 'Bench', ids.slice(0, roomBatch)))
  await created
  for (let at = roomBatch; at < ids.length; at += roomBatch) {
    const added = owner.mailbox.take('Room add', isRoom('add'))
    await request(owner, roomAdd(room, ids.slice(at, at + roomBatch)))
    await added
  }
}

/**
 * Sends one message and waits until every party has it. A feed keeps its order, so whatever the making of a friendship or a room had still
 * to say in it has arrived by then.
 */
export async function probe(feed: Term, to: string, sender: Device, parties: readonly Device[]): Promise<void> {
  for (const { mailbox } of parties) mailbox.clear()
  const isProbe: Fits = ({ term }) => recordName(term) === 'Message' && field(term, 6) === 'probe'
  const seen = parties.map(({ account, mailbox }) => mailbox.take(`first message at ${account.phoneId}`, isProbe))
  await request(sender, textMessage({ feed, msgId: 'probe', from: sender.account.phoneId, to, text: 'probe' }))
  await Promise.all(seen)
}

function isContact(phoneId: string, status: string): Fits {
  return ({ term }) => recordName(term) === 'Contact' && field(term, 1) === phoneId && atomName(field(term, 14)) === status
}

function isRoom(status: string): Fits {
  return ({ term }) => recordName(term) === 'Room' && atomName(field(term, 15)) === status
}
