import type { AnyRecord, Encoding } from '../../protocol/index.js'
import type { Appended } from '../../store/contract.js'
import type { FrameWriter } from '../link/frame.js'
import { type ControlToMain, type Encoded, writeAnswer, writeDeliver, writeDone, writeLive } from '../link/to-main.js'
import { encodingOf, variantCount } from '../link/variant.js'
import type { Names } from '../names/names.js'
import { shownTopic } from '../names/rename-topic.js'
import type { AppendMessage, Payload } from '../outcome.js'
import type { CommittedNotice } from '../outbox/outbox.js'
import { messageRecord } from '../views/message-view.js'
import { renderRecord, withLastMessage } from './body.js'
import type { Draft } from './draft.js'
import type { BatchResult } from './run-batch.js'

/** What the worker needs to speak to the main thread after a commit. */
export interface EmitWorld {
  readonly frame: FrameWriter
  /** What everybody is called as of the commit. */
  readonly names: Names
  /** How many connected devices speak each variant; shared with the main thread. */
  readonly variantsInUse: Int32Array
  /** The encoding in which a connection is answered, and its `actions` topic; undefined once it is gone. */
  readonly connectionOf: (connection: number) => { readonly encoding: Encoding; readonly actionsTopic: string } | undefined
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
      case 'deliver': {
        const { qos, clients, firstDelivery, payload } = step.outgoing
        const topic = shownTopic(step.outgoing.topic, world.names)
        const numbers = result.delivered.slice(firstDelivery, firstDelivery + clients.length)
        writeDeliver(world.frame, { topic, qos, clients, numbers, encoded: encodeForAll(payload, committed, world.variantsInUse) })
        break
      }
      case 'live':
        writeLive(world.frame, {
          ...step,
          topic: shownTopic(step.topic, world.names),
          encoded: encodeForAll(step.payload, committed, world.variantsInUse),
        })
        break
      case 'answer':
        emitAnswer(step, committed, world)
        break
      case 'done':
        writeDone(world.frame, step.request)
        break
      case 'perform':
      case 'credentials':
        world.onPerform(step)
        break
      case 'notice':
        world.onNotice(committedNotice(step, result))
        break
      case 'close':
        world.control({ kind: 'close', client: step.client, because: step.because })
    }
  }
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
  writeAnswer(world.frame, { connection: step.connection, topic: connection.actionsTopic, qos: step.qos, payload })
}

function encodeForAll(payload: Payload, committed: Committed, variantsInUse: Int32Array): Encoded[] {
  const encoded: Encoded[] = []
  for (let variant = 0; variant < variantCount; variant++) {
    if (Atomics.load(variantsInUse, variant) > 0) encoded.push({ variant, payload: renderPayload(payload, committed, encodingOf(variant)) })
  }
  return encoded
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
