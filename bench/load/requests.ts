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

/** Roster/patch of both names. */
export function rosterPatch(rosterId: number, names: string, surnames: string): Buffer {
  return encodeTerm(tuple(atom('Roster'), rosterId, names, surnames, nil, nil, nil, nil, nil, nil, nil, nil, nil, atom('patch')))
}

export function rosterGet(rosterId: number): Buffer {
  return encodeTerm(tuple(atom('Roster'), rosterId, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, atom('get')))
}

/** Search/contact for people whose names contain `part`. */
export function searchNames(rosterId: number, part: string): Buffer {
  return encodeTerm(tuple(atom('Search'), rosterId, 'bench', 'names', atom('like'), [part], atom('contact')))
}

export function friend(phoneId: string, friendId: string, status: 'request' | 'confirm'): Buffer {
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
