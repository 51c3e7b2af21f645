import type { RpcLimits } from '../../context.js'
import type { TaskEnd } from '../outbox/task.js'
import {
  hasMore,
  readBytes,
  readNumber,
  readFrame,
  readText,
  readU16,
  readU32,
  readU8,
  writeBytes,
  writeNumber,
  writeText,
  writeU16,
  writeU32,
  writeU8,
  type FrameWriter,
} from './frame.js'

/** A PUBLISH (or a will) that a worker must decide on. */
export interface RequestMessage {
  readonly kind: 'request'
  /** Number under which the worker reports the end of it. */
  readonly request: number
  readonly connection: number
  /** 0 for QoS 0 and wills. */
  readonly packetId: number
  readonly qos: 0 | 1 | 2
  /** The peer or a restarted worker ring may have sent it before. */
  readonly isRepeated: boolean
  /** Workers have died of it: it is refused unread. */
  readonly isCondemned: boolean
  readonly topic: string
  readonly payload: Uint8Array
}

/** How far a device has acknowledged its inbox. */
export interface SettleMessage {
  readonly kind: 'settle'
  readonly connection: number
  readonly client: string
  readonly settledTo: number
  readonly releasedTo: number
}

/** Asks for entries of an inbox, encoded for the device. */
export interface PageMessage {
  readonly kind: 'page'
  readonly connection: number
  readonly client: string
  readonly after: number
  readonly limit: number
  readonly variant: number
}

export type FrameToWorker = RequestMessage | SettleMessage | PageMessage

/** Rare messages, sent as structured clones. */
export type ControlToWorker =
  | {
      readonly kind: 'connect'
      readonly connection: number
      readonly clientId: string
      readonly userName: string
      readonly password: string | null
      readonly isClean: boolean
      readonly willTopic: string | null
      readonly address: string
      /** Its door answers each request by its verdict. */
      readonly isToldVerdicts?: true
      /** It has been accepted: a node, or a new worker, is told of a connection that stands. */
      readonly stands: boolean
      /** In a cluster, the epoch of its inbox once it has been opened; null for a connection that is new. */
      readonly epoch: number | null
    }
  /** CONNACK has been written: presence, snapshot, inbox. */
  | { readonly kind: 'connected'; readonly connection: number }
  /**
   * The connection is gone; `isTakenOver` if another connection of the same client id stands already. `sentTo`: how far its inbox has been sent,
   * now or before; undefined if that is not known.
   */
  | {
      readonly kind: 'disconnected'
      readonly connection: number
      readonly isTakenOver: boolean
      readonly end: ConnectionEnd
      readonly sentTo?: number | undefined
    }
  | { readonly kind: 'subscribe'; readonly connection: number; readonly request: number; readonly filter: string }
  | { readonly kind: 'job-ended'; readonly id: string; readonly end: TaskEnd }
  /** A frame of the WebSocket endpoint `/ws`; answered by `transfer-result` of the same exchange. */
  | { readonly kind: 'transfer'; readonly exchange: number; readonly address: string; readonly payload: Uint8Array }
  /** An operator has changed these. */
  | { readonly kind: 'limits'; readonly limits: Partial<RpcLimits> }
  | { readonly kind: 'stop' }

/**
 * How a connection ended: `asked` for by the device (DISCONNECT) or by the worker; `lost`, so that the device may be back at once; or as the
 * server is `stopping`, with all others.
 */
export type ConnectionEnd = 'asked' | 'lost' | 'stopping'

const opRequest = 1
const opSettle = 2
const opPage = 3

export function writeRequest(frame: FrameWriter, message: Omit<RequestMessage, 'kind'>): void {
  writeU8(frame, opRequest)
  writeU32(frame, message.request)
  writeU32(frame, message.connection)
  writeU16(frame, message.packetId)
  writeU8(frame, message.qos | (message.isRepeated ? 4 : 0) | (message.isCondemned ? 8 : 0))
  writeText(frame, message.topic)
  writeBytes(frame, message.payload)
}

export function writeSettle(frame: FrameWriter, message: Omit<SettleMessage, 'kind'>): void {
  writeU8(frame, opSettle)
  writeU32(frame, message.connection)
  writeText(frame, message.client)
  writeNumber(frame, message.settledTo)
  writeNumber(frame, message.releasedTo)
}

export function writePage(frame: FrameWriter, message: Omit<PageMessage, 'kind'>): void {
  writeU8(frame, opPage)
  writeU32(frame, message.connection)
  writeText(frame, message.client)
  writeNumber(frame, message.after)
  writeU16(frame, message.limit)
  writeU8(frame, message.variant)
}

/** The messages of a frame, in order. Payloads are views into it. */
export function* messagesToWorker(bytes: Uint8Array): Generator<FrameToWorker> {
  const frame = readFrame(bytes)
  while (hasMore(frame)) {
    const op = readU8(frame)
    if (op === opRequest) {
      const request = readU32(frame)
      const connection = readU32(frame)
      const packetId = readU16(frame)
      const flags = readU8(frame)
      const topic = readText(frame)
      const payload = readBytes(frame)
      const [qos, isRepeated, isCondemned] = [(flags & 3) as 0 | 1 | 2, (flags & 4) !== 0, (flags & 8) !== 0]
      yield { kind: 'request', request, connection, packetId, qos, isRepeated, isCondemned, topic, payload }
    } else if (op === opSettle) {
      yield {
        kind: 'settle',
        connection: readU32(frame),
        client: readText(frame),
        settledTo: readNumber(frame),
        releasedTo: readNumber(frame),
      }
    } else {
      const connection = readU32(frame)
      const client = readText(frame)
      const after = readNumber(frame)
      const limit = readU16(frame)
      yield { kind: 'page', connection, client, after, limit, variant: readU8(frame) }
    }
  }
}
