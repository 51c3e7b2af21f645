import { randomBytes } from 'node:crypto'
import { decideVersion, decideSubscribe } from '../../acl/index.js'
import { encode, type Encoding } from '../../protocol/index.js'
import type { InboxHead, Store } from '../../store/contract.js'
import type { RpcContext } from '../context.js'
import { emptyOverlay, newFactReader, type FactReader } from '../facts.js'
import { decideConnection, readConnectFacts, type ServiceSecrets } from '../handlers/connect/credentials.js'
import { readSubscribeFacts } from '../handlers/subscribe.js'
import { newFrameWriter, takeFrame } from '../link/frame.js'
import { type ConnectResult, type ControlToMain, writeAnswer, writeInboxPage, writeSettled } from '../link/to-main.js'
import { type ControlToWorker, messagesToWorker, type PageMessage, type RequestMessage, type SettleMessage } from '../link/to-worker.js'
import { encodingOf, variantOf } from '../link/variant.js'
import { newReadCache } from '../read-cache.js'
import { newCounts } from './counts.js'
import { emitBatch, type EmitWorld } from './emit.js'
import { readInboxPage } from './inbox-page.js'
import { newJobs } from './jobs.js'
import { newLanes } from './lanes.js'
import { connectedItem, disconnectedItem, type NamedItem, requestItem } from './requests.js'
import { type BatchItem, type BatchWorld, type ClientState, runBatch } from './run-batch.js'
import { newSettlements } from './settlements.js'
import { newWorkerConnection, type WorkerConnection } from './worker-connection.js'

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
}

/** One node of the ring, without the thread it runs in. */
export interface RpcWorker {
  receive(message: Uint8Array | ControlToWorker): void
  /** Finishes what it has been given, writes the marks it still holds. */
  stop(): Promise<void>
}

const cachedDocuments = 4_000
const settleDelayMs = 100
const settleLimit = 1_000
const countsEveryMs = 1_000

export function startWorker(parts: WorkerParts): RpcWorker {
  const { store, context, services } = parts
  const cache = newReadCache(cachedDocuments)
  const connections = new Map<number, WorkerConnection>()
  /** The connection whose acknowledgements count for the inbox of a client. */
  const latest = new Map<string, number>()
  /** What has come for connections that are still being looked up: a new worker is told of everything at once. */
  const held = new Map<number, (() => void)[]>()
  const frame = newFrameWriter()
  let isScheduled = false
  const now = Date.now

  function flush(): void {
    isScheduled = false
    if (frame.length > 0) parts.post(takeFrame(frame))
  }

  /** Sends the frame at the end of the tick. */
  function touch(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(flush)
  }

  function control(message: ControlToMain): void {
    flush()
    parts.post(message)
  }

  const onFault = (fault: unknown): void => {
    counts.fault()
    const error = fault instanceof Error ? { message: fault.message, stack: fault.stack } : { message: String(fault) }
    parts.post({ kind: 'log', level: 'error', fields: { err: error }, text: 'fault' })
  }

  const counts = newCounts(control)
  const countTimer = setInterval(counts.tell, countsEveryMs)
  const jobs = newJobs({
    store,
    control,
    answer: (number, record) => {
      const connection = connections.get(number)
      if (connection === undefined) return
      const payload = encode(record, encodingFor(connection))
      writeAnswer(frame, { connection: number, topic: connection.actionsTopic, qos: 1, payload })
      touch()
    },
    onDone: (id) => {
      settlements.addDone(id)
    },
  })
  const settlements = newSettlements({
    async write(written, outboxDone) {
      await store.commit({ settlements: written, outboxDone })
    },
    onReleased(client, releasedTo) {
      writeSettled(frame, client, releasedTo)
      touch()
    },
    delayMs: settleDelayMs,
    limit: settleLimit,
    onFault,
  })

  const batchWorld: BatchWorld = {
    store,
    cache,
    boot: context.boot,
    newId: () => `${String(now()).padStart(13, '0')}${randomBytes(8).toString('hex')}`,
    onFault,
    onConflict: counts.conflict,
    onOutcome: (item, outcome) => {
      counts.request((item as NamedItem).name(), outcome)
    },
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    now,
  }
  const emitWorld: EmitWorld = {
    frame,
    variantsInUse: parts.variantsInUse,
    connectionOf: (number) => {
      const connection = connections.get(number)
      return connection === undefined ? undefined : { encoding: encodingFor(connection), actionsTopic: connection.actionsTopic }
    },
    control,
    onPerform: jobs.start,
  }

  async function runItems(items: readonly BatchItem[], client: ClientState): Promise<number> {
    const begun = performance.now()
    const result = await runBatch(items, client, now() + parts.requestDeadlineMs, batchWorld)
    counts.commit((performance.now() - begun) / 1000)
    emitBatch(result, emitWorld)
    touch()
    return result.covered
  }

  const lanes = newLanes(runItems, onFault)

  function step(clientId: WorkerConnection['clientId'], run: () => Promise<void>): void {
    lanes.add(clientId, { kind: 'step', run })
  }

  function readerNow(): FactReader {
    return newFactReader({ store, cache, boot: context.boot, overlay: emptyOverlay() }).reader
  }

  function onceKnown(connection: number, run: () => void): void {
    const waiting = held.get(connection)
    if (waiting === undefined) run()
    else waiting.push(run)
  }

  function receiveRequest(message: RequestMessage): void {
    const connection = connections.get(message.connection)
    if (connection === undefined) return
    lanes.add(connection.clientId, { kind: 'request', item: requestItem(message, connection, { context, now }) })
  }

  function receiveSettle({ connection, client, settledTo, releasedTo }: SettleMessage): void {
    if (latest.get(client) === connection) settlements.add({ client, settledTo, releasedTo })
  }

  function receivePage({ connection, client, after, limit, variant }: PageMessage): void {
    step(client as WorkerConnection['clientId'], async () => {
      const head = (await store.inboxHead(client)) ?? emptyInbox
      const entries = await readInboxPage(store, client, { after, limit, encoding: encodingOf(variant) })
      // What lies behind a full page is asked for when the page has been sent.
      writeInboxPage(frame, { connection, after, settledTo: head.settledTo, last: head.last, entries })
      touch()
    })
  }

  async function connect(message: ControlToWorker & { kind: 'connect' }): Promise<void> {
    const result = await decideWho(message).catch((fault: unknown): ConnectResult => {
      onFault(fault)
      return { kind: 'refused', returnCode: 3, because: 'the store did not answer' }
    })
    control({ kind: 'connect-result', connection: message.connection, result })
    const waiting = held.get(message.connection)
    held.delete(message.connection)
    for (const run of waiting ?? []) run()
  }

  async function decideWho(message: ControlToWorker & { kind: 'connect' }): Promise<ConnectResult> {
    const { clientId, userName, isClean, password } = message
    const credentials = { clientId, userName, password, isCleanSession: isClean }
    const known = await readConnectFacts(readerNow(), credentials, services, { now: now(), limits: context.limits })
    const decision = decideConnection(credentials, known)
    if (decision.kind === 'refuse') return { kind: 'refused', returnCode: decision.returnCode, because: decision.because }
    if (decision.kind === 'assign') return { kind: 'refused', returnCode: 2, because: decision.because }
    const { client, session, token } = decision
    const version = decideVersion(message.willTopic ?? undefined)
    const namesVersion = message.willTopic?.startsWith('version/') === true
    const connection = newWorkerConnection({
      number: message.connection,
      client,
      token,
      isVersionSupported: version.isSupported,
      dialect: namesVersion ? version.dialect : (session?.dialect ?? version.dialect),
      codec: session?.codec ?? 'bert',
    })
    connections.set(message.connection, connection)
    if (client.kind !== 'device') return accepted(connection, null, false)
    const inbox = await openInbox(connection, isClean)
    return accepted(connection, inbox, !isClean && (session?.lastOnline ?? 0) > (session?.created ?? 0))
  }

  /** Where the inbox stands, once all that was acknowledged before has been written. A clean session begins with an empty one. */
  async function openInbox({ clientId, number }: WorkerConnection, isClean: boolean): Promise<InboxHead> {
    latest.set(clientId, number)
    await settlements.flush()
    if (isClean) await store.commit({ clearInboxes: [clientId] })
    return (await store.inboxHead(clientId)) ?? emptyInbox
  }

  function disconnect({ connection: number, isTakenOver }: ControlToWorker & { kind: 'disconnected' }): void {
    const connection = connections.get(number)
    if (connection === undefined) {
      control({ kind: 'left', connection: number })
      return
    }
    step(connection.clientId, async () => {
      connections.delete(number)
      if (latest.get(connection.clientId) === number) latest.delete(connection.clientId)
      if (!isTakenOver) await runItems([disconnectedItem(connection, { context, now })], { clientId: connection.clientId, marks: undefined })
      control({ kind: 'left', connection: number })
    })
  }

  function announce(number: number): void {
    const connection = connections.get(number)
    if (connection === undefined) return
    step(connection.clientId, async () => {
      await runItems([connectedItem(connection, { context, now })], { clientId: connection.clientId, marks: undefined })
      control({ kind: 'open-inbox', connection: number })
    })
  }

  function subscribe({ connection: number, request, filter }: ControlToWorker & { kind: 'subscribe' }): void {
    const connection = connections.get(number)
    if (connection === undefined) return
    step(connection.clientId, async () => {
      const facts = await readSubscribeFacts(readerNow(), connection.client, filter)
      const { allowed } = decideSubscribe(connection.client, filter, facts, [])
      control({ kind: 'subscribe-result', connection: number, request, isAllowed: allowed })
    })
  }

  function receiveControl(message: ControlToWorker): void {
    switch (message.kind) {
      case 'connect':
        held.set(message.connection, [])
        step(message.clientId as WorkerConnection['clientId'], () => connect(message))
        return
      case 'connected':
        onceKnown(message.connection, () => {
          announce(message.connection)
        })
        return
      case 'disconnected':
        onceKnown(message.connection, () => {
          disconnect(message)
        })
        return
      case 'subscribe':
        onceKnown(message.connection, () => {
          subscribe(message)
        })
        return
      case 'job-ended':
        jobs.ended(message.id, message.isDone)
        return
      case 'stop':
    }
  }

  if (parts.takesLeftovers) jobs.performLeftovers().catch(onFault)

  return {
    receive(message) {
      if (!(message instanceof Uint8Array)) {
        receiveControl(message)
        return
      }
      for (const one of messagesToWorker(message)) {
        onceKnown(one.connection, () => {
          if (one.kind === 'request') receiveRequest(one)
          else if (one.kind === 'settle') receiveSettle(one)
          else receivePage(one)
        })
      }
    },
    async stop() {
      clearInterval(countTimer)
      await lanes.idle()
      await settlements.flush()
      counts.tell()
      flush()
    },
  }
}

const emptyInbox: InboxHead = { last: 0, settledTo: 0, releasedTo: 0, dropped: 0 }

function encodingFor({ codec, dialect }: WorkerConnection): Encoding {
  return { codec, dialect }
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
