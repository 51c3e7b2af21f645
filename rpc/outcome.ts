import {
  type AnyRecord,
  type ChannelErrorCode,
  channelReasons,
  type Dialect,
  type Encoding,
  err,
  type ErrorCode,
  type Io,
  record,
  type RecordOf,
} from '../protocol/index.js'
import type { Bytes, Opening, Put, PutNumber } from '../store/contract.js'
import type { ClientId, Phone } from '../topics/index.js'
import type { Budget } from './budgets/budget.js'
import type { MessageDocument } from './documents/index.js'
import type { RefusalDetail } from './refusal-detail.js'
import type { Notice } from './runtime/outbox/notice.js'

/** Bytes as a peer sent them, kept so that receivers who speak the same encoding get them unchanged. */
export interface Original {
  readonly bytes: Bytes
  readonly encoding: Encoding
}

/**
 * What is sent: a record; a message appended by the same outcome (`appends[append]`), as the stored Message; a record whose `last_msg` is
 * such a message; or bytes that are no record, relayed unchanged.
 */
export type Payload =
  | { readonly kind: 'record'; readonly record: AnyRecord; readonly original?: Original }
  | { readonly kind: 'message'; readonly append: number }
  | { readonly kind: 'record-with-message'; readonly record: RecordOf<'Contact' | 'Room'>; readonly append: number }
  | { readonly kind: 'opaque'; readonly bytes: Bytes }

/** One thing sent, and to whom. Queued means: written to the inbox of each device with the commit, so that it arrives even after a crash. */
export type Send =
  /** Answer on the `actions` topic of the caller, or on another one. Queued if anything else of the outcome is stored. */
  | { readonly to: 'caller'; readonly payload: Payload; readonly topic?: string }
  /** Queued for one device on its `actions` topic. */
  | { readonly to: 'client'; readonly client: ClientId; readonly payload: Payload }
  /** Queued for every device of these phones, each once, on `topic`. */
  | {
      readonly to: 'phones'
      readonly topic: string
      readonly phones: readonly Phone[]
      readonly payload: Payload
      readonly exceptClient?: ClientId
      /** Phones of which no device acknowledges this soon get a push notification. */
      readonly notice?: Notice
      /** News of people who are no friends: of all of it a device is kept the last, and finds the rest when it logs in. */
      readonly isFromStranger?: true
    }
  /** Only for those connected now: presence, typing. */
  | {
      readonly to: 'connected'
      readonly topic: string
      readonly phones: readonly Phone[]
      readonly payload: Payload
      readonly exceptClient?: ClientId
    }

/** Work on the outside world, kept in the outbox until it is done. */
export type Job =
  | { readonly kind: 'sms'; readonly phone: Phone; readonly text: string; readonly code: string }
  | { readonly kind: 'voice'; readonly phone: Phone; readonly language: string; readonly code: string }
  | { readonly kind: 'email'; readonly to: string; readonly subject: string; readonly text: string; readonly code: string }

declare const counted: unique symbol
/** A job that has been paid for out of the budgets of codes: made by `sendCode` alone. */
export type CountedJob = Job & { readonly [counted]: true }

export type Effect =
  /** Performs the job after the commit, then answers the caller with one of the two. */
  | { readonly kind: 'perform'; readonly job: CountedJob; readonly done: AnyRecord; readonly failed: AnyRecord }
  /** Asks for cloud credentials of this person; the caller is answered when they have come, or that there are none. Nothing is stored. */
  | { readonly kind: 'credentials'; readonly owner: Phone }
  /** Tells the operator that a device of this phone has been registered. */
  | { readonly kind: 'registered'; readonly client: ClientId; readonly phone: Phone; readonly isNew: boolean }
  /** Closes the connection of this device, after what it is owed now has been written (within 5 s). */
  | { readonly kind: 'disconnect'; readonly client: ClientId; readonly because: string }
  /** The account filed under `phone` has another number from now on: rights of its connections that follow from the number are asked again. */
  | { readonly kind: 'renumber'; readonly phone: Phone; readonly number: Phone }

export interface AppendMessage {
  readonly message: MessageDocument
  readonly isCountable: boolean
}

export interface Accepted {
  readonly kind: 'accepted'
  readonly puts: readonly Put[]
  readonly appends: readonly AppendMessage[]
  readonly numbers: readonly PutNumber[]
  readonly clearInboxes: readonly ClientId[]
  /** Inboxes that are given up, or taken over. */
  readonly opens: readonly Opening[]
  readonly sends: readonly Send[]
  readonly effects: readonly Effect[]
  /** It is refused all the same: what is stored is what asking has used of a budget, and the answer is among the sends. */
  readonly refused?: Refused
}

/** The peer's request is refused: nothing changes, one `io` error is answered, or `answer` where there is one. `because` is for the log. */
export interface Refused {
  readonly kind: 'refused'
  readonly code: ErrorCode
  readonly because: string
  readonly answer?: AnyRecord
  /** For doors that tell more than the code. */
  readonly detail?: RefusalDetail
  /** The budget that is used up, if it is one that the operator is told of. */
  readonly short?: Budget
}

/** The request does nothing and is not answered (a publish without the right, a stray Typing). */
export interface Dropped {
  readonly kind: 'dropped'
  readonly because: string
}

export type Outcome = Accepted | Refused | Dropped

const nothing: Accepted = { kind: 'accepted', puts: [], appends: [], numbers: [], clearInboxes: [], opens: [], sends: [], effects: [] }

/** An accepted outcome; what is left out is empty. */
export function accept(parts: Partial<Omit<Accepted, 'kind'>>): Accepted {
  return { ...nothing, ...parts }
}

export function refuse(code: ErrorCode, because: string, detail?: RefusalDetail): Refused {
  return detail === undefined ? { kind: 'refused', code, because } : { kind: 'refused', code, because, detail }
}

/**
 * Refuses for too many tries.
 * @param waitMs after how long trying again may succeed; 0: at once, but from the beginning
 * @param short the budget that is used up, where the operator is to be told
 * @see docs/protocol/rpc.md 1.6, attempts_expired
 */
export function refuseAttempts(waitMs: number, because: string, short?: Budget): Refused {
  const refused = { ...refuse('attempts_expired', because), answer: attemptsExpired(waitMs) }
  return short === undefined ? refused : { ...refused, short }
}

/** Refuses for too many codes within a time: until the oldest of them (`sent`, in order) no longer counts. */
export function refuseUntil(sent: readonly number[], countMs: number, now: number): Refused {
  return refuseAttempts((sent[0] ?? now) + countMs - now, 'too many codes were asked for')
}

/** `{io,{error,attempts_expired},Seconds}`. @param waitMs as in {@link refuseAttempts} */
export function attemptsExpired(waitMs: number): Io {
  return err('attempts_expired', Math.max(0, Math.ceil(waitMs / 1_000)))
}

/**
 * Refuses a request on a link or channel: a v11 device is told by `errors`, which echoes its request, another by `io`.
 * @see docs/protocol/rpc.md 3
 */
export function refuseChannel(code: ChannelErrorCode, asked: RecordOf<'Link' | 'Room'>, dialect: Dialect, because: string): Refused {
  const refused = refuse(channelReasons[code].v1, because)
  return dialect === 'v1' ? refused : { ...refused, answer: record('errors', { code: [code], data: asked }) }
}

export function drop(because: string): Dropped {
  return { kind: 'dropped', because }
}

/** An answer to the caller. */
export function answer(record: AnyRecord): Send {
  return { to: 'caller', payload: { kind: 'record', record } }
}

/** A record queued for all devices of `phones` on `topic`. @param notice of what absent people hear by push notification */
export function push(topic: string, phones: readonly Phone[], record: AnyRecord, notice?: Notice): Send & { readonly to: 'phones' } {
  return { to: 'phones', topic, phones, payload: { kind: 'record', record }, ...(notice === undefined ? {} : { notice }) }
}
