/** Sessions, feeds and answers. Source: rpc.md 1.4, unless another is named. */
import { adjusted, mapped, type MappingEntry } from './mapping.js'
import { canonicalReason, wireReason } from './reason-codes.js'
import type { Infer, RecordOf, recordTable } from './records.js'
import { rosterFrom, rosterText } from './roster-name.js'
import { emptyList } from './shape.js'
import { isAtom, isTuple } from './term.js'

type Answer = Infer<(typeof recordTable)['ok']['v1'][0][1]>

function answerFrom(code: Answer): RecordOf<'ok'> {
  if (code === null || typeof code === 'string') return { tag: 'ok', code: null, ref: code }
  if (isAtom(code)) return { tag: 'ok', code: code.atom, ref: null }
  return { tag: 'ok', code: code.tuple[0].atom, ref: code.tuple[1] }
}

export const answerMappings: readonly MappingEntry[] = [
  adjusted(
    'Auth',
    'v1',
    (r, w) => ({ ...r, created: typeof w[11] === 'number' ? w[11] : null }),
    () => ({}),
  ),
  // what a client says of itself beyond the listed atoms carries no right: a fake phone is a phone, an internal type none
  adjusted(
    'Auth',
    'v11',
    (r, w) => ({
      ...r,
      phone: isTuple(w[3]) ? w[3].tuple[1] : w[3],
      type: isTuple(w[5]) ? null : w[5],
      services: w[8].filter((service) => typeof service === 'string'),
      settings: typeof w[9] === 'string' ? emptyList : w[9],
    }),
    (r) => ({ services: r.services.map((service) => ({ atom: service })) }),
  ),

  mapped(
    'Typing',
    'v1',
    (w) => ({
      tag: 'Typing',
      from: typeof w[0] === 'string' ? w[0] : null,
      to: typeof w[1] === 'string' ? w[1] : null,
      comments: emptyList,
    }),
    (r) => [r.from, r.to],
  ),
  // v11 has room for one end: where it goes in a request, whom it is from in a push
  mapped(
    'Typing',
    'v11',
    (w, way) => ({ tag: 'Typing', from: way === 'push' ? w[0] : null, to: way === 'request' ? w[0] : null, comments: w[1] }),
    (r) => [r.from ?? r.to, r.comments],
  ),

  adjusted(
    'History',
    'v1',
    (r, _values, way) => ({ ...r, roster_id: rosterFrom(r.roster_id), next: way === 'push' && r.status === 'get' ? r.size : null }),
    (r) => ({ roster_id: rosterText(r.roster_id), size: r.next ?? r.size }),
  ),
  adjusted(
    'History',
    'v11',
    (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }),
    (r) => ({ roster_id: rosterText(r.roster_id) }),
  ),

  // nil is no list of rosters but no code
  ...(['v1', 'v11'] as const).map((dialect) =>
    adjusted(
      'io',
      dialect,
      (r) => (Array.isArray(r.code) && r.code.length === 0 ? { ...r, code: null } : r),
      () => ({}),
    ),
  ),

  mapped(
    'ok',
    'v1',
    (w) => answerFrom(w[0]),
    ({ code, ref }) => [code === null ? ref : ref === null ? { atom: code } : { tuple: [{ atom: code }, ref] }],
  ),
  mapped(
    'ok',
    'v11',
    (w) => answerFrom(w[0]),
    ({ code, ref }) => [ref ?? (code === null ? null : { atom: code })],
  ),

  // the clients of one time name the status by a binary, those of another by an atom, and look for theirs in the answer
  ...(['ftp', 'ftpack'] as const).flatMap((tag) =>
    (['v1', 'v11'] as const).map((dialect) =>
      adjusted(
        tag,
        dialect,
        (r, w) => ({ ...r, status: isAtom(w[8]) ? w[8].atom : w[8], status_form: isAtom(w[8]) || w[8] === null ? 'atom' : 'binary' }),
        (r) => ({ status: r.status === null || r.status_form === 'binary' ? r.status : { atom: r.status } }),
      ),
    ),
  ),

  // a refusal is sent as an atom, whatever it came as
  mapped(
    'error',
    'v1',
    ([code]) => ({ tag: 'error', code: isAtom(code) ? code.atom : code }),
    ({ code }) => [code === null ? null : { atom: code }],
  ),
  ...(['error', 'error2'] as const).map((tag) =>
    adjusted(
      tag,
      'v11',
      (r) => ({ ...r, code: r.code === null ? null : canonicalReason(r.code) }),
      (r) => ({ code: r.code === null ? null : wireReason(r.code, 'v11') }),
    ),
  ),
]
