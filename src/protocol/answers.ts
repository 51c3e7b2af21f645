import type { ErrorCode } from './reason-codes.js'
import { record, type AnyRecord, type Io, type RecordOf } from './records.js'
import type { Term, Tuple } from './term.js'

/** `{io,{ok,Code},<<>>}`, with other data where the entry in rpc.md says so. */
export function ok(code: string, data: Io['data'] = ''): Io {
  return record('io', { code: record('ok', { code }), data })
}

/** `{io,{ok2,Code,Src},<<>>}`. */
export function ok2(code: string, src: string | Tuple<readonly [string, string]> | readonly Term[]): Io {
  return record('io', { code: record('ok2', { code, src }) })
}

/** `{io,{error,Code},<<>>}`, with other data where rpc.md says so. */
export function err(code: ErrorCode, data: Io['data'] = ''): Io {
  return record('io', { code: errorSide(code), data })
}

/** `{ok,Code}`, one side of a pair answer (rpc.md 9). */
export function okSide(code: string): RecordOf<'ok'> {
  return record('ok', { code })
}

/** `{error,Code}`, one side of a pair answer. */
export function errorSide(code: ErrorCode): RecordOf<'error'> {
  return record('error', { code })
}

/** The canonical code of a refusal, or null if the record is none. */
export function errorCodeOf(answer: AnyRecord): string | null {
  if (answer.tag !== 'io' || answer.code === null || typeof answer.code !== 'object' || !('tag' in answer.code)) return null
  return answer.code.tag === 'error' || answer.code.tag === 'error2' ? answer.code.code : null
}
