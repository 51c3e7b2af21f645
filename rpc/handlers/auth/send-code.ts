import { isRecent } from '../../../clock/index.js'
import { type Auth, err, type Io, ok, pair } from '../../../protocol/index.js'
import type { Phone } from '../../../topics/index.js'
import { type PendingSession, pendingSessions, type PhoneLock, phoneLocks } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Accepted, accept, answer, type Job, type Outcome, refuse, refuseAttempts } from '../../outcome.js'
import { isWithinSettings } from '../../merge-features.js'
import { handler, type Request } from '../../request.js'
import { newCode } from '../../tokens.js'
import {
  checkRegistration,
  isOpen,
  isTestNumber,
  namesClient,
  type OpenRegistration,
  readPhone,
  readRegistration,
  refuseLocked,
} from './registration.js'

const maxDevKeyBytes = 255

const smsSent = ok('sms_sent')
const notSent = err('sms_send')

interface RegFacts {
  readonly pending: PendingSession | undefined
  readonly lock: PhoneLock | undefined
  readonly newCode: string
}

/**
 * Begins a registration: a pending session under the client id of the connection, and a code by SMS. Asked again at once for the same
 * phone, it keeps the code it has just sent.
 * @refuses `invalid_data`, `mismatch_user_data`, `attempts_expired`; later `sms_send`
 * @see docs/protocol/rpc.md 4, Auth/reg
 */
export const register = handler({
  async read({ record, caller, context }: Request<Auth>, facts: FactReader): Promise<RegFacts> {
    const phone = readPhone(record.phone)
    const pending = await facts.get(pendingSessions, caller.clientId)
    const lock = phone === undefined ? undefined : await facts.get(phoneLocks, phone)
    return { pending, lock, newCode: newCode(context.random) }
  },

  decide(request: Request<Auth>, facts: RegFacts): Outcome {
    const { record, caller } = request
    const phone = readPhone(record.phone)
    if (caller.client.kind !== 'registration') return refuse('invalid_data', 'registrations have a client id of their own')
    if (phone === undefined) return refuse('invalid_data', 'not a phone')
    if (!isWithinBounds(record)) return refuse('invalid_data', 'dev_key or settings are too long')
    if (record.services.includes('jwt')) return refuse('invalid_data', 'there is no external provider')
    if (!namesClient(record, caller.clientId)) return refuse('mismatch_user_data', 'client_id is not that of the connection')
    const locked = refuseLocked(facts.lock, request)
    if (locked !== undefined) return locked
    if (keepsCode(request, phone, facts.pending)) return accept({ sends: [answer(smsSent)] })
    const pending = newPending(request, phone, facts.newCode)
    return { ...sendCode(request, pending), puts: [pendingSessions.put(pending, caller.clientId)] }
  },
})

/** What a connection that nobody knows yet may have stored. */
function isWithinBounds({ dev_key, settings }: Auth): boolean {
  return Buffer.byteLength(dev_key ?? '') <= maxDevKeyBytes && isWithinSettings(settings)
}

/** Sends the same code again and restarts its life. @refuses as {@link checkRegistration} @see docs/protocol/rpc.md 4, Auth/resend */
export const resend = handler({
  read: readRegistration,
  decide(request, facts): Outcome {
    const open = checkResend(request, checkRegistration(request, facts))
    if (open.kind !== 'open') return open
    const { now, context, caller } = request
    const { resends } = open.pending
    const pending = { ...open.pending, resends: resends + 1, sent: now, expires: now + context.limits.codeLifeMs }
    return { ...sendCode(request, pending), puts: [pendingSessions.put(pending, caller.clientId)] }
  },
})

/** Has the code spoken in a call. @refuses as {@link checkRegistration} @see docs/protocol/rpc.md 4, Auth/voice */
export const voice = handler({
  read: readRegistration,
  decide(request, facts): Outcome {
    const open = checkResend(request, checkRegistration(request, facts))
    if (open.kind !== 'open') return open
    const { record, caller, context } = request
    const { phone, code, resends } = open.pending
    const puts = [pendingSessions.put({ ...open.pending, resends: resends + 1 }, caller.clientId)]
    const done = ok('call_in_progress', pair('Auth', ''))
    if (isTestNumber(phone, context)) return accept({ puts, sends: [answer(done)] })
    return { ...perform({ kind: 'voice', phone, language: languageOf(record), code }, done), puts }
  },
})

const spokenLanguages: readonly string[] = ['en', 'ua', 'it']

function languageOf({ services }: Auth): string {
  return services.find((language) => spokenLanguages.includes(language)) ?? 'en'
}

function checkResend({ context }: Request<Auth>, open: OpenRegistration | ReturnType<typeof refuse>) {
  if (open.kind !== 'open') return open
  return open.pending.resends < context.limits.resends ? open : refuseAttempts(0, 'the code was repeated too often')
}

function keepsCode(request: Request<Auth>, phone: Phone, pending: PendingSession | undefined): boolean {
  if (pending?.phone !== phone || pending.code === '') return false
  return isRecent(pending.sent, request.context.limits.codeKeepMs, request.now) && isOpen(pending, request)
}

function newPending({ record, caller, now, context }: Request<Auth>, phone: Phone, randomCode: string): PendingSession {
  return {
    phone,
    devKey: record.dev_key,
    os: record.os,
    settings: record.settings,
    code: isTestNumber(phone, context) ? context.testNumbers.code : randomCode,
    created: now,
    expires: now + context.limits.codeLifeMs,
    sent: now,
    resends: 0,
    dialect: caller.dialect,
  }
}

function sendCode({ context }: Request<Auth>, { phone, code }: PendingSession): Accepted {
  if (isTestNumber(phone, context)) return accept({ sends: [answer(smsSent)] })
  return perform({ kind: 'sms', phone, text: `Your code is ${code}`, code }, smsSent)
}

function perform(job: Job, done: Io): Accepted {
  return accept({ effects: [{ kind: 'perform', job, done, failed: notSent }] })
}
