import type { ControlToMain, Ring } from '../rpc/index.js'
import type { Connections, Connection, PumpOwner } from './connection.js'
import type { Deciding } from './deciding.js'
import type { EvictedMemory } from './evicted-memory.js'
import type { PumpWorld } from './pump-world.js'
import type { Requests } from './requests.js'
import type { SentMemory } from './sent-memory.js'

/** What delivery allows and how patient it is. Times in milliseconds. */
export interface DeliveryOptions {
  /** Unacknowledged deliveries per device. */
  readonly windowSize: number
  readonly drainTimeoutMs: number
  /** A peer of whom it cannot be decided by then who he is (the store is away) is let go. */
  readonly connectPatienceMs: number
  /** A drain closes no more connections a second; undefined where they have nowhere else to go: all at once. */
  readonly drainRate?: number
}

export interface DeliveryLog {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  debug(fields: object, text: string): void
}

export interface DeliveryWorld {
  readonly ring: () => Ring
  /** How many connected devices speak each variant; read by the workers. */
  readonly variantsInUse: Int32Array
  readonly counts: DeliveryCounts
  /** A job for the outside world; `address` is that of the connection that asked, if it is still there. */
  readonly onPerform: (message: ControlToMain & { kind: 'perform' }, node: number) => void
  readonly log: DeliveryLog
}

/** What is counted, for the metrics of the owner. Labels are of few kinds, never from a peer. */
export interface DeliveryCounts {
  connect(outcome: string): void
  sent(): void
}

/** A protocol whose connections are served: what it does beside them. */
export interface Door {
  /** Sends what has been written in this tick. */
  flush(): void
  /** A new worker serves `node`: what the door has asked the old one itself, it asks again. */
  askAgain(node: number): void
  /** Ends what is left of it, after all requests are done. */
  close(): Promise<void>
}

/** Everything the parts of delivery share. */
export interface DeliveryState {
  readonly options: DeliveryOptions
  readonly world: DeliveryWorld
  readonly doors: Door[]
  readonly connections: Connections
  /** Connections that have ended and whose node has not yet said that it has dealt with it, by number. */
  readonly departing: Map<number, Connection>
  readonly deciding: Deciding
  readonly requests: Requests
  readonly sent: SentMemory
  readonly evicted: EvictedMemory
  readonly pumpWorld: PumpWorld<PumpOwner>
  /** No new connections are taken. */
  isDraining: boolean
  /** Requests are neither acted on nor acknowledged any more. */
  isDeaf: boolean
  lastConnection: number
}

/** Sends what has been written in this tick, of all doors. */
export function flush({ doors }: DeliveryState): void {
  for (const door of doors) door.flush()
}
