import { randomBytes } from 'node:crypto'
import { decideSubscribe } from '../../acl/index.js'
import { type AnyRecord, encode } from '../../protocol/index.js'
import type { InboxHead, Store } from '../../store/contract.js'
import type { ClientId } from '../../topics/index.js'
import type { RpcContext } from '../context.js'
import { emptyOverlay, type FactReader, newFactReader } from '../facts.js'
import type { ServiceSecrets } from '../handlers/connect/credentials.js'
import { readSubscribeFacts } from '../handlers/subscribe.js'
import { type ConnectResult, type ControlToMain, writeAnswer, writeInboxPage, writeSettled } from '../link/to-main.js'
import {
  type ControlToWorker,
  type FrameToWorker,
  messagesToWorker,
  type PageMessage,
  type RequestMessage,
  type SettleMessage,
} from '../link/to-worker.js'
import { encodingOf, variantOf } from '../link/variant.js'
import { readPresentClient } from '../present-client.js'
import { newReadCache } from '../read-cache.js'
import { type Counts, newCounts } from './counts.js'
import { emitBatch, type EmitWorld } from './emit.js'
import { identify } from './identify.js'
import { readInboxPage } from './inbox-page.js'
import { type Jobs, newJobs } from './jobs.js'
import { type Lanes, newLanes } from './lanes.js'
import { Outlet } from './outlet.js'
import { connectedItem, disconnectedItem, type NamedItem, requestItem, type RequestWorld } from './requests.js'
import { type BatchItem, type BatchWorld, type ClientState, runBatch } from './run-batch.js'
import { newSettlements, type Settlements } from './settlements.js'
import { newSweep, startSweeping } from './sweep.js'
import { timedTables, timerClient } from './timed-tables.js'
import { newTimers, startTimers } from './timers.js'
import { encodingFor, type WorkerConnection } from './worker-connection.js'

/** What a worker is given at its start. */
export interface WorkerParts {
  readonly store: Store
  readonly context: RpcContext
  readonly services: ServiceSecrets
  /** See the link's variants; shared with the main thread. */
  readonly variantsInUse: Int32Array
  readonly post: (message: Uint8Array<ArrayBuffer> | ControlToMain) => void
  /** A request that could not be committed within this time is refused as `unavailable`. */
  readonly requestDeadlineMs: number
  /** This worker performs what a previous life of the server has left in the outbox. */
  readonly takesLeftovers: boolean
  /** This worker removes what has expired, and does what falls due; one worker of a server does. */
  readonly sweeps: boolean
}

const cachedDocuments = 4_000
const settleDelayMs = 100
const settleLimit = 1_000
const countsEveryMs = 1_000
const emptyInbox: InboxHead = { last: 0, settledTo: 0, releasedTo: 0, dropped: 0 }

/** One node of the ring, without the thread it runs in. */
export class RpcWorker {
  readonly #parts: WorkerParts
  readonly #outlet: Outlet
  readonly #counts: Counts
  readonly #jobs: Jobs
  readonly #settlements: Settlements
  readonly #lanes: Lanes
  readonly #batchWorld: BatchWorld
  readonly #emitWorld: EmitWorld
  readonly #requestWorld: RequestWorld
  readonly #countTimer: NodeJS.Timeout
  readonly #stopSweeping: () => Promise<void>
  readonly #stopTimers: () => Promise<void>
  readonly #connections = new Map<number, WorkerConnection>()
  /** The connection whose acknowledgements count for the inbox of a client. */
  readonly #latest = new Map<string, number>()
  /** What has come for connections that are still being looked up: a new worker is told of everything at once. */
  readonly #held = new Map<number, (() => void)[]>()

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#outlet = new Outlet(parts.post)
    this.#counts = newCounts((message) => {
      this.#outlet.control(message)
    })
    this.#countTimer = setInterval(this.#counts.tell, countsEveryMs)
    this.#settlements = this.#newSettlements()
    this.#jobs = this.#newJobs()
    this.#batchWorld = this.#newBatchWorld()
    this.#emitWorld = this.#newEmitWorld()
    this.#requestWorld = { context: parts.context, now: Date.now }
    this.#lanes = newLanes((items, client) => this.#runItems(items, client), this.#onFault)
    if (parts.takesLeftovers) this.#jobs.performLeftovers().catch(this.#onFault)
    this.#stopSweeping = parts.sweeps ? this.#startSweeping() : () => Promise.resolve()
    this.#stopTimers = parts.sweeps ? this.#startTimers() : () => Promise.resolve()
  }

  receive(message: Uint8Array | ControlToWorker): void {
    if (message instanceof Uint8Array) for (const one of messagesToWorker(message)) this.#receiveMessage(one)
    else this.#receiveControl(message)
  }

  /** Finishes what it has been given, writes the marks it still holds. */
  async stop(): Promise<void> {
    clearInterval(this.#countTimer)
    await this.#stopSweeping()
    await this.#stopTimers()
    await this.#lanes.idle()
    await this.#settlements.flush()
    this.#counts.tell()
    this.#outlet.flush()
  }

  #receiveMessage(message: FrameToWorker): void {
    if (this.#held.has(message.connection)) {
      this.#held.get(message.connection)?.push(() => {
        this.#receiveMessage(message)
      })
    } else if (message.kind === 'request') this.#receiveRequest(message)
    else if (message.kind === 'settle') this.#receiveSettle(message)
    else this.#receivePage(message)
  }

  #receiveControl(message: ControlToWorker): void {
    if (message.kind === 'stop') return
    if (message.kind === 'job-ended') {
      this.#jobs.ended(message.id, message.isDone)
    } else if (message.kind === 'connect') {
      this.#held.set(message.connection, [])
      this.#step(message.clientId, () => this.#connect(message))
    } else if (this.#held.has(message.connection)) {
      this.#held.get(message.connection)?.push(() => {
        this.#receiveControl(message)
      })
    } else this.#receiveOfConnection(message)
  }

  #receiveOfConnection(message: ControlToWorker & { kind: 'connected' | 'disconnected' | 'subscribe' }): void {
    const connection = this.#connections.get(message.connection)
    if (connection === undefined) {
      if (message.kind === 'disconnected') this.#outlet.control({ kind: 'left', connection: message.connection })
      return
    }
    this.#step(connection.clientId, () => {
      if (message.kind === 'connected') return this.#announce(connection)
      if (message.kind === 'disconnected') return this.#disconnect(connection, message.isTakenOver)
      return this.#subscribe(connection, message.request, message.filter)
    })
  }

  #receiveRequest(message: RequestMessage): void {
    const connection = this.#connections.get(message.connection)
    if (connection === undefined) return
    this.#lanes.add(connection.clientId, { kind: 'request', item: requestItem(message, connection, this.#requestWorld) })
  }

  #receiveSettle({ connection, client, settledTo, releasedTo }: SettleMessage): void {
    if (this.#latest.get(client) === connection) this.#settlements.add({ client, settledTo, releasedTo })
  }

  #receivePage({ connection, client, after, limit, variant }: PageMessage): void {
    const { store } = this.#parts
    this.#step(client, async () => {
      const head = (await store.inboxHead(client)) ?? emptyInbox
      const entries = await readInboxPage(store, client, { after, limit, encoding: encodingOf(variant) })
      // What lies behind a full page is asked for when the page has been sent.
      writeInboxPage(this.#outlet.frame, { connection, after, settledTo: head.settledTo, last: head.last, entries })
      this.#outlet.touch()
    })
  }

  async #connect(message: ControlToWorker & { kind: 'connect' }): Promise<void> {
    const result = await this.#decideConnect(message).catch((fault: unknown): ConnectResult => {
      this.#onFault(fault)
      return { kind: 'refused', returnCode: 3, because: 'the store did not answer' }
    })
    this.#outlet.control({ kind: 'connect-result', connection: message.connection, result })
    const waiting = this.#held.get(message.connection)
    this.#held.delete(message.connection)
    for (const run of waiting ?? []) run()
  }

  async #decideConnect(message: ControlToWorker & { kind: 'connect' }): Promise<ConnectResult> {
    const { context, services } = this.#parts
    const identified = await identify(message, { reader: this.#newReader(), services, context, now: Date.now() })
    if (identified.kind === 'refused') return identified
    const { connection, hasSessionBefore } = identified
    this.#connections.set(connection.number, connection)
    const inbox = connection.client.kind === 'device' ? await this.#openInbox(connection, message.isClean) : null
    return accepted(connection, inbox, hasSessionBefore)
  }

  /** Where the inbox stands, once all that was acknowledged before has been written. A clean session begins with an empty one. */
  async #openInbox({ clientId, number }: WorkerConnection, isClean: boolean): Promise<InboxHead> {
    const { store } = this.#parts
    this.#latest.set(clientId, number)
    await this.#settlements.flush()
    if (isClean) await store.commit({ clearInboxes: [clientId] })
    return (await store.inboxHead(clientId)) ?? emptyInbox
  }

  async #announce(connection: WorkerConnection): Promise<void> {
    await this.#runItems([connectedItem(connection, this.#requestWorld)], { clientId: connection.clientId, marks: undefined })
    this.#outlet.control({ kind: 'open-inbox', connection: connection.number })
  }

  async #disconnect(connection: WorkerConnection, isTakenOver: boolean): Promise<void> {
    const { clientId, number } = connection
    this.#connections.delete(number)
    if (this.#latest.get(clientId) === number) this.#latest.delete(clientId)
    if (!isTakenOver) await this.#runItems([disconnectedItem(connection, this.#requestWorld)], { clientId, marks: undefined })
    this.#outlet.control({ kind: 'left', connection: number })
  }

  async #subscribe(connection: WorkerConnection, request: number, filter: string): Promise<void> {
    const reader = this.#newReader()
    const client = await readPresentClient(connection.client, reader)
    const facts = await readSubscribeFacts(reader, client, filter)
    const { allowed } = decideSubscribe(client, filter, facts, [])
    this.#outlet.control({ kind: 'subscribe-result', connection: connection.number, request, isAllowed: allowed })
  }

  async #runItems(items: readonly BatchItem[], client: ClientState): Promise<number> {
    const begun = performance.now()
    const result = await runBatch(items, client, Date.now() + this.#parts.requestDeadlineMs, this.#batchWorld)
    this.#counts.commit((performance.now() - begun) / 1000)
    emitBatch(result, this.#emitWorld)
    this.#outlet.touch()
    return result.covered
  }

  #step(clientId: string, run: () => Promise<void>): void {
    this.#lanes.add(clientId as ClientId, { kind: 'step', run })
  }

  #newReader(): FactReader {
    return newFactReader({ ...this.#batchWorld, overlay: emptyOverlay() }).reader
  }

  readonly #onFault = (fault: unknown): void => {
    this.#counts.fault()
    const error = fault instanceof Error ? { message: fault.message, stack: fault.stack } : { message: String(fault) }
    this.#parts.post({ kind: 'log', level: 'error', fields: { err: error }, text: 'fault' })
  }

  #newSettlements(): Settlements {
    const { store } = this.#parts
    return newSettlements({
      async write(settlements, outboxDone) {
        await store.commit({ settlements, outboxDone })
      },
      onReleased: (client, releasedTo) => {
        writeSettled(this.#outlet.frame, client, releasedTo)
        this.#outlet.touch()
      },
      delayMs: settleDelayMs,
      limit: settleLimit,
      onFault: this.#onFault,
    })
  }

  #newJobs(): Jobs {
    return newJobs({
      store: this.#parts.store,
      control: (message) => {
        this.#outlet.control(message)
      },
      answer: (number, record) => {
        this.#answer(number, record)
      },
      onDone: this.#settlements.addDone,
    })
  }

  #startSweeping(): () => Promise<void> {
    const { store, context, post } = this.#parts
    const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    return startSweeping(newSweep({ store, limits: context.limits, boot: context.boot, now: Date.now, pause }), {
      onSwept(removed) {
        if (Object.values(removed).some((count) => count > 0)) {
          post({ kind: 'log', level: 'info', fields: { event: 'swept', ...removed }, text: 'what has expired was removed' })
        }
      },
      onFault: this.#onFault,
    })
  }

  #startTimers(): () => Promise<void> {
    const run = async (item: NamedItem): Promise<void> => {
      await this.#runItems([item], { clientId: timerClient, marks: undefined })
    }
    const timers = newTimers({ store: this.#parts.store, now: Date.now, tables: timedTables(this.#requestWorld), run })
    return startTimers(timers, Date.now, this.#onFault)
  }

  #answer(number: number, record: AnyRecord): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    const payload = encode(record, encodingFor(connection))
    writeAnswer(this.#outlet.frame, { connection: number, topic: connection.actionsTopic, qos: 1, payload })
    this.#outlet.touch()
  }

  #newBatchWorld(): BatchWorld {
    const { store, context } = this.#parts
    return {
      store,
      cache: newReadCache(cachedDocuments),
      boot: context.boot,
      newId: () => `${String(Date.now()).padStart(13, '0')}${randomBytes(8).toString('hex')}`,
      onFault: this.#onFault,
      onConflict: this.#counts.conflict,
      onOutcome: (item, outcome) => {
        this.#counts.request((item as NamedItem).name(), outcome)
      },
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      now: Date.now,
    }
  }

  #newEmitWorld(): EmitWorld {
    return {
      frame: this.#outlet.frame,
      variantsInUse: this.#parts.variantsInUse,
      connectionOf: (number) => {
        const connection = this.#connections.get(number)
        return connection === undefined ? undefined : { encoding: encodingFor(connection), actionsTopic: connection.actionsTopic }
      },
      control: (message) => {
        this.#outlet.control(message)
      },
      onPerform: this.#jobs.start,
    }
  }
}

function accepted(connection: WorkerConnection, inbox: InboxHead | null, isSessionPresent: boolean): ConnectResult {
  const { client } = connection
  return {
    kind: 'accepted',
    client: client.kind,
    phone: client.kind === 'device' ? client.phone : '',
    variant: variantOf(encodingFor(connection)),
    inbox: inbox === null ? null : { last: inbox.last, settledTo: inbox.settledTo, releasedTo: inbox.releasedTo },
    isSessionPresent,
  }
}
