import { atom, encodeTerm, tuple, type Term } from './term.js'

/** Payloads of the requests the scenarios make, in dialect v1. @see docs/protocol/records.json */

const nil: Term = []

export interface RegistrationFields {
  readonly clientId: string
  readonly devKey: string
  readonly phone: string
}

export function authReg({ clientId, devKey, phone }: RegistrationFields): Buffer {
  return encodeTerm(tuple(atom('Auth'), clientId, devKey, nil, phone, nil, atom('reg'), nil, nil, nil, nil, atom('ios'), nil, nil))
}

export function authVerify({ clientId, devKey, phone }: RegistrationFields, code: string): Buffer {
  return encodeTerm(tuple(atom('Auth'), clientId, devKey, nil, phone, nil, atom('verify'), code, nil, nil, nil, nil, nil, nil))
}

export function authResend(clientId: string): Buffer {
  return encodeTerm(tuple(atom('Auth'), clientId, nil, nil, nil, nil, atom('resend'), nil, nil, nil, nil, nil, nil, nil))
}

/** Roster/patch of both names. */
export function rosterPatch(rosterId: number, names: string, surnames: string): Buffer {
  return encodeTerm(tuple(atom('Roster'), rosterId, names, surnames, nil, nil, nil, nil, nil, nil, nil, nil, nil, atom('patch')))
}

export function rosterGet(rosterId: number): Buffer {
  return encodeTerm(tuple(atom('Roster'), rosterId, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, atom('get')))
}

/** Roster/add: people into the address book. */
export function rosterAdd(rosterId: number, phoneIds: readonly string[]): Buffer {
  const userlist = phoneIds.map((id) => tuple(atom('Contact'), id, nil, nil, nil, nil, nil, nil, 0, 0, nil, 0, nil, nil, nil))
  return encodeTerm(tuple(atom('Roster'), rosterId, nil, nil, nil, nil, userlist, nil, nil, nil, nil, nil, nil, atom('add')))
}

/** Search/contact for people whose names contain `part`. */
export function searchNames(rosterId: number, part: string): Buffer {
  return encodeTerm(tuple(atom('Search'), rosterId, 'bench', 'names', atom('like'), [part], atom('contact')))
}

/** Search/contact for accounts by their numbers. */
export function searchPhones(rosterId: number, phones: readonly string[]): Buffer {
  return encodeTerm(tuple(atom('Search'), rosterId, 'bench', 'phone', atom('=='), phones, atom('contact')))
}

export function friend(phoneId: string, friendId: string, status: 'request' | 'confirm' | 'revoke' | 'ban'): Buffer {
  return encodeTerm(tuple(atom('Friend'), phoneId, friendId, atom(status)))
}

export interface TextMessage {
  readonly feed: Term
  readonly msgId: string
  readonly from: string
  readonly to: string
  readonly text: string
}

/** Message/client with one text. */
export function textMessage({ feed, msgId, from, to, text }: TextMessage): Buffer {
  const desc = tuple(atom('Desc'), 'd', 'text', text, 0, nil, nil)
  return encodeTerm(tuple(atom('Message'), nil, atom('chain'), feed, nil, nil, msgId, from, to, nil, [desc], nil, nil, nil, atom('client')))
}

export function p2pFeed(a: string, b: string): Term {
  const [left, right] = Buffer.compare(Buffer.from(a), Buffer.from(b)) <= 0 ? [a, b] : [b, a]
  return tuple(atom('p2p'), left, right)
}

export function roomFeed(room: string): Term {
  return tuple(atom('muc'), room)
}

/** History/get of `size` messages, backwards from the newest if negative. */
export function historyGet(phoneId: string, feed: Term, size: number): Buffer {
  return encodeTerm(tuple(atom('History'), phoneId, feed, size, 0, nil, atom('get')))
}

export interface FtpFields {
  readonly id: string
  readonly filename?: string
  readonly size?: number
  readonly offset?: number
  readonly data?: Buffer
  readonly status: 'init' | 'send'
}

/** A step of a transfer, as a request of the device that is connected. */
export function ftp({ id, filename = '', size = 0, offset = 0, data = Buffer.alloc(0), status }: FtpFields): Buffer {
  return encodeTerm(tuple(atom('ftp'), id, '', filename, nil, size, offset, 0, data, status))
}

export function roomCreate(room: string, name: string, phoneIds: readonly string[]): Buffer {
  return roomRequest({ room, name, kind: atom('group'), phoneIds, status: 'create' })
}

export function roomAdd(room: string, phoneIds: readonly string[]): Buffer {
  return roomRequest({ room, name: nil, kind: nil, phoneIds, status: 'add' })
}

interface RoomRequest {
  readonly room: string
  readonly name: Term
  readonly kind: Term
  readonly phoneIds: readonly string[]
  readonly status: string
}

function roomRequest({ room, name, kind, phoneIds, status }: RoomRequest): Buffer {
  const members = phoneIds.map(member)
  return encodeTerm(tuple(atom('Room'), room, name, nil, nil, members, nil, nil, kind, nil, 0, 0, nil, 0, 0, atom(status)))
}

function member(phoneId: string): Term {
  const described = [nil, nil, nil, nil, nil] as const // avatar, names, surnames, alias, email
  return tuple(atom('Member'), nil, atom('chain'), nil, nil, nil, nil, phoneId, ...described, nil, 0, 0, nil, nil, atom('member'))
}
