import type { ErrorCode } from './reason-codes.js'
import { record, type AnyRecord, type Io, type RecordOf } from './records.js'
import { isTuple, pair, type Term, type Tuple } from './term.js'

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

/** What a device was not given: something of a feed, by name, or of anything at all where that is empty, at `since` (ms) or later. */
export interface Missed {
  readonly feed: string
  readonly since: number
}

/** `{io,{ok2,missed,[{Feed,Since}]},<<>>}`. */
export function missedAnswer(missed: readonly Missed[]): Io {
  return ok2(
    'missed',
    missed.map(({ feed, since }) => pair(feed, since)),
  )
}

/** What {@link missedAnswer} tells; nothing if the record is another. */
export function missedIn({ code }: Io): readonly Missed[] {
  if (code === null || typeof code !== 'object' || !('tag' in code) || code.tag !== 'ok2' || code.code !== 'missed') return []
  const { src } = code
  return !Array.isArray(src) ? [] : (src as readonly Term[]).flatMap((one) => missedOne(one) ?? [])
}

function missedOne(term: Term): Missed | undefined {
  if (!isTuple(term)) return undefined
  const [feed, since] = term.tuple
  return typeof feed === 'string' && typeof since === 'number' ? { feed, since } : undefined
}
