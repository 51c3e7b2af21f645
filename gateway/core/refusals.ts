import { type CoreErrorName, type CoreRefusal, wrongAt } from '../../cadmium/index.js'
import { type AnyRecord, channelReasons, type ErrorCode, errorCodeOf, type RecordOf } from '../../protocol/index.js'
import type { RefusalDetail } from '../../rpc/index.js'
import { answerOf, type Told } from './asks.js'

/** Why a request was not done, in words of the messenger. */
export interface Why {
  readonly code: ErrorCode
  readonly detail: RefusalDetail | undefined
  /** Of channels: what only v11 has a word for. */
  readonly channel: string | undefined
  /** After how long it may be tried again, where that is told. */
  readonly waitMs: number
}

/** @returns undefined if it was done */
export function whyNot(told: Told): Why | undefined {
  const { verdict } = told
  const io = answerOf(told, 'io')
  const channel = answerOf(told, 'errors')?.code[0]
  const said = io === undefined ? null : errorCodeOf(io)
  const detail = verdict.kind === 'refused' ? verdict.detail : undefined
  const more = {
    detail,
    channel,
    waitMs: io === undefined ? 0 : secondsIn(io) * 1_000,
  }
  if (verdict.kind === 'refused') return { code: verdict.code, ...more }
  if (verdict.kind === 'dropped') return { code: 'not_authorized', ...more }
  if (more.channel !== undefined) return { code: channelReasons[more.channel as keyof typeof channelReasons].v1, ...more }
  return said === null ? undefined : { code: said as ErrorCode, ...more }
}

function secondsIn({ data }: RecordOf<'io'>): number {
  return typeof data === 'number' ? data : 0
}

/** What a code is here where a request has no word of its own for it. */
const usual: Readonly<Partial<Record<ErrorCode, CoreErrorName>>> = {
  not_authorized: 'not_allowed',
  unavailable: 'unavailable',
  internal: 'fault',
}

const unknown: readonly ErrorCode[] = [
  'not_found',
  'room_not_found',
  'contact_not_found',
  'contacts_not_found',
  'profile_not_found',
  'roster_not_found',
]

/**
 * The refusal of a request.
 * @param own what its extension says to a code, or to a detail
 * @param field what names the one that is not there
 */
export function refusalOf(
  why: Why,
  own: Readonly<Partial<Record<ErrorCode | RefusalDetail, CoreErrorName>>> = {},
  field = 'to',
): CoreRefusal {
  const named = (why.detail === undefined ? undefined : own[why.detail]) ?? own[why.code]
  if (named === 'not_found' || named === 'wrong_field') return wrongAt(named, field)
  if (named !== undefined) return { error: named }
  if (why.code === 'attempts_expired') return { error: 'too_many', errPayload: { retryAfter: why.waitMs } }
  if (unknown.includes(why.code)) return wrongAt('not_found', field)
  const error = usual[why.code]
  return error === undefined ? wrongAt('wrong_field', 'payload') : { error }
}

/** Whether a record is the io that says yes, with this word. */
export function isOk(record: AnyRecord | undefined, code?: string): boolean {
  if (record?.tag !== 'io' || record.code === null || typeof record.code !== 'object' || !('tag' in record.code)) return false
  return record.code.tag === 'ok' && (code === undefined || record.code.code === code)
}
