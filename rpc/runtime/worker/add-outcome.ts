import { type Put, scopeOfFeed, scopeOfKey } from '../../../store/contract.js'
import { type ClientId, type Phone, phoneOf } from '../../../topics/index.js'
import { devices, messages, sharedBodies } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { encodeContent, noticeRows } from '../outbox/entry.js'
import type { Notice } from '../outbox/notice.js'
import type { Accepted, Payload, Send } from '../../outcome.js'
import type { AddedOutcome, Asker, Draft, DraftWorld, Outgoing, PackedBody } from './draft.js'
import { packBody } from './body.js'
import { lossOf, newsOf } from './news.js'
import { keepNamedFiles, namedFiles } from './named-files.js'

/** A body whose copies in inboxes would come to more than this is stored once and referred to. */
const sharedBodyBytes = 64 * 1024

/** Adds an accepted outcome to the draft. Reads the devices of the audience; the commit rests on them. */
export async function addOutcome(draft: Draft, outcome: Accepted, asker: Asker, world: DraftWorld): Promise<AddedOutcome> {
  const firstAppend = draft.appends.length
  const appends = outcome.appends.map(({ message, isCountable }) => ({
    feed: message.feed,
    message: messages.encode(message),
    isCountable,
  }))
  const files = namedFiles(outcome.puts, appends)
  const kept = files.length === 0 ? [] : await keepNamedFiles(world.reader, files)
  for (const put of outcome.puts) addPut(draft, put, world)
  for (const put of kept) addPut(draft, put, world)
  draft.appends.push(...appends)
  for (const append of outcome.appends) {
    draft.appended.push(append)
    world.overlay.appendedFeeds.add(append.message.feed)
    world.overlay.scopes.add(scopeOfFeed(append.message.feed))
  }
  for (const number of outcome.numbers) {
    draft.numbers.push({ key: number.key, append: firstAppend + number.append })
    world.overlay.numbered.add(number.key)
    world.overlay.scopes.add(scopeOfKey(number.key))
  }
  draft.clearInboxes.push(...outcome.clearInboxes)
  draft.opens.push(...outcome.opens)
  const isStored = changesAnything(outcome)
  const queued: number[] = []
  for (const send of outcome.sends) {
    await addSend(draft, shiftAppend(send, firstAppend), { asker, isStored, world, cleared: outcome.clearInboxes, queued })
  }
  addEffects(draft, outcome, asker, world)
  return {
    isStored: isStored || outcome.effects.some(({ kind }) => kind === 'perform'),
    firstAppend,
    appends: appends.length,
    queued,
  }
}

function addPut(draft: Draft, put: Put, { overlay }: DraftWorld): void {
  draft.puts.push(put)
  overlay.puts.set(put.key, put.value)
  overlay.scopes.add(scopeOfKey(put.key))
}

function changesAnything({ puts, appends, clearInboxes, sends }: Accepted): boolean {
  return puts.length + appends.length + clearInboxes.length > 0 || sends.some(({ to }) => to === 'phones' || to === 'client')
}

function shiftAppend(send: Send, first: number): Send {
  const { payload } = send
  if (first === 0 || payload.kind === 'record' || payload.kind === 'opaque') return send
  return { ...send, payload: { ...payload, append: payload.append + first } }
}

interface SendWorld {
  readonly asker: Asker
  readonly isStored: boolean
  readonly world: DraftWorld
  readonly cleared: readonly ClientId[]
  /** Answers that are queued are noted here. */
  readonly queued: number[]
}

async function addSend(draft: Draft, send: Send, { asker, isStored, world, cleared, queued }: SendWorld): Promise<void> {
  const qos = asker.qos === 2 ? 2 : 1
  switch (send.to) {
    case 'caller': {
      const isQueued = isStored && asker.hasInbox && !cleared.includes(asker.clientId)
      if (isQueued) {
        queued.push(draft.deliveries.length)
        queue(draft, world, { payload: send.payload, topic: send.topic ?? asker.actionsTopic, qos, clients: [asker.clientId] })
      } else draft.after.push({ kind: 'answer', connection: asker.connection, qos, payload: send.payload, topic: send.topic })
      return
    }
    case 'client':
      queue(draft, world, { payload: send.payload, topic: world.actionsTopicOf(send.client), qos, clients: [send.client] })
      return
    case 'phones': {
      const { clients, reachable } = await devicesOf(world.reader, send)
      if (send.notice !== undefined && reachable.length > 0 && world.takesNotices?.() === true) {
        addNotice(draft, world, { notice: send.notice, payload: send.payload, clients, phones: reachable })
      }
      queue(draft, world, { payload: send.payload, topic: send.topic, qos, clients }, newsOf(send, draft.appended))
      return
    }
    case 'connected':
      draft.after.push({
        kind: 'live',
        topic: send.topic,
        exceptClient: send.exceptClient ?? '',
        phones: send.phones,
        payload: send.payload,
      })
  }
}

interface Audience {
  readonly clients: string[]
  /** Those of the phones that can be notified of it. */
  readonly reachable: Phone[]
}

async function devicesOf(reader: FactReader, { phones, exceptClient, notice }: Send & { to: 'phones' }): Promise<Audience> {
  const clients: string[] = []
  const reachable: Phone[] = []
  for (const phone of new Set(phones)) {
    const document = await reader.get(devices, phone)
    for (const client of document?.clients ?? []) if (client !== exceptClient) clients.push(client)
    if (notice !== undefined && document?.pushes !== undefined && phone !== phoneOf(notice.from)) reachable.push(phone)
  }
  return { clients, reachable }
}

interface NewNotice {
  readonly notice: Notice
  readonly payload: Payload
  readonly clients: readonly string[]
  readonly phones: readonly Phone[]
}

/** Comes before the deliveries it speaks of. */
function addNotice(draft: Draft, world: DraftWorld, { notice, payload, clients, phones }: NewNotice): void {
  const id = world.newId()
  const append = payload.kind === 'message' ? payload.append : undefined
  const { entry, numbers } = noticeRows({ id, notice, phones, append })
  draft.outbox.push(entry)
  draft.numbers.push(...numbers)
  draft.after.push({ kind: 'notice', id, notice, phones, clients, firstDelivery: draft.deliveries.length, append })
}

/** @param news what it is news of; undefined for a message */
function queue(draft: Draft, world: DraftWorld, send: Omit<Outgoing, 'firstDelivery'>, news?: string): void {
  const { payload, topic, qos, clients } = send
  if (clients.length === 0) return
  const message = payload.kind === 'message' || payload.kind === 'record-with-message' ? { message: { append: payload.append } } : {}
  const body = bodyFor(draft, world, payload, clients.length)
  const firstDelivery = draft.deliveries.length
  // A record that is news is found again when a device logs in: without it nothing is missing.
  const isMissed = world.date !== undefined && (news === undefined || payload.kind === 'message')
  const loss = isMissed ? { loss: lossOf(payload, draft.appended, world.date()) } : {}
  const what = { topic, qos, body, ...message, ...(news === undefined ? {} : { news }), ...loss }
  for (const client of clients) draft.deliveries.push({ ...what, client })
  draft.after.push({ kind: 'deliver', outgoing: { ...send, firstDelivery } })
}

function bodyFor(draft: Draft, world: DraftWorld, payload: Payload, copies: number): Uint8Array {
  if (payload.kind === 'message') return packBody({ kind: 'message' })
  if (payload.kind === 'opaque') return sharedIfLarge(draft, world, { bytes: packBody({ kind: 'opaque', bytes: payload.bytes }), copies })
  const original = payload.kind === 'record' && payload.original !== undefined ? { original: payload.original } : {}
  const known = draft.bodies.get(payload.record)
  const body = known ?? { bytes: packBody({ kind: 'record', record: payload.record, ...original }), copies: 0 }
  body.copies += copies
  body.bytes = sharedIfLarge(draft, world, body)
  draft.bodies.set(payload.record, body)
  return body.bytes
}

/** The body, or a reference to it once its copies would come to too much. */
function sharedIfLarge(draft: Draft, world: DraftWorld, { bytes, copies }: PackedBody): Uint8Array {
  if (bytes.length * copies <= sharedBodyBytes || copies === 1) return bytes
  const id = world.newId()
  draft.puts.push(sharedBodies.put(bytes, id))
  return packBody({ kind: 'shared', id })
}

function addEffects(draft: Draft, outcome: Accepted, asker: Asker, world: DraftWorld): void {
  if (outcome.effects.length === 0) return
  const request = world.request?.() ?? ''
  for (const effect of outcome.effects) {
    if (effect.kind === 'disconnect') {
      draft.after.push({ kind: 'close', client: effect.client, because: effect.because })
    } else if (effect.kind === 'renumber' || effect.kind === 'registered') {
      draft.after.push(effect)
    } else if (effect.kind === 'credentials') {
      draft.after.push({ kind: 'credentials', owner: effect.owner, connection: asker.connection, request })
    } else {
      const id = world.newId()
      const { job, done, failed } = effect
      const asked = { boot: world.reader.boot, connection: asker.connection, done, failed, request }
      draft.outbox.push({ id, job: encodeContent({ kind: 'job', job, asked }) })
      draft.after.push({ kind: 'perform', id, job, connection: asker.connection, done, failed, request })
    }
  }
}
