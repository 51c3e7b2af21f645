import type { PublishRate } from './delivery/publish-budget.js'
import type { Client as AedesClient, Aedes } from 'aedes'
import type { Client, Grant } from '../acl/index.js'
import type { ControlToMain, Ring } from '../rpc/index.js'
import type { Connection, Connections, ListenerName, PumpOwner } from './delivery/connection.js'
import type { PlainPublishes } from './plain/persistence.js'
import type { PlainBroker, PlainCluster } from './plain/plain-cluster.js'
import type { GateWorld } from './packets/packet-gate.js'
import type { Place, Places } from './listeners/places.js'
import type { PumpWorld } from './delivery/pump.js'
import type { EvictedMemory } from './delivery/evicted-memory.js'
import type { Requests } from './delivery/requests.js'
import type { SentMemory } from './delivery/sent-memory.js'
import type { SocketWriter } from './packets/socket-writer.js'

/** What the broker allows and how patient it is. Times in milliseconds, sizes in bytes. */
export interface MessengerOptions {
  readonly maxPacketBytes: number
  readonly maxPayloadBytes: number
  /** Unacknowledged deliveries per device. */
  readonly windowSize: number
  readonly drainTimeoutMs: number
  /** A connection that has not sent CONNECT by then is closed. */
  readonly connectTimeoutMs: number
  /** A CONNECT that cannot be decided by then (the store is away) is closed, without CONNACK. */
  readonly connectPatienceMs: number
  /** Publishes per second and device, and how many at once; `off` for no limit. */
  readonly publishRate: PublishRate | 'off'
  readonly grants: readonly Grant[]
  /** A drain closes no more connections a second; undefined where they have nowhere else to go: all at once. */
  readonly drainRate?: number
  /** Packets of plain MQTT use kept for a session of a cluster that is away. */
  readonly queueLimit?: number
}

/** What the broker counts, for the metrics of its owner. Labels are of few kinds, never from a peer. */
export interface MessengerCounts {
  connect(outcome: string): void
  publish(kind: string): void
  denied(because: string): void
  sent(): void
  openConnections(listener: ListenerName, change: 1 | -1): void
}

export interface MessengerLog {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  debug(fields: object, text: string): void
}

export interface MessengerWorld {
  readonly ring: () => Ring
  /** How many connected devices speak each variant; read by the workers. */
  readonly variantsInUse: Int32Array
  readonly counts: MessengerCounts
  /** Who has a place among the connections. */
  readonly places: Places
  /** A job for the outside world; `address` is that of the connection that asked, if it is still there. */
  readonly onPerform: (message: ControlToMain & { kind: 'perform' }, node: number) => void
  readonly log: MessengerLog
  /** What plain MQTT use shares with the other processes of a cluster; undefined where there are none. */
  readonly plain?: PlainCluster | undefined
}

/** Everything the parts of the broker share. */
export interface BrokerState {
  readonly options: MessengerOptions
  readonly world: MessengerWorld
  readonly aedes: Aedes
  readonly connections: Connections
  /** Connections that have ended and whose node has not yet said that it has dealt with it, by number. */
  readonly departing: Map<number, Connection>
  readonly requests: Requests
  readonly writer: SocketWriter
  readonly sent: SentMemory
  readonly evicted: EvictedMemory
  readonly pumpWorld: PumpWorld<PumpOwner>
  readonly gateWorld: GateWorld
  readonly plain: PlainPublishes
  /** Those of them that have been published already. */
  readonly published: PlainPublishes
  /** Undefined where there are no other processes. */
  plainBroker: PlainBroker | undefined
  /** Who came through which listener, until CONNECT says more. */
  readonly origins: WeakMap<object, Origin>
  /** No new connections are taken. */
  isDraining: boolean
  /** Publishes are neither acted on nor acknowledged any more. */
  isDeaf: boolean
  lastConnection: number
}

export interface Origin {
  readonly listener: ListenerName
  readonly address: string
  readonly place: Place
  /** The peer has proved who he is: what carries his packets need not be narrower than they may be. */
  readonly onProven?: () => void
}

export function connectionOf(state: BrokerState, client: AedesClient): Connection | undefined {
  return state.connections.byAedes.get(client)
}

/** The client of the access rules that a connection was accepted as; rosters matter only to the workers. */
export function aclClient(connection: Connection): Client | undefined {
  const { accepted, words } = connection
  if (accepted === undefined) return undefined
  const clientId = connection.aedes.id as Client['clientId']
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
