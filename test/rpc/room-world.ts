/** Rooms on a real store: requests and direct publishes of several people, and what each of them led to. */
import { type AnyRecord, decode, type Dialect, encode, errorCodeOf, record, type RecordOf } from '../../protocol/index.js'
import { devices, members, presences, type RoomDocument, rooms, rosters } from '../../rpc/documents/index.js'
import type { RpcContext } from '../../rpc/context.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { directPublish } from '../../rpc/handlers/direct-publish.js'
import { linkHandlers } from '../../rpc/handlers/link/index.js'
import { memberHandlers } from '../../rpc/handlers/member.js'
import { messageHandlers } from '../../rpc/handlers/message/index.js'
import { roomHandlers } from '../../rpc/handlers/room/index.js'
import type { Payload } from '../../rpc/outcome.js'
import type { Caller, Handler } from '../../rpc/request.js'
import { messageRecord } from '../../rpc/views/message-view.js'
import { withLastMessageOf } from '../../rpc/views/room-view.js'
import type { BatchItem, BatchResult } from '../../rpc/runtime/worker/batch.js'
import { runBatch } from '../../rpc/runtime/worker/run-batch.js'
import { actionsTopic, type ClientId, parseRoomId, parseTopic, phoneOf, type PhoneId, type RoomId } from '../../topics/index.js'
import { noDeadline, reading } from '../clock/readings.js'
import { clientIdOf } from '../acl/cast.js'
import { ann, anne, boris, type ChatWorld, clara, dan, now, openChatWorld } from './chat-world.js'
import { checkRefusal } from './known-refusals.js'

export type Room = RecordOf<'Room'>
export type Member = RecordOf<'Member'>

export const r1 = roomNamed('r1')

export function roomNamed(text: string): RoomId {
  const room = parseRoomId(text)
  if (room === undefined) throw new Error(`${text} names no room`)
  return room
}

/** One thing that left the server. */
export interface Sent {
  readonly topic: string
  /** Client ids; phones where only those connected get it. */
  readonly to: readonly string[]
  readonly isLive: boolean
  /** The record, or bytes that are none. */
  readonly payload: AnyRecord | Uint8Array
}

export interface RoomWorld extends ChatWorld {
  /** Runs a request and returns all that it led to, the answer first or last as sent. */
  send(who: PhoneId, record: AnyRecord, options?: SendOptions): Promise<readonly Sent[]>
  publish(who: PhoneId, topic: string, payload: AnyRecord | Uint8Array, options?: SendOptions): Promise<readonly Sent[]>
  member(phoneId: PhoneId, room?: RoomId): Promise<string | undefined>
  room(room?: RoomId): Promise<RoomDocument | undefined>
}

export interface SendOptions {
  readonly at?: number
  readonly rosters?: readonly PhoneId[]
  readonly asService?: boolean
  readonly dialect?: Dialect
}

type Entry = { readonly tag: string; readonly request: string; readonly handler: Handler<AnyRecord, unknown> }
const entries = [...roomHandlers, ...memberHandlers, ...messageHandlers, ...linkHandlers] as unknown as readonly Entry[]

const deviceOf: { readonly [Roster in string]: string } = {
  [ann]: 'emqttd_A1',
  [boris]: 'emqttd_B1',
  [clara]: 'emqttd_C1',
  [dan]: 'emqttd_D1',
}

export async function openRoomWorld(parts: Partial<RpcContext> = {}): Promise<RoomWorld> {
  const world = await openChatWorld(parts)
  const { store, context } = world
  const cache = newReadCache(1_000)
  await world.put(...[ann, boris, clara, dan].flatMap((roster) => onlineAs(roster)), rosters.remove(anne))

  async function run(item: BatchItem): Promise<readonly Sent[]> {
    const state = { clientId: item.asker.clientId, marks: undefined }
    const batch = await runBatch([item], state, noDeadline, {
      store,
      cache,
      boot: context.boot,
      newId: () => 'id',
      onFault(fault) {
        throw fault
      },
      onConflict: () => undefined,
      onOutcome: () => undefined,
      wait: () => Promise.resolve(),
      elapsed: () => reading(0),
    })
    return sentBy(batch, item.asker.actionsTopic)
  }

  return {
    ...world,
    send(who, asked, options = {}) {
      const caller = callerOf(who, options)
      const request = { record: asked, caller, now: options.at ?? now, context }
      const status = 'status' in asked ? asked.status : ''
      const entry = entries.find(({ tag, request: name }) => tag === asked.tag && name === status)
      if (entry === undefined) throw new Error(`no handler for ${asked.tag} ${String(status)}`)
      const { handler } = entry
      return run(itemOf(caller, async (reader) => checkRefusal(asked, handler.decide(request, await handler.read(request, reader)))))
    },
    publish(who, topic, payload, options = {}) {
      const caller = callerOf(who, options)
      const bytes = payload instanceof Uint8Array ? payload : encode(payload, { codec: 'bert', dialect: caller.dialect })
      const publish = {
        topic: parseTopic(topic),
        payload: bytes,
        decoded: decode(bytes, caller.dialect),
        caller,
        now: options.at ?? now,
        context,
      }
      return run(itemOf(caller, async (reader) => directPublish(publish, reader), false))
    },
    async member(phoneId, room = r1) {
      const bytes = await store.get(members.key(room, phoneId))
      return bytes && members.decode(bytes).role
    },
    async room(room = r1) {
      const bytes = await store.get(rooms.key(room))
      return bytes && rooms.decode(bytes)
    },
  }
}

function onlineAs(roster: PhoneId): ReturnType<typeof devices.put>[] {
  const clients: ClientId[] = [clientIdOf(deviceOf[roster] ?? '')]
  const names = { [ann]: 'Anna', [boris]: 'Boris', [clara]: 'Clara', [dan]: 'Dan' }[roster] ?? null
  const surnames = roster === ann ? 'Koval' : null
  return [
    devices.put({ clients }, phoneOf(roster)),
    presences.put({ devices: clients.map((client) => ({ client, boot: 'test' })), update: now }, phoneOf(roster)),
    rosters.put({ id: 1, names, surnames, email: null, nick: null, avatar: null, created: now, update: now }, roster),
  ]
}

function callerOf(who: PhoneId, { dialect = 'v1', asService = false, rosters: own = [who] }: SendOptions): Caller {
  const clientId = clientIdOf(asService ? 'sys_news' : (deviceOf[who] ?? 'emqttd_A1'))
  const known = { clientId, userName: 'api' }
  return {
    client: asService ? { kind: 'service', name: 'news', ...known } : { kind: 'device', phone: phoneOf(who), rosters: own, ...known },
    clientId,
    dialect,
    codec: 'bert',
    address: '',
    token: null,
  }
}

function itemOf(caller: Caller, evaluate: BatchItem['evaluate'], answersRefusals = true): BatchItem {
  const topic = actionsTopic('api', caller.clientId)
  return {
    asker: { connection: 1, clientId: caller.clientId, actionsTopic: topic, hasInbox: true, qos: 2 },
    request: 1,
    isRepeated: false,
    answersRefusals,
    evaluate,
  }
}

function sentBy(batch: BatchResult, actions: string): readonly Sent[] {
  return batch.draft.after.flatMap((step): Sent[] => {
    switch (step.kind) {
      case 'deliver':
        return [{ topic: step.outgoing.topic, to: step.outgoing.clients, isLive: false, payload: rendered(step.outgoing.payload, batch) }]
      case 'live':
        return [{ topic: step.topic, to: step.phones, isLive: true, payload: rendered(step.payload, batch) }]
      case 'answer':
        return [{ topic: actions, to: [], isLive: true, payload: rendered(step.payload, batch) }]
      default:
        return []
    }
  })
}

function rendered(payload: Payload, { draft, result }: BatchResult): AnyRecord | Uint8Array {
  if (payload.kind === 'opaque') return payload.bytes
  if (payload.kind === 'record') return payload.record
  const place = result.appended[payload.append]
  const appended = draft.appended[payload.append]
  if (place === undefined || appended === undefined) throw new Error('no such append')
  const message = messageRecord({ id: place.id, previous: place.previous, next: 0 }, appended.message)
  if (payload.kind === 'message') return message
  return payload.record.tag === 'Room' ? withLastMessageOf(payload.record, message) : payload.record
}

/** A request on a room. */
export function asks(status: NonNullable<Room['status']>, fields: Partial<Omit<Room, 'tag' | 'status'>> = {}): Room {
  return record('Room', { id: r1, ...fields, status })
}

/** Entries of a request's members or admins. */
export function listing(...phoneIds: readonly PhoneId[]): readonly Member[] {
  return phoneIds.map((phone_id) => record('Member', { phone_id }))
}

/** What happened, a line for each thing sent: topic, `tag/status`, and whom or what it names. */
export function told(sent: readonly Sent[]): readonly string[] {
  return sent.map(
    ({ topic, payload }) => `${topic.replace(/^actions.*/, 'act')} ${payload instanceof Uint8Array ? 'bytes' : line(payload)}`,
  )
}

function line(payload: AnyRecord): string {
  switch (payload.tag) {
    case 'Room': {
      const names = (list: readonly Member[]): string => list.map(({ phone_id }) => first(phone_id)).join('')
      return `Room/${String(payload.status)} members=${names(payload.members)} admins=${names(payload.admins)}`
    }
    case 'Member':
      return `Member/${String(payload.status)} ${first(payload.phone_id)}`
    case 'Message':
      return `Message/${String(payload.status)} ${payload.files[0]?.payload ?? ''}`
    case 'io':
      return errorCodeOf(payload) ?? 'ok'
    case 'Typing':
      return `Typing ${first(payload.from)} ${first(payload.to)}`
    default:
      return payload.tag
  }
}

const initials: { readonly [Roster in string]: string } = { [ann]: 'A', [boris]: 'B', [clara]: 'C', [dan]: 'D', [anne]: 'E' }

function first(phoneId: string | null): string {
  return phoneId === null ? '-' : (initials[phoneId] ?? phoneId)
}

/** The room of a push, the first of its kind. */
export function roomIn(sent: readonly Sent[], topic: string): Room {
  const found = sent.find((one) => one.topic === topic && !(one.payload instanceof Uint8Array) && one.payload.tag === 'Room')
  if (found === undefined || found.payload instanceof Uint8Array || found.payload.tag !== 'Room') throw new Error(`no room on ${topic}`)
  return found.payload
}
