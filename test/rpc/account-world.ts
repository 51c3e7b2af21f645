/** Phones that register, connect and go, on a real store: connections decided, requests dispatched and committed as the worker does it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../../acl/index.js'
import { type AnyRecord, type Auth, type Dialect, errorCodeOf, record, type RecordOf } from '../../protocol/index.js'
import { newRpcContext, type RpcContext } from '../../rpc/context.js'
import { dispatch } from '../../rpc/dispatcher.js'
import { profiles } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { connected } from '../../rpc/handlers/connect/connected.js'
import { decideConnection, readConnectFacts } from '../../rpc/handlers/connect/credentials.js'
import { disconnected } from '../../rpc/handlers/connect/disconnected.js'
import type { Job, Payload } from '../../rpc/outcome.js'
import type { Caller } from '../../rpc/request.js'
import { rosterIds } from '../../rpc/views/profile-view.js'
import { messageRecord } from '../../rpc/views/message-view.js'
import type { BatchItem, BatchResult } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import type { Put, Store } from '../../store/contract.js'
import { openLmdbStore } from '../../store/lmdb/open-lmdb-store.js'
import { actionsTopic, type Phone, parsePhone, type PhoneId } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf } from '../acl/cast.js'
import { checkRefusal } from './known-refusals.js'

export const start = 1_700_000_000_000
export const minute = 60_000
export const day = 24 * 60 * minute

export const ann = phoneOf('380670001234')
export const boris = phoneOf('380670002234')
export const clara = phoneOf('380670003234')

export function phoneOf(text: string): Phone {
  const phone = parsePhone(text)
  if (phone === undefined) throw new Error(`${text} is no phone`)
  return phone
}

/** A push: on which topic, to which devices, or to the connected devices of which phones. */
export interface Pushed {
  readonly topic: string
  readonly to: readonly string[]
  readonly isLive: boolean
  readonly record: AnyRecord
}

/** What one request, or one event of a connection, led to. */
export interface Result {
  readonly answers: readonly AnyRecord[]
  readonly pushes: readonly Pushed[]
  /** Error code of the first answer. */
  readonly error: string | undefined
  readonly jobs: readonly Job[]
  /** Devices whose connection is closed. */
  readonly closed: readonly string[]
  readonly cleared: readonly string[]
}

/** A CONNECT that was accepted, or its return code. */
export type Connection =
  { readonly kind: 'connected'; readonly caller: Caller; readonly result: Result } | { readonly kind: 'refused'; readonly code: number }

export interface ConnectOptions {
  readonly dialect?: Dialect
  readonly isVersionSupported?: boolean
  readonly services?: ReadonlyMap<string, string>
}

/** A registered device and its token. */
export interface Device {
  readonly id: string
  readonly token: string
}

export interface AccountWorld {
  readonly store: Store
  readonly context: RpcContext
  /** The clock; tests move it. */
  now: number
  boot: string
  /** Other processes that live, beside `boot`. */
  readonly others: Set<string>
  put(...puts: readonly Put[]): Promise<void>
  ask(caller: Caller, record: AnyRecord): Promise<Result>
  /** Runs what nobody has asked for. */
  run(item: BatchItem): Promise<Result>
  /** A request of a registration connection. */
  auth(client: string, parts: Partial<Omit<Auth, 'tag'>>, dialect?: Dialect): Promise<Result>
  /** reg and verify in one. */
  register(registration: string, phone: Phone, parts?: Partial<Omit<Auth, 'tag'>>): Promise<Device>
  connect(client: string, password: string | null, options?: ConnectOptions): Promise<Connection>
  /** Connects a registered device, which must succeed. */
  login(device: Device, options?: ConnectOptions): Promise<Caller>
  disconnect(caller: Caller): Promise<Result>
  rosterOf(phone: Phone): Promise<PhoneId>
  close(): Promise<void>
}

export async function openAccountWorld(parts: Partial<RpcContext> = {}): Promise<AccountWorld> {
  const path = await mkdtemp(join(tmpdir(), 'account-'))
  const store = await openLmdbStore({ path })
  const context = newRpcContext({ boot: 'first', nodeCount: 4, ...parts })
  const cache = newReadCache(1_000)
  const readerNow = () => newFactReader({ store, overlay: emptyOverlay(), cache, boot: world.boot }).reader

  async function run(caller: Caller, isRequest: boolean, evaluate: BatchItem['evaluate']): Promise<Result> {
    const topic = actionsTopic('api', caller.clientId)
    const hasInbox = isRequest && caller.client.kind === 'device'
    const asker = { connection: 1, clientId: caller.clientId, actionsTopic: topic, hasInbox, qos: 2 } as const
    const item = { asker, request: 1, isRepeated: false, answersRefusals: true, evaluate }
    const state = { clientId: caller.clientId, marks: undefined }
    return resultOf(await runBatch([item], state, noDeadline, batchWorld()), topic)
  }

  const batchWorld = () => ({
    strangersLearn: context.strangersLearn,
    store,
    cache,
    boot: world.boot,
    isLive: (boot: string) => boot === world.boot || world.others.has(boot),
    newId: () => 'id',
    onFault(fault: unknown): void {
      throw fault
    },
    onConflict: () => undefined,
    onOutcome: () => undefined,
    wait: () => Promise.resolve(),
    elapsed: () => reading(0),
  })

  const world: AccountWorld = {
    store,
    context,
    now: start,
    boot: 'first',
    others: new Set(),
    async put(...puts) {
      await store.commit({ puts })
    },
    ask(caller, asked) {
      const request = { record: asked, caller, now: world.now, context }
      return run(caller, true, async (reader) => checkRefusal(asked, await dispatch(request, reader)))
    },
    async run(item) {
      const state = { clientId: item.asker.clientId, marks: undefined }
      return resultOf(await runBatch([item], state, noDeadline, batchWorld()), item.asker.actionsTopic)
    },
    auth(client, fields, dialect = 'v1') {
      return world.ask(registrationOf(client, dialect), record('Auth', fields))
    },
    async register(registration, phone, fields = {}) {
      const { jobs, error } = await world.auth(registration, { phone, type: 'reg', ...fields })
      if (error !== undefined) throw new Error(error)
      const { answers } = await world.auth(registration, { type: 'verify', sms_code: jobs[0]?.code ?? '' })
      return deviceIn(answers)
    },
    async connect(clientId, password, { dialect = 'v1', isVersionSupported = true, services = new Map() } = {}) {
      const credentials = { clientId, userName: 'api', password, isCleanSession: false }
      const known = await readConnectFacts(readerNow(), credentials, services, { now: world.now, limits: context.limits })
      const decision = decideConnection(credentials, known)
      if (decision.kind === 'assign') throw new Error('no client id')
      if (decision.kind === 'refuse') return { kind: 'refused', code: decision.returnCode }
      const caller = {
        client: decision.client,
        clientId: decision.client.clientId,
        dialect,
        codec: 'bert',
        address: '192.0.2.1',
        token: decision.token,
      } as const
      const event = { caller, isVersionSupported, now: world.now, context }
      return {
        kind: 'connected',
        caller,
        result: await run(caller, false, async (reader) => connected.decide(event, await connected.read(event, reader))),
      }
    },
    async login({ id, token }, options) {
      const connection = await world.connect(id, token, options)
      if (connection.kind === 'refused') throw new Error(`CONNACK ${String(connection.code)}`)
      return connection.caller
    },
    disconnect(caller) {
      const event = { caller, now: world.now }
      return run(caller, false, async (reader) => disconnected.decide(event, await disconnected.read(event, reader)))
    },
    async rosterOf(phone) {
      const profile = await readerNow().peek(profiles, phone)
      const [phoneId] = profile === undefined ? [] : rosterIds(phone, profile)
      if (phoneId === undefined) throw new Error(`${phone} has no roster`)
      return phoneId
    },
    async close() {
      await store.close()
      await rm(path, { recursive: true })
    },
  }
  return world
}

/** A registration connection. */
export function registrationOf(client: string, dialect: Dialect = 'v1'): Caller {
  const clientId = clientIdOf(client)
  const who: Client = { kind: 'registration', clientId, userName: 'api' }
  return { client: who, clientId, dialect, codec: 'bert', address: '', token: null }
}

/** The client id and token of a login answer. */
export function deviceIn(answers: readonly AnyRecord[]): Device {
  const login = answers.flatMap(({ code }: AnyRecord & { code?: unknown }) => (isOk2(code) && code.code === 'login' ? [code.src] : []))[0]
  if (typeof login !== 'object' || !('tuple' in login)) throw new Error(`no login in ${JSON.stringify(answers)}`)
  const [id, token] = login.tuple
  return { id, token }
}

function isOk2(code: unknown): code is RecordOf<'ok2'> {
  return typeof code === 'object' && code !== null && 'tag' in code && code.tag === 'ok2'
}

/** An answer in short: `vnode_max`, `ok logout`, `ok2 login`, `error nick`, else tag and status. */
export function short(answer: AnyRecord): string {
  if (answer.tag !== 'io') return 'status' in answer ? `${answer.tag} ${String(answer.status)}` : answer.tag
  const { code } = answer
  return typeof code === 'object' && code !== null && 'tag' in code ? `${code.tag} ${String(code.code)}` : 'io'
}

function resultOf(batch: BatchResult, actions: string): Result {
  const { after, clearInboxes } = batch.draft
  const sent = after.flatMap((step): Pushed[] => {
    if (step.kind === 'deliver') {
      const { topic, clients, payload } = step.outgoing
      return [{ topic, to: clients, isLive: false, record: recordIn(payload, batch) }]
    }
    if (step.kind === 'live') return [{ topic: step.topic, to: step.phones, isLive: true, record: recordIn(step.payload, batch) }]
    return step.kind === 'answer' ? [{ topic: actions, to: [], isLive: true, record: recordIn(step.payload, batch) }] : []
  })
  const performed = after.flatMap((step) => (step.kind === 'perform' ? [step] : []))
  const answers = [...sent.filter(({ topic }) => topic === actions).map(({ record: one }) => one), ...performed.map(({ done }) => done)]
  const [first] = answers
  return {
    answers,
    pushes: sent.filter(({ topic }) => topic !== actions),
    error: (first && errorCodeOf(first)) ?? undefined,
    jobs: performed.map(({ job }) => job),
    closed: after.flatMap((step) => (step.kind === 'close' ? [step.client] : [])),
    cleared: clearInboxes,
  }
}

function recordIn(payload: Payload, { draft, result }: BatchResult): AnyRecord {
  if (payload.kind === 'opaque') throw new Error('bytes are no record')
  if (payload.kind !== 'message') return payload.record
  const place = result.appended[payload.append]
  const appended = draft.appended[payload.append]
  if (place === undefined || appended === undefined) throw new Error('no such append')
  return messageRecord({ id: place.id, previous: place.previous, next: 0 }, appended.message)
}
