import { isStillBefore } from '../../../clock/index.js'
import type { Auth } from '../../../protocol/index.js'
import { parsePhone, type Phone } from '../../../topics/index.js'
import { pendingSessions, type PendingSession } from '../../documents/index.js'
import type { RpcContext } from '../../context.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse, refuseAttempts } from '../../outcome.js'
import type { Request } from '../../request.js'

/** What is stored of the registration that a connection has under way. */
export interface RegistrationFacts {
  readonly pending: PendingSession | undefined
}

/** A registration that may go on. */
export interface OpenRegistration {
  readonly kind: 'open'
  readonly pending: PendingSession
}

/** The pending session of the caller's connection, checked at commit. */
export async function readRegistration({ caller }: Request<Auth>, facts: FactReader): Promise<RegistrationFacts> {
  return { pending: await facts.get(pendingSessions, caller.clientId) }
}

/**
 * The checks that resend, voice and verify have in common, in their order.
 * @refuses `session_not_found`; `mismatch_user_data` if client_id, dev_key or phone is given and different; `attempts_expired` if its code is
 *   burnt
 * @see docs/protocol/rpc.md 4, Auth/verify
 */
export function checkRegistration(request: Request<Auth>, { pending }: RegistrationFacts): OpenRegistration | Refused {
  if (pending === undefined || !isOpen(pending, request)) {
    return refuse('session_not_found', 'no registration is under way')
  }
  const { record, caller } = request
  if (!namesClient(record, caller.clientId)) return refuse('mismatch_user_data', 'client_id is not that of the connection')
  if (!matches(record.dev_key, pending.devKey)) return refuse('mismatch_user_data', 'another dev_key')
  if (record.phone !== null && readPhone(record.phone) !== pending.phone) return refuse('mismatch_user_data', 'another phone')
  return isBurnt(pending) ? refuseAttempts(0, 'its code is burnt') : { kind: 'open', pending }
}

/** A phone as requests give it: one leading `+` is stripped. */
export function readPhone(text: string | null): Phone | undefined {
  if (text === null) return undefined
  return parsePhone(text.startsWith('+') ? text.slice(1) : text)
}

/** Whether client_id is left out or that of the connection. */
export function namesClient({ client_id }: Auth, clientId: string): boolean {
  return client_id === null || client_id === clientId
}

/** Whether a field is left out or as stored. */
export function matches(given: string | null, stored: string | null): boolean {
  return given === null || given === stored
}

/** Whether the code that was sent is still good for something. */
export function isOpen({ expires }: { readonly expires: number }, { now, context }: Pick<Request, 'now' | 'context'>): boolean {
  return isStillBefore(expires, context.limits.codeLifeMs, now)
}

/** The wrong codes of a code after one more, and whether that burns it: then it is good for nothing any more. */
export function afterWrongCode<Sent extends { readonly code: string; readonly wrong?: number }>(
  sent: Sent,
  { wrongCodes }: RpcContext['limits'],
): Sent {
  const wrong = (sent.wrong ?? 0) + 1
  return { ...sent, wrong, code: wrong >= wrongCodes ? '' : sent.code }
}

/** A code that was mistyped too often. */
export function isBurnt({ code }: { readonly code: string }): boolean {
  return code === ''
}
