import type { Client as AedesClient, PublishPacket } from 'aedes'
import type { Connection } from '../../delivery/index.js'

/** A packet of plain MQTT use, as Aedes numbers it. */
export interface PlainPacket {
  readonly topic: string
  readonly payload: Buffer | string
  readonly qos: 0 | 1 | 2
  readonly brokerId?: string
  readonly brokerCounter?: number
  readonly messageId?: number
  readonly dup?: boolean
  readonly cmd?: string
}

type Listener = (packet: PlainPacket, done: () => void) => void

/** What Aedes publishes and subscribes through. */
export interface PlainMq {
  on(topic: string, listener: Listener, done?: () => void): void
  removeListener(topic: string, listener: Listener, done?: () => void): void
  emit(packet: PlainPacket, done?: (error?: Error | null) => void): void
  close(done: () => void): void
}

/**
 * What plain MQTT use (services, granted topic spaces) shares with the other processes of a cluster. What needs the others waits while they
 * cannot be reached.
 * @see docs/decisions/0153-plain-mqtt-across-nodes.md
 */
export interface PlainCluster {
  /** Name of this start: packets are numbered under it, so that no other start, past or to come, may have it. */
  readonly brokerId: string
  /** Aedes' persistence: subscriptions and queues of sessions. */
  readonly persistence: object
  readonly mq: PlainMq
  /** Ids of all clients that have stored subscriptions. */
  sessions(): Promise<readonly string[]>
  /** Packet ids of a session's QoS 2 publishes between PUBREC and PUBREL. */
  readonly received: {
    has(client: string, messageId: number): Promise<boolean>
    add(client: string, messageId: number): Promise<void>
    remove(client: string, messageId: number): Promise<void>
  }
  /** Under which packet id something was sent to a session, so that it is repeated under the same one. */
  readonly sentAs: {
    note(client: string, packet: string, messageId: number): Promise<void>
    all(client: string): Promise<ReadonlyMap<string, number>>
  }
  /** A packet has been acknowledged: it leaves the session's queue. */
  settle(client: string, packet: string): Promise<void>
  /** Removes the oldest entries of a session's queue beyond `limit`. @returns how many */
  trimQueue(client: string, limit: number): Promise<number>
  /** Removes all that is kept of a session besides its subscriptions. */
  forgetSession(client: string): Promise<void>
  /**
   * Which connection a client id belongs to, over all processes. An entry lives for a day, unless it is prolonged. The name of a connection begins
   * with its epoch, a decimal number: one of a later epoch is not taken over.
   */
  readonly owners: {
    /** Takes a client id for a connection; waits while its will is being published for the one before. @returns the one before */
    take(client: string, connection: string): Promise<string | undefined>
    of(client: string): Promise<string | undefined>
    prolong(clients: readonly string[]): Promise<void>
    /** Before a will: whether the client id is still this connection's. Whoever takes it then waits until it is given up, 5 s at most. */
    claimWill(client: string, connection: string): Promise<boolean>
    giveUp(client: string, connection: string): Promise<void>
  }
  /** Nothing is heard of the others for now. */
  onInterrupted(listener: () => void): void
  /** They are heard again: something may have been missed. */
  onResubscribed(listener: () => void): void
}

/** Aedes' own publishing: stores for those who are away, then tells those who are here. */
export type Publish = (packet: PublishPacket, client: AedesClient | null, done: (error?: Error | null) => void) => void

/** Plain MQTT use in a cluster. */
export interface PlainBroker {
  /**
   * Publishes before Aedes acknowledges: it would acknowledge QoS 1 first and store then. A repeated QoS 2 publish is known by its packet id,
   * whichever process had it.
   * @returns whether it was published, now or before; false if others cannot be reached: it must not be acknowledged
   */
  publish(client: AedesClient, packet: PublishPacket): Promise<boolean>
  /** Publishes the will of a lost connection, unless its client is connected again, wherever. */
  publishWill(connection: Connection, client: AedesClient, packet: PublishPacket): Promise<void>
}

export interface PlainLog {
  warn(fields: object, text: string): void
}

/** Name of a packet over all processes. */
export function packetName({ brokerId = '', brokerCounter = 0 }: Pick<PlainPacket, 'brokerId' | 'brokerCounter'>): string {
  return `${brokerId}:${brokerCounter}`
}
