import type { Duplex } from 'node:stream'
import type { Client as AedesClient, Subscription } from 'aedes'
import type { ConnectResult } from '../../rpc/index.js'
import type { PacketGate } from '../packets/packet-gate.js'
import type { Pump } from './pump.js'

export type AcceptedConnect = ConnectResult & { readonly kind: 'accepted' }

/** Which listener a socket came through. */
export type ListenerName = 'mqtt' | 'tls' | 'ws'

/** What CONNECT said; repeated to a worker that has to learn of the connection later. */
export interface ConnectWords {
  readonly clientId: string
  readonly userName: string
  readonly password: string | null
  readonly isClean: boolean
  readonly willTopic: string | null
  readonly address: string
}

/** What a pump needs to know of its connection. */
export interface PumpOwner {
  readonly connection: number
  readonly node: number
  readonly client: string
  readonly socket: Duplex
}

/**
 * One MQTT connection and its life: `connecting` (CONNECT is being decided), `accepted` (CONNACK 0 is on its way), `connected` (the worker
 * has been told), `open` (the inbox is being delivered), `closed`.
 */
export interface Connection {
  readonly number: number
  readonly aedes: AedesClient
  readonly socket: Duplex
  readonly words: ConnectWords
  /** The node that serves this client id. */
  readonly node: number
  /** Nodes that know of the connection: its own, and those it has named in `events/` topics. */
  readonly knownTo: number[]
  readonly pump: Pump<PumpOwner>
  readonly gate: PacketGate
  state: 'connecting' | 'accepted' | 'connected' | 'open' | 'closed'
  accepted: AcceptedConnect | undefined
  /** Codec and dialect it is answered in, as a number (see the link's variants). */
  variant: number
  /** How far its inbox had been sent when it was closed; undefined before, and if it was never opened. */
  sentTo: number | undefined
  /** It is about to be closed: what it still sends is neither acted on nor acknowledged. */
  isClosing: boolean
  /** Packet ids of QoS 2 publishes between PUBREC and PUBREL. */
  awaitingPubrel: Set<number> | undefined
  /** Filters of plain MQTT use that were granted, by filter. */
  plainFilters: Set<string> | undefined
  /** Those of them that its session does not have yet. */
  readonly unstoredFilters: Subscription[]
}

/** The connections of the process, by what they are looked up by. */
export interface Connections {
  readonly byNumber: Map<number, Connection>
  readonly byAedes: WeakMap<AedesClient, Connection>
  /** The latest accepted connection of a client id. */
  readonly byClient: Map<string, Connection>
  /** Connected devices of a phone. */
  readonly byPhone: Map<string, Connection[]>
}

export function newConnections(): Connections {
  return { byNumber: new Map(), byAedes: new WeakMap(), byClient: new Map(), byPhone: new Map() }
}

/** A connection has been accepted: it can be found by client id, and as a device of its phone. */
export function enter(connections: Connections, connection: Connection, accepted: AcceptedConnect): void {
  connection.accepted = accepted
  connections.byClient.set(connection.aedes.id, connection)
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
