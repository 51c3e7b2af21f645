import type { Client } from '../acl/index.js'
import type { ConnectResult } from '../rpc/index.js'
import type { Link } from './link.js'
import type { Pump } from './pump.js'

export type AcceptedConnect = ConnectResult & { readonly kind: 'accepted' }

/** What a peer says of himself when he connects; repeated to a worker that has to learn of the connection later. */
export interface ConnectWords {
  readonly clientId: string
  readonly userName: string
  /** The token of a device, the secret of a service; null where nothing is shown. */
  readonly password: string | null
  /** What an earlier connection of this client id is owed is dropped. */
  readonly isClean: boolean
  readonly willTopic: string | null
  readonly address: string
  /** Its door answers each request by its verdict: what says only that a request was done is not sent besides. */
  readonly isToldVerdicts?: true
}

/** What a pump needs to know of its connection. */
export interface PumpOwner {
  readonly connection: number
  readonly node: number
  readonly client: string
  readonly link: Link
}

/**
 * One connection of a client id and its life: `connecting` (who it is is being decided), `accepted` (its peer is being told), `connected` (the
 * worker has been told), `open` (the inbox is being delivered), `closed`.
 */
export interface Connection {
  readonly number: number
  readonly link: Link
  readonly words: ConnectWords
  /** The node that serves this client id. */
  readonly node: number
  /** Nodes that know of the connection: its own, and those it has named in `events/` topics. */
  readonly knownTo: number[]
  readonly pump: Pump<PumpOwner>
  state: 'connecting' | 'accepted' | 'connected' | 'open' | 'closed'
  accepted: AcceptedConnect | undefined
  /** Codec and dialect it is answered in, as a number (see rpc's variants). */
  variant: number
  /** How far its inbox had been sent when it was closed; undefined before, and if it was never opened. */
  sentTo: number | undefined
  /** It is about to be closed: what it still sends is neither acted on nor acknowledged. */
  isClosing: boolean
}

/** The connections of the process, by what they are looked up by. */
export interface Connections {
  readonly byNumber: Map<number, Connection>
  /** The latest accepted connection of a client id. */
  readonly byClient: Map<string, Connection>
  /** Connected devices of a phone. */
  readonly byPhone: Map<string, Connection[]>
}

export function newConnections(): Connections {
  return { byNumber: new Map(), byClient: new Map(), byPhone: new Map() }
}

/** A connection has been accepted: it can be found by client id, and as a device of its phone. */
export function enter(connections: Connections, connection: Connection, accepted: AcceptedConnect): void {
  connection.accepted = accepted
  connections.byClient.set(connection.words.clientId, connection)
  if (accepted.phone === '') return
  const siblings = connections.byPhone.get(accepted.phone)
  if (siblings === undefined) connections.byPhone.set(accepted.phone, [connection])
  else siblings.push(connection)
}

/** Forgets a connection. @returns whether another connection of the same client id has taken its place */
export function leave(connections: Connections, connection: Connection): boolean {
  connections.byNumber.delete(connection.number)
  const phone = connection.accepted?.phone ?? ''
  const siblings = connections.byPhone.get(phone)?.filter((sibling) => sibling !== connection) ?? []
  if (siblings.length === 0) connections.byPhone.delete(phone)
  else connections.byPhone.set(phone, siblings)
  const latest = connections.byClient.get(connection.words.clientId)
  if (latest !== connection) return latest !== undefined
  connections.byClient.delete(connection.words.clientId)
  return false
}

/** The client of the access rules that a connection was accepted as; rosters matter only to the workers. */
export function aclClient({ accepted, words }: Connection): Client | undefined {
  if (accepted === undefined) return undefined
  const clientId = words.clientId as Client['clientId']
  const { userName } = words
  switch (accepted.client) {
    case 'device':
      return { kind: 'device', clientId, userName, phone: accepted.number as Extract<Client, { kind: 'device' }>['phone'], rosters: [] }
    case 'service':
      return { kind: 'service', clientId, userName, name: clientId.slice('sys_'.length) }
    default:
      return { kind: accepted.client, clientId, userName }
  }
}
