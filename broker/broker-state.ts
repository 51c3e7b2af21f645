import type { Aedes } from 'aedes'
import type { Grant } from '../acl/index.js'
import type { Delivery, DeliveryLog } from '../delivery/index.js'
import type { Links } from './links.js'
import type { Places } from './listeners/places.js'
import type { ListenerName, Origin } from './origin.js'
import type { GateWorld } from './packets/gate-world.js'
import type { PublishRate } from './packets/publish-budget.js'
import type { SocketWriter } from './packets/socket-writer.js'
import type { PlainPublishes } from './plain/persistence.js'
import type { PlainBroker, PlainCluster } from './plain/plain-cluster.js'

/** What the broker allows and how patient it is. Times in milliseconds, sizes in bytes. */
export interface MessengerOptions {
  readonly maxPacketBytes: number
  readonly maxPayloadBytes: number
  readonly drainTimeoutMs: number
  /** A connection that has not sent CONNECT by then is closed. */
  readonly connectTimeoutMs: number
  /** Publishes per second and device, and how many at once; `off` for no limit. */
  readonly publishRate: PublishRate | 'off'
  readonly grants: readonly Grant[]
  /** Packets of plain MQTT use kept for a session of a cluster that is away. */
  readonly queueLimit?: number
}

/** What the broker counts, for the metrics of its owner. Labels are of few kinds, never from a peer. */
export interface MessengerCounts {
  connect(outcome: string): void
  publish(kind: string): void
  denied(because: string): void
  openConnections(listener: ListenerName, change: 1 | -1): void
}

export interface MessengerWorld {
  readonly delivery: Delivery
  /** Asks the worker of a client id whether it may subscribe to a chat topic; the answer comes to the messenger. */
  readonly askSubscribe: (node: number, connection: number, request: number, filter: string) => void
  readonly counts: MessengerCounts
  /** Who has a place among the connections. */
  readonly places: Places
  readonly log: DeliveryLog
  /** What plain MQTT use shares with the other processes of a cluster; undefined where there are none. */
  readonly plain?: PlainCluster | undefined
}

/** Everything the parts of the broker share. */
export interface BrokerState {
  readonly options: MessengerOptions
  readonly world: MessengerWorld
  readonly aedes: Aedes
  readonly links: Links
  readonly writer: SocketWriter
  readonly gateWorld: GateWorld
  readonly plain: PlainPublishes
  /** Those of them that have been published already. */
  readonly published: PlainPublishes
  /** Undefined where there are no other processes. */
  plainBroker: PlainBroker | undefined
  /** Who came through which listener, until CONNECT says more. */
  readonly origins: WeakMap<object, Origin>
}
