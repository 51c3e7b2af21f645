import type { ClientId } from '../../../topics/index.js'
import { devices, presences, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import type { ReadCache } from '../../read-cache.js'
import {
  type ControlToWorker,
  type FrameToWorker,
  messagesToWorker,
  type PageMessage,
  type RequestMessage,
  type SettleMessage,
} from '../link/to-worker.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Arrivals } from './arrivals.js'
import type { Departures } from './departures.js'
import type { KnownNames } from './known-names.js'
import type { Lanes } from './lanes.js'
import { maySubscribe } from './may-subscribe.js'
import type { Outlet } from './outlet.js'
import { connectedItem, type NamedItem, requestItem, type RequestWorld } from './requests.js'
import type { Settlements } from './settlements.js'
import type { Share } from './share.js'
import type { Transfers } from './transfers.js'
import type { WorkerConnection } from './worker-connection.js'

/** Whom the reception hands things to. */
export interface ReceptionWorld {
  readonly lanes: Lanes
  readonly arrivals: Arrivals
  readonly departures: Departures
  readonly settlements: Settlements
  readonly transfers: Transfers
  readonly outbox: Outbox
  readonly outlet: Outlet
  readonly names: KnownNames
  readonly cache: ReadCache
  readonly requests: RequestWorld
  /** The connections of the worker, by number. */
  readonly connections: Map<number, WorkerConnection>
  /** The connection whose acknowledgements count for the inbox of a client. */
  readonly latest: Map<string, number>
  readonly newReader: () => FactReader
  readonly tellPage: (message: PageMessage, share: Share) => Promise<void>
  readonly runAlone: (item: NamedItem, share?: Share) => Promise<void>
}

/** Takes what the main thread sends to a worker, and puts it where it is worked on: into the lane of its client, most of it. */
export class Reception {
  readonly #world: ReceptionWorld

  constructor(world: ReceptionWorld) {
    this.#world = world
  }

  receive(message: Uint8Array | ControlToWorker): void {
    if (message instanceof Uint8Array) for (const one of messagesToWorker(message)) this.#receiveMessage(one)
    else this.#receiveControl(message)
  }

  #receiveMessage(message: FrameToWorker): void {
    const isHeld = this.#world.arrivals.hold(message.connection, () => {
      this.#receiveMessage(message)
    })
    if (isHeld) return
    if (message.kind === 'request') this.#receiveRequest(message)
    else if (message.kind === 'settle') this.#receiveSettle(message)
    else this.#receivePage(message)
  }

  #receiveControl(message: ControlToWorker): void {
    if (message.kind === 'stop' || message.kind === 'limits') return
    if (message.kind === 'job-ended') {
      this.#world.outbox.ended(message.id, message.end)
    } else if (message.kind === 'transfer') {
      this.#world.transfers.receive(message)
    } else if (message.kind === 'connect') {
      this.#world.arrivals.arrive(message)
    } else {
      const isHeld = this.#world.arrivals.hold(message.connection, () => {
        this.#receiveControl(message)
      })
      if (!isHeld) this.#receiveOfConnection(message)
    }
  }

  #receiveOfConnection(message: ControlToWorker & { kind: 'connected' | 'disconnected' | 'subscribe' }): void {
    const connection = this.#world.connections.get(message.connection)
    if (connection === undefined) {
      if (message.kind === 'disconnected') this.#world.outlet.control({ kind: 'left', connection: message.connection })
      return
    }
    if (message.kind === 'disconnected') {
      this.#world.lanes.add(connection.clientId, { kind: 'departure', run: () => this.#disconnect(connection, message) })
      return
    }
    this.#step(connection.clientId, (share) => {
      if (message.kind === 'connected') return this.#announce(connection, share)
      return this.#subscribe(connection, message.request, message.filter)
    })
  }

  #receiveRequest(message: RequestMessage): void {
    const connection = this.#world.connections.get(message.connection)
    if (connection === undefined) return
    this.#world.lanes.add(connection.clientId, { kind: 'request', item: requestItem(message, connection, this.#world.requests) })
  }

  #receiveSettle({ connection, client, settledTo, releasedTo }: SettleMessage): void {
    if (this.#world.latest.get(client) !== connection) return
    const epoch = this.#world.connections.get(connection)?.fence?.epoch
    this.#world.settlements.add({ client, settledTo, releasedTo, ...(epoch === undefined ? {} : { epoch }) })
  }

  #receivePage(message: PageMessage): void {
    this.#step(message.client, (share) => this.#world.tellPage(message, share))
  }

  async #announce(connection: WorkerConnection, share: Share): Promise<void> {
    if (connection.fence !== undefined) this.#forgetDevice(connection)
    await this.#world.runAlone(connectedItem(connection, this.#world.requests), share)
    this.#world.outlet.control({ kind: 'open-inbox', connection: connection.number })
  }

  /** Another process has most likely written these last. */
  #forgetDevice({ client }: WorkerConnection): void {
    if (client.kind !== 'device') return
    const { rows } = this.#world.cache
    for (const key of [sessions.key(client.clientId), presences.key(client.phone), devices.key(client.phone)]) rows.delete(key)
  }

  async #disconnect(connection: WorkerConnection, { isTakenOver, end, sentTo }: ControlToWorker & { kind: 'disconnected' }): Promise<void> {
    const { clientId, number } = connection
    connection.sentTo = sentTo
    this.#world.connections.delete(number)
    if (this.#world.latest.get(clientId) === number) this.#world.latest.delete(clientId)
    if (isTakenOver) this.#world.outlet.control({ kind: 'left', connection: number })
    else await this.#world.departures.end(connection, end)
  }

  async #subscribe({ number, client }: WorkerConnection, request: number, filter: string): Promise<void> {
    const isAllowed = await maySubscribe(client, filter, this.#world.newReader(), this.#world.names)
    this.#world.outlet.control({ kind: 'subscribe-result', connection: number, request, isAllowed })
  }

  #step(clientId: string, run: (share: Share) => Promise<void>): void {
    this.#world.lanes.add(clientId as ClientId, { kind: 'step', run })
  }
}
