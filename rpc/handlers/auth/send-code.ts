import { isRecent } from '../../../clock/index.js'
import { type Auth, ok, pair } from '../../../protocol/index.js'
import type { Phone } from '../../../topics/index.js'
import { type CodeFacts, readCode, sendCode } from '../../codes/code.js'
import { type PendingSession, pendingSessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Job, type Outcome, refuse, refuseAttempts, type Refused } from '../../outcome.js'
import { isWithinSettings } from '../../merge-features.js'
import { handler, type Request } from '../../request.js'
import {
  checkRegistration,
  isOpen,
  namesClient,
  type OpenRegistration,
  readPhone,
  readRegistration,
  type RegistrationFacts,
} from './registration.js'

const maxDevKeyBytes = 255

const smsSent = ok('sms_sent')

interface RegFacts {
  readonly pending: PendingSession | undefined
  /** Undefined where no phone is given. */
  readonly code: CodeFacts | undefined
}

/**
 * Begins a registration: a pending session under the client id of the connection, and a code by SMS. Asked again at once for the same
 * phone, it keeps the code it has just sent.
 * @refuses `invalid_data`, `mismatch_user_data`, `attempts_expired`; later `sms_send`
 * @see docs/protocol/rpc.md 4, Auth/reg
 */
export const register = handler({
  async read(request: Request<Auth>, facts: FactReader): Promise<RegFacts> {
    const number = readPhone(request.record.phone)
    const pending = await facts.get(pendingSessions, request.caller.clientId)
    return { pending, code: number && (await readCode(request, facts, { kind: 'number', number })) }
  },

  decide(request: Request<Auth>, facts: RegFacts): Outcome {
    const { record, caller, now } = request
    const phone = readPhone(record.phone)
    const { code } = facts
    if (caller.client.kind !== 'registration') return refuse('invalid_data', 'registrations have a client id of their own')
    if (phone === undefined || code === undefined) return refuse('invalid_data', 'not a phone')
    if (!isWithinBounds(record)) return refuse('invalid_data', 'dev_key or settings are too long')
    if (record.services.includes('jwt')) return refuse('invalid_data', 'there is no external provider')
    if (!namesClient(record, caller.clientId)) return refuse('mismatch_user_data', 'client_id is not that of the connection')
    if (keepsCode(request, phone, facts.pending)) return accept({ sends: [answer(smsSent)] })
    const pending = newPending(request, phone, code.fresh)
    return sendCode({ job: smsOf(pending), puts: [pendingSessions.put(pending, caller.clientId)], done: smsSent }, code, now)
  },
})

/** What a connection that nobody knows yet may have stored. */
function isWithinBounds({ dev_key, settings }: Auth): boolean {
  return Buffer.byteLength(dev_key ?? '') <= maxDevKeyBytes && isWithinSettings(settings)
}

/** Sends the same code again and restarts its life. @refuses as {@link checkRegistration} @see docs/protocol/rpc.md 4, Auth/resend */
export const resend = handler({
  read: readRepetition,
  decide(request, facts): Outcome {
    const open = checkRepetition(request, facts)
    if (open.kind !== 'open') return open
    const { now, context, caller } = request
    const { resends } = open.pending
    const pending = { ...open.pending, resends: resends + 1, sent: now, expires: now + context.limits.codeLifeMs }
    return sendCode({ job: smsOf(pending), puts: [pendingSessions.put(pending, caller.clientId)], done: smsSent }, open.code, now)
  },
})

/** Has the code spoken in a call. @refuses as {@link checkRegistration} @see docs/protocol/rpc.md 4, Auth/voice */
export const voice = handler({
  read: readRepetition,
  decide(request, facts): Outcome {
    const open = checkRepetition(request, facts)
    if (open.kind !== 'open') return open
    const { record, caller, now } = request
    const { phone, code, resends } = open.pending
    const puts = [pendingSessions.put({ ...open.pending, resends: resends + 1 }, caller.clientId)]
    const job = { kind: 'voice', phone, language: languageOf(record), code } as const
    return sendCode({ job, puts, done: ok('call_in_progress', pair('Auth', '')) }, open.code, now)
  },
})

const spokenLanguages: readonly string[] = ['en', 'ua', 'it']

function languageOf({ services }: Auth): string {
  return services.find((language) => spokenLanguages.includes(language)) ?? 'en'
}

interface RepetitionFacts extends RegistrationFacts {
  /** Undefined without a registration. */
  readonly code: CodeFacts | undefined
}

async function readRepetition(request: Request<Auth>, facts: FactReader): Promise<RepetitionFacts> {
  const registration = await readRegistration(request, facts)
  const { pending } = registration
  return { ...registration, code: pending && (await readCode(request, facts, { kind: 'number', number: pending.phone })) }
}

type Repeatable = OpenRegistration & { readonly code: CodeFacts }

function checkRepetition(request: Request<Auth>, facts: RepetitionFacts): Repeatable | Refused {
  const open = checkRegistration(request, facts)
  if (open.kind !== 'open') return open
  if (facts.code === undefined) return refuse('session_not_found', 'no registration is under way')
  if (open.pending.resends >= request.context.limits.resends) return refuseAttempts(0, 'the code was repeated too often')
  return { ...open, code: facts.code }
}

function keepsCode(request: Request<Auth>, phone: Phone, pending: PendingSession | undefined): boolean {
  if (pending?.phone !== phone || pending.code === '') return false
  return isRecent(pending.sent, request.context.limits.codeKeepMs, request.now) && isOpen(pending, request)
}

function newPending({ record, caller, now, context }: Request<Auth>, phone: Phone, code: string): PendingSession {
  return {
    phone,
    devKey: record.dev_key,
    os: record.os,
    settings: record.settings,
    code,
    created: now,
    expires: now + context.limits.codeLifeMs,
    sent: now,
    resends: 0,
    dialect: caller.dialect,
  }
}

function smsOf({ phone, code }: Pick<PendingSession, 'phone' | 'code'>): Job {
  return { kind: 'sms', phone, text: `Your code is ${code}`, code }
}
