import type { AnyRecord, Encoding } from '../../../protocol/index.js'
import type { Appended } from '../../../store/contract.js'
import type { FrameWriter } from '../link/frame.js'
import { maskedPhone } from '../../../topics/index.js'
import type { ControlToMain, Encoded } from '../link/messages-to-main.js'
import { writeAnswer, writeClose, writeDeliver, writeDone, writeLive, writeRenumber } from '../link/to-main.js'
import type { Verdict } from '../link/verdict.js'
import { encodingOf, maskOf, variantCount } from '../link/variant.js'
import type { Names } from '../../names/names.js'
import { shownTopic } from '../../names/rename-topic.js'
import type { AppendMessage, Payload } from '../../outcome.js'
import type { CommittedNotice } from '../outbox/outbox.js'
import { messageRecord } from '../../views/message-view.js'
import { renderRecord, withLastMessage } from './body.js'
import type { ClusterOutlet } from './cluster-outlet.js'
import type { Draft, DraftedVerdict, Outgoing } from './draft.js'
import type { BatchResult } from './batch.js'

/** What the worker needs to speak to the main thread after a commit. */
export interface EmitWorld {
  readonly frame: FrameWriter
  /** What everybody is called as of the commit. */
  readonly names: Names
  /** How many connected devices speak each variant; shared with the main thread. */
  readonly variantsInUse: Int32Array
  /** The encoding in which a connection is answered, and its `actions` topic; undefined once it is gone. */
  readonly connectionOf: (connection: number) => { readonly encoding: Encoding; readonly actionsTopic: string } | undefined
  /** The way to the other processes of a cluster; null where there are none. */
  readonly cluster: ClusterOutlet | null
  /** Sends the frame so far, then this. */
  readonly control: (message: ControlToMain) => void
  readonly onPerform: (job: Draft['after'][number] & { kind: 'perform' | 'credentials' }) => void
  readonly onNotice: (notice: CommittedNotice) => void
}

interface Committed {
  readonly names: Names
  readonly appended: readonly Appended[]
  readonly messages: readonly AppendMessage[]
}

/** Tells the main thread what a batch has led to, in the order in which it was decided. */
export function emitBatch({ draft, result }: BatchResult, world: EmitWorld): void {
  const committed = { names: world.names, appended: result.appended, messages: draft.appended }
  for (const step of draft.after) {
    switch (step.kind) {
      case 'deliver':
        emitDelivery(step.outgoing, result, committed, world)
        break
      case 'live':
        emitLive(step, committed, world)
        break
      case 'answer':
        emitAnswer(step, committed, world)
        break
      case 'done':
        writeDone(world.frame, step.request, verdictOf(step.verdict, result))
        break
      case 'perform':
      case 'credentials':
        world.onPerform(step)
        break
      case 'notice':
        world.onNotice(committedNotice(step, result))
        break
      case 'registered':
        world.control(registeredLine(step))
        break
      case 'close':
        world.control({ kind: 'close', client: step.client, because: step.because })
        if (world.cluster !== null) writeClose(world.cluster.frameToAll(), step.client, step.because)
        break
      case 'renumber':
        writeRenumber(world.frame, step.phone, step.number)
        if (world.cluster !== null) writeRenumber(world.cluster.frameToAll(), step.phone, step.number)
        break
      case 'followed':
        world.control({ kind: 'followed', connection: step.connection })
    }
  }
}

/** A verdict with the numbers that its commit gave. */
export function verdictOf(drafted: DraftedVerdict, { appended, delivered }: BatchResult['result']): Verdict {
  if (drafted.kind !== 'accepted') return drafted
  const { firstAppend, appends, queued } = drafted
  const messages = appended.slice(firstAppend, firstAppend + appends).map(({ id }) => id)
  return { kind: 'done', messages, queued: queued.map((place) => delivered[place] ?? 0) }
}

function registeredLine({ client, phone, isNew }: Draft['after'][number] & { kind: 'registered' }): ControlToMain {
  const fields = { event: 'registered', client, phone: maskedPhone(phone), isNew }
  return { kind: 'log', level: 'info', fields, text: isNew ? 'a new account was registered' : 'a device was registered' }
}

/** To the main thread what is for its own devices, to each other process what is for those it holds; what nobody holds waits in its inbox. */
function emitDelivery(outgoing: Outgoing, { delivered, holders }: BatchResult['result'], committed: Committed, world: EmitWorld): void {
  const { qos, clients, firstDelivery, payload } = outgoing
  const { cluster } = world
  const topic = shownTopic(outgoing.topic, world.names)
  const numbers = delivered.slice(firstDelivery, firstDelivery + clients.length)
  const encodings = newEncodings(payload, committed)
  if (cluster === null) {
    writeDeliver(world.frame, { topic, qos, clients, numbers, encoded: encodings(maskOf(world.variantsInUse)) })
    return
  }
  for (const [holder, part] of byHolder(clients, numbers, holders.slice(firstDelivery, firstDelivery + clients.length))) {
    const isOwn = holder === cluster.member
    const encoded = encodings(isOwn ? maskOf(world.variantsInUse) : cluster.variantsElsewhere())
    writeDeliver(isOwn ? world.frame : cluster.frameTo(holder), { topic, qos, ...part, encoded })
  }
}

interface HeldPart {
  readonly clients: string[]
  readonly numbers: number[]
}

function byHolder(clients: readonly string[], numbers: readonly number[], holders: readonly string[]): Map<string, HeldPart> {
  const parts = new Map<string, HeldPart>()
  clients.forEach((client, i) => {
    const holder = holders[i] ?? ''
    if (holder === '') return
    const part = parts.get(holder) ?? { clients: [], numbers: [] }
    parts.set(holder, part)
    part.clients.push(client)
    part.numbers.push(numbers[i] ?? 0)
  })
  return parts
}

function emitLive(step: Draft['after'][number] & { kind: 'live' }, committed: Committed, world: EmitWorld): void {
  const topic = shownTopic(step.topic, world.names)
  const encodings = newEncodings(step.payload, committed)
  writeLive(world.frame, { ...step, topic, encoded: encodings(maskOf(world.variantsInUse)) })
  const { cluster } = world
  const elsewhere = cluster?.variantsElsewhere() ?? 0
  if (cluster !== null && elsewhere !== 0) writeLive(cluster.frameToAll(), { ...step, topic, encoded: encodings(elsewhere) })
}

function committedNotice(
  step: Draft['after'][number] & { kind: 'notice' },
  { appended, delivered }: BatchResult['result'],
): CommittedNotice {
  const { id, notice, phones, clients, firstDelivery, append } = step
  const message = append === undefined ? (notice.message ?? 0) : (appended[append]?.id ?? 0)
  const numbers = new Map(clients.map((client, i) => [client, delivered[firstDelivery + i] ?? 0]))
  return { id, notice, phones, isOfAppend: append !== undefined, message, numbers }
}

function emitAnswer(step: Draft['after'][number] & { kind: 'answer' }, committed: Committed, world: EmitWorld): void {
  const connection = world.connectionOf(step.connection)
  if (connection === undefined) return
  const payload = renderPayload(step.payload, committed, connection.encoding)
  const topic = step.topic === undefined ? connection.actionsTopic : shownTopic(step.topic, world.names)
  writeAnswer(world.frame, { connection: step.connection, topic, qos: step.qos, payload })
}

/** The variants of a mask, each encoded when first asked for. */
function newEncodings(payload: Payload, committed: Committed): (mask: number) => Encoded[] {
  const made: (Encoded | undefined)[] = []
  return (mask) => {
    const encoded: Encoded[] = []
    for (let variant = 0; variant < variantCount; variant++) {
      if ((mask & (1 << variant)) === 0) continue
      encoded.push((made[variant] ??= { variant, payload: renderPayload(payload, committed, encodingOf(variant)) }))
    }
    return encoded
  }
}

function renderPayload(payload: Payload, committed: Committed, encoding: Encoding): Uint8Array {
  switch (payload.kind) {
    case 'opaque':
      return payload.bytes
    case 'record':
      return renderRecord(payload.record, payload.original, encoding, committed.names)
    case 'message':
      return renderRecord(appendedMessage(payload.append, committed), undefined, encoding, committed.names)
    case 'record-with-message':
      return renderRecord(withLastMessage(payload.record, appendedMessage(payload.append, committed)), undefined, encoding, committed.names)
  }
}

function appendedMessage(append: number, { appended, messages }: Committed): AnyRecord & { tag: 'Message' } {
  const place = appended[append]
  const message = messages[append]
  if (place === undefined || message === undefined) throw new RangeError(`no append ${String(append)} in this commit`)
  return messageRecord({ id: place.id, previous: place.previous, next: 0 }, message.message)
}
