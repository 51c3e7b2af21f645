import { isStillBefore } from '../../../clock/index.js'
import type { Auth } from '../../../protocol/index.js'
import { parsePhone, type Phone } from '../../../topics/index.js'
import { pendingSessions, type PendingSession, type PhoneLock, phoneLocks } from '../../documents/index.js'
import type { RpcContext } from '../../context.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse, refuseAttempts } from '../../outcome.js'
import type { Request } from '../../request.js'

/** What is stored of the registration that a connection has under way. */
export interface RegistrationFacts {
  readonly pending: PendingSession | undefined
  /** Wrong codes given for the phone, by whichever connection. */
  readonly lock: PhoneLock | undefined
}

/** A registration that may go on. */
export interface OpenRegistration {
  readonly kind: 'open'
  readonly pending: PendingSession
}

/** The pending session of the caller's connection, and the lock of its phone, or of the one named; both checked at commit. */
export async function readRegistration({ record, caller }: Request<Auth>, facts: FactReader): Promise<RegistrationFacts> {
  const pending = await facts.get(pendingSessions, caller.clientId)
  const phone = pending?.phone ?? readPhone(record.phone)
  return { pending, lock: phone === undefined ? undefined : await facts.get(phoneLocks, phone) }
}

/**
 * The checks that resend, voice and verify have in common, in their order.
 * @refuses `session_not_found`, unless the phone is locked; `mismatch_user_data` if client_id, dev_key or phone is given and different;
 *   `attempts_expired` while locked
 * @see docs/protocol/rpc.md 4, Auth/verify
 */
export function checkRegistration(request: Request<Auth>, { pending, lock }: RegistrationFacts): OpenRegistration | Refused {
  if (pending === undefined || !isOpen(pending, request)) {
    // A lock outlives the registrations it ends: whoever would be sent back to the beginning would find it closed.
    return refuseLocked(lock, request) ?? refuse('session_not_found', 'no registration is under way')
  }
  const { record, caller } = request
  if (!namesClient(record, caller.clientId)) return refuse('mismatch_user_data', 'client_id is not that of the connection')
  if (!matches(record.dev_key, pending.devKey)) return refuse('mismatch_user_data', 'another dev_key')
  if (record.phone !== null && readPhone(record.phone) !== pending.phone) return refuse('mismatch_user_data', 'another phone')
  const locked = refuseLocked(lock, request)
  if (locked !== undefined) return locked
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

/** @refuses `attempts_expired`, with how long the phone is still locked; undefined if it is not */
export function refuseLocked(lock: PhoneLock | undefined, { now, context }: Pick<Request, 'now' | 'context'>): Refused | undefined {
  if (lock === undefined || !isStillBefore(lock.lockedUntil, context.limits.lockMs, now)) return undefined
  return refuseAttempts(lock.lockedUntil - now, 'the phone is locked')
}

/** Whether the code that was sent is still good for something. */
export function isOpen({ expires }: { readonly expires: number }, { now, context }: Pick<Request, 'now' | 'context'>): boolean {
  return isStillBefore(expires, context.limits.codeLifeMs, now)
}

/** The lock of a phone after one more wrong code; the end of a lock begins a new count. */
export function afterWrongCode(lock: PhoneLock | undefined, now: number, { wrongCodes, lockMs }: RpcContext['limits']): PhoneLock {
  const wrong = lock === undefined || lock.lockedUntil > 0 ? 1 : lock.wrong + 1
  return { wrong, lockedUntil: wrong >= wrongCodes ? now + lockMs : 0 }
}

/** A code that was mistyped too often is good for nothing any more. */
export function burnt(pending: PendingSession): PendingSession {
  return { ...pending, code: '' }
}

function isBurnt({ code }: PendingSession): boolean {
  return code === ''
}
