import type { ClientId, Phone, PhoneId } from '../../topics/index.js'
import type { Codec, Dialect, Feature, Service } from '../../protocol/index.js'
import { table, type Table } from './table.js'

export type Os = 'ios' | 'android' | 'web'

/** A registration under way, under the registration client id (`rpc.md` 4). */
export interface PendingSession {
  readonly phone: Phone
  readonly devKey: string | null
  readonly os: Os | null
  readonly settings: readonly Feature[]
  readonly code: string
  readonly created: number
  /** The code and this document are void from then on. */
  readonly expires: number
  /** When the code was last sent, for the 30 s in which a second reg keeps it. */
  readonly sent: number
  /** resend and voice used so far. */
  readonly resends: number
  /** Wrong codes given so far; absent for none. */
  readonly wrong?: number
  readonly dialect: Dialect
}

/** One account. `rosters` are roster ids, the first one names the user. */
export interface ProfileDocument {
  readonly services: readonly Service[]
  readonly settings: readonly Feature[]
  readonly rosters: readonly number[]
  readonly update: number
  readonly balance: number
  readonly created: number
}

export interface StoredToken {
  /** SHA-256 of the token, hex; the token itself is never stored. */
  readonly hash: string
  readonly issued: number
}

/** One device of a phone: the live Auth record of `rpc.md` 4. */
export interface SessionDocument {
  readonly phone: Phone
  readonly userId: PhoneId
  readonly devKey: string | null
  readonly token: StoredToken
  /** A newer token that was answered but not used yet; the old one stays valid until it is. */
  readonly renewal: StoredToken | null
  readonly created: number
  readonly lastOnline: number
  readonly push: string | null
  readonly os: Os | null
  readonly settings: readonly Feature[]
  readonly dialect: Dialect
  /** Codec of its latest request, in which it is answered from the start of the next connection. */
  readonly codec: Codec
}

/**
 * The devices of a phone in order of registration. Changes only with registration, logout and push tokens, so that messages may rest on it.
 */
export interface DevicesDocument {
  readonly clients: readonly ClientId[]
  /** Those with a push token in their session; absent if there is none. Here, so that who sends a message need not read their sessions. */
  readonly pushes?: readonly ClientId[]
}

/** The session that a push token belongs to. Void once that session is gone, or has another token. */
export interface PushHolderDocument {
  readonly client: ClientId
  readonly reported: number
}

/** A device, and the start of the process that it is connected to. Void if that process is no more. */
export interface ConnectedDevice {
  readonly client: ClientId
  readonly boot: string
}

/** Who of a phone's devices is connected, and since when the phone as a whole has or has not been. */
export interface PresenceDocument {
  readonly devices: readonly ConnectedDevice[]
  readonly update: number
  /** The departures told lately; left out where there were none. */
  readonly told?: ToldDepartures
}

/** How many departures of a phone were told lately: a level that sinks with time, as of `at`. */
export interface ToldDepartures {
  readonly level: number
  readonly at: number
}

export const pendingSessions = table<[registration: ClientId], PendingSession>('pending')
/** Wrong codes used to lock a number for everybody: rows of then mean nothing, and are swept. */
export const formerLocks = table<[phone: Phone], unknown>('lock')
/** Who reported a push token last, by the token's SHA-256 in hex: only that session is notified under it. */
export const pushHolders = table<[tokenHash: string], PushHolderDocument>('pushHolder')
export const profiles = table<[phone: Phone], ProfileDocument>('profile')
export const sessions = table<[client: ClientId], SessionDocument>('session')
export const devices = table<[phone: Phone], DevicesDocument>('devices')
export const presences = presenceTable()
/** The devices that a process holds, so that what it leaves behind is found; changes with the presence of their phones. */
export const online = table<[boot: string, client: ClientId], { readonly phone: Phone }>('online')
/** INIT used to store the opaque token of each client id: rows of then mean nothing, and are swept. */
export const formerInitTokens = table<[client: ClientId], { readonly hash: string; readonly issued: number }>('init')
/** The last roster id given out, under the key `counter/roster`. */
export const counters = table<[name: string], { readonly last: number }>('counter')

/** Documents of before the cluster named one boot for all devices of a phone, which is over: only the time still counts. */
function presenceTable(): Table<[phone: Phone], PresenceDocument> {
  const presence = table<[phone: Phone], PresenceDocument>('presence')
  return {
    ...presence,
    decode(bytes) {
      const document = presence.decode(bytes) as PresenceDocument | Pick<PresenceDocument, 'update'>
      return 'devices' in document ? document : { devices: [], update: document.update }
    },
  }
}
