import { type Auth, err } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { type ClientId, phoneIdOf, type PhoneId } from '../../../topics/index.js'
import { pendingSessions, type PendingSession, type SessionDocument, sessions } from '../../documents/index.js'
import { noteVerified } from '../../codes/sites.js'
import { countTry, type TryFacts } from '../../codes/tries.js'
import { type Accepted, accept, answer, attemptsExpired, type Outcome } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { storedToken } from '../../tokens.js'
import { holderPuts, loginAnswer } from '../connect/session-use.js'
import { type NewAccount, newAccount } from './new-account.js'
import { afterWrongCode, checkRegistration, isBurnt } from './registration.js'
import { endSessions, putDevices } from './session-end.js'
import { type AccountFacts, type DeviceList, readVerify, type VerifyFacts } from './verify-facts.js'

/**
 * Ends a registration: with the right code the device gets its client id and token, and the phone an account if it has none.
 * @refuses `session_not_found`, `mismatch_user_data`, `attempts_expired`, `invalid_sms_code` or `invalid_jwt_code`, in this order
 * @see docs/protocol/rpc.md 4, Auth/verify
 */
export const verify = handler({
  read: readVerify,
  decide(request: Request<Auth>, facts: VerifyFacts): Outcome {
    const open = checkRegistration(request, facts)
    if (open.kind !== 'open') return open
    const wrong = countTry(facts.tries, request.now)
    if (wrong.kind === 'refused') return wrong
    return facts.account === undefined
      ? countWrongCode(request, open.pending, wrong.puts)
      : registerDevice(request, open.pending, facts.account, facts.tries.sites)
  },
})

/** Wrong codes count for the registration, whose code the last one allowed burns, and for the address they come from. */
function countWrongCode({ record, caller, context }: Request<Auth>, pending: PendingSession, counted: readonly Put[]): Outcome {
  const after = afterWrongCode(pending, context.limits)
  const told = isBurnt(after) ? attemptsExpired(0) : err(record.services.includes('jwt') ? 'invalid_jwt_code' : 'invalid_sms_code')
  return accept({ puts: [pendingSessions.put(after, caller.clientId), ...counted], sends: [answer(told)] })
}

function registerDevice(request: Request<Auth>, asked: PendingSession, account: AccountFacts, sites: TryFacts['sites']): Outcome {
  const { caller, now } = request
  // Registered is a number; what follows is about the account that it names.
  const pending = { ...asked, phone: account.of.filed }
  const place = placeOf(pending, account)
  const made = account.profile === undefined ? newAccount(account.of, account.lastRosterId, now) : undefined
  const session = newSession(request, pending, place, { token: account.token, userId: userIdOf(pending, account, made) })
  const devices = fitDevices(account, place, pending, request)
  return accept({
    puts: [
      ...(made?.puts ?? []),
      ...place.evicted.puts,
      ...devices.puts,
      sessions.put(session, place.client),
      ...holderPuts(session, place.client),
      pendingSessions.remove(caller.clientId),
      ...noteVerified(asked.phone, sites, request),
    ],
    // A device that has had no session is owed nothing, whatever was left from an earlier one.
    clearInboxes: [...(account.holder === undefined ? [place.client] : []), ...place.evicted.clearInboxes, ...devices.clearInboxes],
    sends: [answer(loginAnswer(place.client, account.token)), ...snapshotAnswer(account, place, made)],
    effects: [
      { kind: 'registered', client: place.client, phone: asked.phone, isNew: made !== undefined },
      ...place.evicted.effects,
      ...devices.effects,
      ...closeOld(place),
    ],
  })
}

type SessionEnd = Pick<Accepted, 'puts' | 'clearInboxes' | 'effects'>

/** Under which client id the device registers. */
interface Place {
  readonly client: ClientId
  /** The session of the same device and phone that is replaced. */
  readonly replaced: SessionDocument | undefined
  /** What removes the session of another phone that had the client id. */
  readonly evicted: SessionEnd
}

const nobodyEvicted: SessionEnd = { puts: [], clearInboxes: [], effects: [] }

/** A device that changes its phone keeps its client id if it proves by its dev_key to be the same one. */
function placeOf({ phone, devKey }: PendingSession, { deviceId, spareId, holder, holderDevices }: AccountFacts): Place {
  if (holder === undefined) return { client: deviceId, replaced: undefined, evicted: nobodyEvicted }
  if (holder.phone === phone) return { client: deviceId, replaced: holder, evicted: nobodyEvicted }
  if (devKey === null || devKey === '' || holder.devKey !== devKey) {
    return { client: spareId, replaced: undefined, evicted: nobodyEvicted }
  }
  const clients = holderDevices.clients.filter((client) => client !== deviceId)
  const evicted: SessionEnd = {
    // The session itself is written anew for the other phone.
    puts: [putDevices(holder.phone, { ...holderDevices, clients })],
    clearInboxes: [deviceId],
    effects: [{ kind: 'disconnect', client: deviceId, because: 'registered for another phone' }],
  }
  return { client: deviceId, replaced: undefined, evicted }
}

/** The devices of the phone with the new one: those unused for too long, and beyond the limit those longest unused, are logged out. */
function fitDevices(
  { devices, connected }: AccountFacts,
  { client }: Place,
  { phone }: PendingSession,
  request: Request<Auth>,
): SessionEnd {
  const others = devices.filter((device) => device.client !== client)
  const isKnown = others.length < devices.length
  const clients = devices.map((device) => device.client).concat(isKnown ? [] : [client])
  const pushes = devices.filter(({ session }) => typeof session?.push === 'string').map((device) => device.client)
  const ended = unusedDevices(others, connected, request)
  if (ended.length > 0) return endSessions(phone, { clients, pushes }, ended, 'longest unused')
  return { ...nobodyEvicted, puts: isKnown ? [] : [putDevices(phone, { clients, pushes })] }
}

function unusedDevices(
  others: DeviceList,
  connected: readonly ClientId[],
  { now, context: { limits } }: Request<Auth>,
): readonly ClientId[] {
  const lastUse = ({ client, session }: DeviceList[number]) => (connected.includes(client) ? Infinity : (session?.lastOnline ?? 0))
  const byUse = [...others].sort((a, b) => lastUse(a) - lastUse(b))
  const excess = Math.max(0, others.length + 1 - limits.devicesPerPhone)
  return byUse.filter((device, i) => i < excess || now - lastUse(device) >= limits.sessionLifeMs).map(({ client }) => client)
}

function closeOld({ client, replaced }: Place): SessionEnd['effects'] {
  return replaced === undefined ? [] : [{ kind: 'disconnect', client, because: 'registered again' }]
}

interface Login {
  readonly token: string
  readonly userId: PhoneId
}

function newSession(
  { caller, now }: Request<Auth>,
  pending: PendingSession,
  { replaced }: Place,
  { token, userId }: Login,
): SessionDocument {
  const { phone, devKey, os, settings } = pending
  return {
    phone,
    userId,
    devKey,
    token: storedToken(token, now),
    renewal: null,
    created: replaced?.created ?? now,
    lastOnline: now,
    push: replaced?.push ?? null,
    os,
    settings,
    dialect: caller.dialect,
    codec: caller.codec,
  }
}

function userIdOf({ phone }: PendingSession, { profile }: AccountFacts, made: NewAccount | undefined): PhoneId {
  const userId = made?.userId ?? phoneIdOf(phone, profile?.rosters[0] ?? 0)
  if (userId === undefined) throw new RangeError('a profile has at least one roster')
  return userId
}

/** The Profile as at login; online only if another device of the phone is. */
function snapshotAnswer({ snapshot, connected }: AccountFacts, { client }: Place, made: NewAccount | undefined) {
  const profile = made?.snapshot ?? snapshot
  if (profile === undefined) return []
  return [answer({ ...profile, presence: connected.some((other) => other !== client) ? 'online' : 'offline' })]
}
