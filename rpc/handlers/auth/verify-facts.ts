import type { Auth, Profile } from '../../../protocol/index.js'
import { type ClientId, clientKind, deviceIdFor, type Phone } from '../../../topics/index.js'
import {
  counters,
  devices,
  type DevicesDocument,
  type PendingSession,
  presences,
  type ProfileDocument,
  profiles,
  type SessionDocument,
  sessions,
} from '../../documents/index.js'
import { readTries, type TryFacts } from '../../codes/tries.js'
import type { RpcContext } from '../../context.js'
import type { FactReader } from '../../facts.js'
import { type AccountNumber, readAccountOf } from '../../names/account-number.js'
import type { Request } from '../../request.js'
import { isCode, newToken } from '../../tokens.js'
import { connectedClients } from '../../views/connected-devices.js'
import { readProfile } from '../../views/profile-view.js'
import { rosterCounter } from './new-account.js'
import { readRegistration, type RegistrationFacts } from './registration.js'

/** The devices of a phone with their sessions, in order of registration. */
export type DeviceList = readonly { readonly client: ClientId; readonly session: SessionDocument | undefined }[]

/** Facts for a verify; those about the account are read only if the code is right. */
export interface VerifyFacts extends RegistrationFacts {
  readonly account: AccountFacts | undefined
  readonly tries: TryFacts
}

export interface AccountFacts {
  /** The account of the number that registers. */
  readonly of: AccountNumber
  /** The client id that follows from that of the registration. */
  readonly deviceId: ClientId
  /** Taken instead if that one belongs to a device of another phone: with a random suffix. */
  readonly spareId: ClientId
  readonly token: string
  /** The session that has `deviceId` now, whosever it is. */
  readonly holder: SessionDocument | undefined
  /** Devices of the holder's phone. */
  readonly holderDevices: DevicesDocument
  readonly devices: DeviceList
  /** Devices of the phone that are connected. */
  readonly connected: readonly ClientId[]
  readonly profile: ProfileDocument | undefined
  /** The Profile as at login, undefined for a new phone. */
  readonly snapshot: Profile | undefined
  readonly lastRosterId: number
}

export async function readVerify(request: Request<Auth>, facts: FactReader): Promise<VerifyFacts> {
  const registration = await readRegistration(request, facts)
  const { pending } = registration
  const isRight = pending !== undefined && isCode(request.record.sms_code, pending.code)
  const tries = await readTries(request, facts, pending?.phone)
  return { ...registration, tries, account: isRight ? await readAccount(request, pending, facts) : undefined }
}

async function readAccount({ caller, context }: Request<Auth>, pending: PendingSession, facts: FactReader): Promise<AccountFacts> {
  const of = await readAccountOf(facts, pending.phone)
  const phone = of.filed
  const { deviceId, spareId } = deviceIds(caller.clientId, context.random)
  const [holder, list, profile, presence] = await Promise.all([
    facts.get(sessions, deviceId),
    readDevices(facts, phone),
    facts.get(profiles, phone),
    facts.peek(presences, phone),
  ])
  const isOthers = holder !== undefined && holder.phone !== phone
  return {
    of,
    deviceId,
    spareId,
    token: newToken(context.random),
    holder,
    holderDevices: (isOthers ? await facts.get(devices, holder.phone) : undefined) ?? { clients: [] },
    devices: list,
    connected: connectedClients(presence, (boot) => facts.isLive(boot)),
    profile,
    snapshot: profile && (await readProfile(facts, phone, { presence: 'offline', status: 'init' })),
    lastRosterId: profile === undefined ? ((await facts.get(counters, rosterCounter))?.last ?? 0) : 0,
  }
}

async function readDevices(facts: FactReader, phone: Phone): Promise<DeviceList> {
  const clients = (await facts.get(devices, phone))?.clients ?? []
  return Promise.all(clients.map(async (client) => ({ client, session: await facts.get(sessions, client) })))
}

/**
 * The client id of the device that registers, and one for the case that it is taken. Where none follows from the registration (`reg_reg_1`,
 * or too long a one), it is random.
 */
function deviceIds(registration: ClientId, random: RpcContext['random']): { readonly deviceId: ClientId; readonly spareId: ClientId } {
  const suffix = Buffer.from(random(12)).toString('hex')
  const randomId = `emqttd_${suffix}` as ClientId
  const deviceId = deviceIdFor(registration) ?? randomId
  const spareId = `${deviceId}_${suffix}`
  return { deviceId, spareId: clientKind(spareId) === 'device' ? (spareId as ClientId) : randomId }
}
