import { afterMs, type Monotonic, monotonicMs, wallMs } from '../../../clock/index.js'
import { emptyInbox, type InboxHead, type Store, StoreOutage } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import type { RpcContext } from '../../context.js'
import type { newFactReader } from '../../fact-reader.js'
import type { ServiceSecrets } from '../../handlers/connect/credentials.js'
import type { ConnectResult, ControlToMain, InboxStart } from '../link/messages-to-main.js'
import { writeEvict } from '../link/to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { variantOf } from '../link/variant.js'
import type { ClusterOutlet } from './cluster-outlet.js'
import { identify } from './identify.js'
import type { KnownNames } from './known-names.js'
import type { Lanes } from './lanes.js'
import type { Settlements } from './settlements.js'
import { encodingFor, type WorkerConnection } from './worker-connection.js'

/** What deciding on a CONNECT needs of its worker. */
export interface ArrivalsWorld {
  readonly store: Store
  readonly services: ServiceSecrets
  readonly context: RpcContext
  readonly names: KnownNames
  readonly lanes: Lanes
  readonly settlements: Settlements
  /** Null for a process that has its store for itself. */
  readonly cluster: ClusterOutlet | null
  /** The connections of the worker, by number: those that have arrived are entered. */
  readonly connections: Map<number, WorkerConnection>
  /** The connection whose acknowledgements count for the inbox of a client. */
  readonly latest: Map<string, number>
  readonly newFacts: () => ReturnType<typeof newFactReader>
  readonly control: (message: ControlToMain) => void
  readonly onFault: (fault: unknown) => void
  /** How long the store is waited for, ms. */
  readonly patienceMs: number
}

const shortestPauseMs = 50
const longestPauseMs = 2_000

type ConnectMessage = ControlToWorker & { readonly kind: 'connect' }

/** CONNECTs of the clients of one worker: who it is, where its inbox stands, and what has to wait until that is known. */
export class Arrivals {
  readonly #world: ArrivalsWorld
  /** CONNECTs that are being decided beside the lane of their client. */
  readonly #arriving = new Map<ClientId, Promise<void>>()
  /** What has come for connections that are still being looked up: a new worker is told of everything at once. */
  readonly #held = new Map<number, (() => void)[]>()

  constructor(world: ArrivalsWorld) {
    this.#world = world
  }

  /** Keeps `run` until the connection is known. @returns whether it has to wait */
  hold(connection: number, run: () => void): boolean {
    const waiting = this.#held.get(connection)
    waiting?.push(run)
    return waiting !== undefined
  }

  /**
   * Connections of one client are decided in order, behind its work. Only the departure of the one before keeps nobody waiting at the door:
   * friends may hear of it later, as long as they hear of the arrival after that, which is work of the lane again.
   */
  arrive(message: ConnectMessage): void {
    this.#held.set(message.connection, [])
    const { lanes, patienceMs } = this.#world
    const deadline = afterMs(monotonicMs(), patienceMs)
    const clientId = message.clientId as ClientId
    const before = this.#arriving.get(clientId)
    if (before === undefined && lanes.isDeparted(clientId)) {
      const arriving = this.#connect(message, deadline).finally(() => this.#arriving.delete(clientId))
      this.#arriving.set(clientId, arriving)
    } else {
      const run = async (): Promise<void> => {
        await before
        await this.#connect(message, deadline)
      }
      lanes.add(clientId, { kind: 'step', run })
    }
  }

  async #connect(message: ConnectMessage, deadline: Monotonic): Promise<void> {
    const { control } = this.#world
    const result = await this.#decidePatiently(message, deadline)
    control({ kind: 'connect-result', connection: message.connection, result })
    const waiting = this.#held.get(message.connection)
    this.#held.delete(message.connection)
    for (const run of waiting ?? []) run()
  }

  /** While the store is away it waits; pauses differ, so that not all ask at once when it is back. */
  async #decidePatiently(message: ConnectMessage, deadline: Monotonic): Promise<ConnectResult> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#decide(message)
      } catch (fault) {
        if (!(fault instanceof StoreOutage)) {
          this.#world.onFault(fault)
          return { kind: 'undecided', because: 'a fault' }
        }
        const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
        if (monotonicMs() + pauseMs > deadline) return { kind: 'undecided', because: fault.message }
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  async #decide(message: ConnectMessage): Promise<ConnectResult> {
    const { names, newFacts, connections, latest } = this.#world
    const world = { ...this.#world, reader: newFacts().reader, now: wallMs() }
    const [identified] = await Promise.all([identify(message, world), names.refresh()])
    if (identified.kind === 'refused') return identified
    const { connection, hasSessionBefore } = identified
    connections.set(connection.number, connection)
    const before = latest.get(connection.clientId)
    const { inbox, wasHeld } = await this.#openInbox(connection, message).catch((fault: unknown) => {
      this.#forget(connection, before)
      throw fault
    })
    return accepted(connection, { inbox, wasHeld, number: numberOf(connection, names), isSessionPresent: hasSessionBefore })
  }

  /** It has not arrived: what the one before it acknowledges counts again, if that is still there. */
  #forget({ number, clientId }: WorkerConnection, before: number | undefined): void {
    const { connections, latest } = this.#world
    connections.delete(number)
    if (latest.get(clientId) !== number) return
    if (before !== undefined && connections.has(before)) latest.set(clientId, before)
    else latest.delete(clientId)
  }

  /**
   * Where the inbox stands, once all that was acknowledged before has been written; null for clients without one. A clean session begins with
   * an empty one. In a cluster, from now on nobody else writes for this client: who held its inbox before is told.
   */
  async #openInbox(connection: WorkerConnection, { isClean, epoch }: ConnectMessage): Promise<Pick<Standing, 'inbox' | 'wasHeld'>> {
    const { store, cluster, latest, settlements } = this.#world
    const { clientId, number, client } = connection
    const isDevice = client.kind === 'device'
    if (isDevice) {
      latest.set(clientId, number)
      await settlements.flush()
    }
    if (cluster !== null && (isDevice || client.kind === 'service')) {
      if (epoch === null) return this.#takeInbox(connection, cluster, isClean)
      connection.fence = { client: clientId, epoch }
      return { inbox: (await store.inboxHead(clientId)) ?? emptyInbox, wasHeld: true }
    }
    if (!isDevice) return { inbox: null, wasHeld: false }
    if (isClean) await store.commit({ clearInboxes: [clientId] })
    return { inbox: (await store.inboxHead(clientId)) ?? emptyInbox, wasHeld: false }
  }

  async #takeInbox(connection: WorkerConnection, cluster: ClusterOutlet, isClean: boolean): Promise<Pick<Standing, 'inbox' | 'wasHeld'>> {
    const client = connection.clientId
    const opens = [{ client, holder: cluster.member }]
    const result = await this.#world.store.commit({ opens, ...(isClean ? { clearInboxes: [client] } : {}) })
    const opened = result.kind === 'committed' ? result.opened[0] : undefined
    if (opened === undefined) throw new Error('an inbox was not opened')
    const { head, heldBefore, sentBefore } = opened
    connection.fence = { client, epoch: head.epoch }
    if (heldBefore !== '' && heldBefore !== cluster.member) writeEvict(cluster.frameTo(heldBefore), client, head.epoch)
    return { inbox: { ...head, sentTo: sentBefore }, wasHeld: heldBefore !== '' }
  }
}

interface Standing {
  readonly inbox: InboxHead | null
  readonly wasHeld: boolean
  readonly number: string
  readonly isSessionPresent: boolean
}

function startOf({ last, settledTo, releasedTo, sentTo, dropped }: InboxHead): InboxStart {
  return { last, settledTo, releasedTo, sentTo, dropped }
}

/** What the phone of a device is called now. */
function numberOf({ client }: WorkerConnection, { names }: KnownNames): string {
  return client.kind === 'device' ? names.numberOf(client.phone) : ''
}

function accepted(connection: WorkerConnection, { inbox, wasHeld, number, isSessionPresent }: Standing): ConnectResult {
  const { client, fence } = connection
  const isDevice = client.kind === 'device'
  return {
    kind: 'accepted',
    client: client.kind,
    phone: isDevice ? client.phone : '',
    number,
    variant: variantOf(encodingFor(connection)),
    inbox: inbox === null || !isDevice ? null : startOf(inbox),
    isSessionPresent,
    epoch: fence?.epoch ?? 0,
    wasHeld,
  }
}
