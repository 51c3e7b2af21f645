/** A few people, their devices and a room on a real store; requests run through the batch runner. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyRecord, decodePush, type Dialect, errorCodeOf, type RecordOf } from '../../protocol/index.js'
import { newRpcContext, type RpcContext } from '../../rpc/context.js'
import { requestOf, routes } from '../../rpc/dispatcher.js'
import {
  type ContactDocument,
  contacts,
  devices,
  type MemberDocument,
  members,
  type Role,
  type RoomDocument,
  rooms,
  rosters,
} from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newNames } from '../../rpc/names/names.js'
import { newReadCache } from '../../rpc/read-cache.js'
import type { Payload } from '../../rpc/outcome.js'
import type { Caller } from '../../rpc/request.js'
import { messageRecord } from '../../rpc/views/message-view.js'
import type { Verdict } from '../../rpc/runtime/link/verdict.js'
import { verdictOf } from '../../rpc/runtime/worker/emit.js'
import { newSights } from '../../rpc/runtime/worker/delivered-record.js'
import { readInboxPage } from '../../rpc/runtime/worker/inbox-page.js'
import type { BatchItem, BatchResult } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import { openLmdbStore } from '../../store/lmdb/open-lmdb-store.js'
import type { Put, Store } from '../../store/contract.js'
import { actionsTopic, phoneOf, type PhoneId, type RoomId } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf, rosterOf } from '../acl/cast.js'
import { checkRefusal } from './known-refusals.js'

export const ann = rosterOf('380670001234_12525')
export const boris = rosterOf('380670002234_12334')
export const clara = rosterOf('380670003234_12777')
export const dan = rosterOf('380670004234_12888')
/** A second roster of Ann's phone. */
export const anne = rosterOf('380670001234_12526')
export const nobody = rosterOf('380670009999_1')

/** The clock of every test unless it moves it. */
export const now = 1_700_000_000_000

const boot = 'test'
const clientOf: { readonly [Roster in string]: string } = {
  [ann]: 'emqttd_A1',
  [boris]: 'emqttd_B1',
  [clara]: 'emqttd_C1',
  [dan]: 'emqttd_D1',
}

/** One thing that left the server: on which topic, to which devices (phones where only the connected ones get it). */
export interface Sent {
  readonly topic: string
  readonly to: readonly string[]
  readonly record: AnyRecord
}

/** What one request led to. */
export interface Result {
  /** The answers to the caller. */
  readonly answers: readonly AnyRecord[]
  /** Everything else, in order. */
  readonly pushes: readonly Sent[]
  /** Error code of the answer, undefined if there is none. */
  readonly error: string | undefined
  /** What its door is told. */
  readonly verdict: Verdict | undefined
}

export interface ChatWorld {
  readonly store: Store
  readonly context: ReturnType<typeof newRpcContext>
  put(...puts: readonly Put[]): Promise<void>
  /** Runs a request of the device of `who` and commits it. */
  ask(who: PhoneId, record: AnyRecord, options?: AskOptions): Promise<Result>
  contact(owner: PhoneId, other: PhoneId): Promise<ContactDocument | undefined>
  /** What the device of `who`, which has acknowledged nothing, would be sent now. */
  inbox(who: PhoneId): Promise<readonly Sent[]>
  close(): Promise<void>
}

export interface AskOptions {
  readonly dialect?: Dialect
  readonly at?: number
  readonly asService?: boolean
  /** All rosters of the caller's phone; only `who` by default. */
  readonly rosters?: readonly PhoneId[]
}

export async function openChatWorld(parts: Partial<RpcContext> = {}): Promise<ChatWorld> {
  const path = await mkdtemp(join(tmpdir(), 'chat-'))
  const store = await openLmdbStore({ path })
  const context = newRpcContext({ boot, nodeCount: 1, ...parts })
  const put = async (...puts: readonly Put[]): Promise<void> => {
    await store.commit({ puts })
  }
  await put(...[ann, boris, clara, dan, anne].flatMap(person))
  await put(devices.put({ clients: ['emqttd_A1', 'emqttd_A2'].map(clientIdOf) }, phoneOf(ann)))

  const cache = newReadCache(1_000)
  async function run(caller: Caller, record: AnyRecord, at: number): Promise<BatchResult> {
    const items = [itemOf(caller, record, at, context)]
    const state = { clientId: caller.clientId, marks: undefined }
    return runBatch(items, state, noDeadline, {
      store,
      cache,
      boot,
      strangersLearn: context.strangersLearn,
      newId: () => 'id',
      onFault(fault) {
        throw fault
      },
      onConflict: () => undefined,
      onOutcome: () => undefined,
      wait: () => Promise.resolve(),
      elapsed: () => reading(0),
    })
  }

  return {
    store,
    context,
    put,
    async ask(who, record, options = {}) {
      const caller = callerOf(who, options)
      return resultOf(await run(caller, record, options.at ?? now), caller)
    },
    async contact(owner, other) {
      const bytes = await store.get(contacts.key(owner, other))
      return bytes && contacts.decode(bytes)
    },
    async inbox(who) {
      const client = clientOf[who] ?? 'emqttd_A1'
      const { reader } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(1_000), boot })
      const sights = newSights(store, reader, [who])
      const words = { encoding: { codec: 'bert', dialect: 'v1' }, names: newNames(), sights } as const
      const page = await readInboxPage(store, client, { head: { last: 0 }, after: 0, limit: 1_000, ...words })
      return page.entries.flatMap((entry) => {
        if (entry.kind === 'empty') return []
        const decoded = decodePush(entry.payload, 'v1')
        if (decoded.kind === 'refusal') throw new Error(decoded.because)
        return [{ topic: entry.topic, to: [client], record: decoded.record }]
      })
    },
    async close() {
      await store.close()
      await rm(path, { recursive: true })
    },
  }
}

function person(phoneId: PhoneId): readonly Put[] {
  const roster = { id: 1, names: phoneId, surnames: null, email: null, nick: null, avatar: null, created: now, update: now }
  return [
    rosters.put(roster, phoneId),
    contacts.put(aContact({ state: 'friend' }), phoneId, phoneId),
    devices.put({ clients: [clientIdOf(clientOf[phoneId] ?? 'emqttd_A1')] }, phoneOf(phoneId)),
  ]
}

export function aContact(parts: Partial<ContactDocument>): ContactDocument {
  return { state: 'none', bans: false, isBanned: false, isMuted: false, settings: [], created: now, update: now, ...parts }
}

/** Both sides of a friendship. */
export function friends(a: PhoneId, b: PhoneId): readonly Put[] {
  return [contacts.put(aContact({ state: 'friend' }), a, b), contacts.put(aContact({ state: 'friend' }), b, a)]
}

/** A room whose members have the ids 1, 2, 3 … in the order given. */
export function aRoom(
  room: RoomId,
  list: readonly (readonly [PhoneId, Role, isMuted?: boolean])[],
  parts: Partial<RoomDocument> = {},
): readonly Put[] {
  const document: RoomDocument = {
    name: 'Trip',
    description: null,
    settings: [],
    data: [],
    type: 'group',
    tos: null,
    tosUpdate: 0,
    created: now,
    update: now,
    owner: ann,
    memberCount: list.length,
    lastMemberId: list.length,
    stamp: 1,
    ...parts,
  }
  const blank = { isSilent: false, avatar: null, names: null, surnames: null, alias: null, email: null, voxId: null, settings: [] }
  return [
    rooms.put(document, room),
    ...list.map(([phoneId, role, isMuted = false], i) => {
      const member: MemberDocument = { id: i + 1, role, isMuted, ...blank, joined: now, update: now }
      return members.put(member, room, phoneId)
    }),
  ]
}

function callerOf(who: PhoneId, { dialect = 'v1', asService = false, rosters = [who] }: AskOptions): Caller {
  const clientId = clientIdOf(asService ? 'sys_news' : (clientOf[who] ?? 'emqttd_A1'))
  const known = { clientId, userName: 'api' }
  return {
    client: asService ? { kind: 'service', name: 'news', ...known } : { kind: 'device', phone: phoneOf(who), rosters, ...known },
    clientId,
    dialect,
    codec: 'bert',
    address: `192.0.2.${String(Number(phoneOf(who)) % 251)}`,
    token: null,
  }
}

function itemOf(caller: Caller, record: AnyRecord, at: number, context: ChatWorld['context']): BatchItem {
  const asked = requestOf(record)
  const entry = routes.find(({ tag, request }) => tag === record.tag && request === asked)
  if (entry === undefined) throw new Error(`no handler for ${record.tag} ${asked}`)
  const request = { record, caller, now: at, context }
  return {
    asker: { connection: 1, clientId: caller.clientId, actionsTopic: actionsTopic('api', caller.clientId), hasInbox: true, qos: 2 },
    request: 1,
    isRepeated: false,
    answersRefusals: true,
    evaluate: async (reader) => checkRefusal(record, entry.handler.decide(request, await entry.handler.read(request, reader))),
  }
}

function resultOf(batch: BatchResult, caller: Caller): Result {
  const sent = sentBy(batch, caller)
  const own = actionsTopic('api', caller.clientId)
  const answers = sent.filter(({ topic }) => topic === own).map(({ record }) => record)
  const [first] = answers
  const [verdict] = batch.draft.after.flatMap((step) => (step.kind === 'done' ? verdictOf(step.verdict, batch.result) : []))
  return { answers, pushes: sent.filter(({ topic }) => topic !== own), error: (first && errorCodeOf(first)) ?? undefined, verdict }
}

/** Everything that a batch has led to, the answers on the `actions` topic of the caller. */
export function sentBy(batch: BatchResult, caller: Pick<Caller, 'clientId'>): readonly Sent[] {
  return batch.draft.after.flatMap((step): Sent[] => {
    switch (step.kind) {
      case 'deliver':
        return [{ topic: step.outgoing.topic, to: step.outgoing.clients, record: recordIn(step.outgoing.payload, batch) }]
      case 'live':
        return [{ topic: step.topic, to: step.phones, record: recordIn(step.payload, batch) }]
      case 'answer':
        return [{ topic: step.topic ?? actionsTopic('api', caller.clientId), to: [caller.clientId], record: recordIn(step.payload, batch) }]
      default:
        return []
    }
  })
}

function recordIn(payload: Payload, { draft, result }: BatchResult): AnyRecord {
  if (payload.kind === 'opaque') throw new Error('bytes are no record')
  if (payload.kind !== 'message') return payload.record
  const place = result.appended[payload.append]
  const appended = draft.appended[payload.append]
  if (place === undefined || appended === undefined) throw new Error('no such append')
  return messageRecord({ id: place.id, previous: place.previous, next: 0 }, appended.message)
}

/** The records of one tag among those given. */
export function only<T extends AnyRecord['tag']>(tag: T, records: readonly AnyRecord[]): readonly RecordOf<T>[] {
  return records.filter((record): record is Extract<AnyRecord, { tag: T }> => record.tag === tag) as unknown as readonly RecordOf<T>[]
}
