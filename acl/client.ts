import type { ClientId, Phone, PhoneId } from '../topics/index.js'

interface Connected {
  readonly clientId: ClientId
  /** The MQTT user name as sent; empty if none was. */
  readonly userName: string
}

/** A registered device: it acts for its phone and for every roster of that phone. */
export interface DeviceClient extends Connected {
  readonly kind: 'device'
  readonly phone: Phone
  readonly rosters: readonly PhoneId[]
}

/** A connection that registers a device; not authenticated. */
export interface RegistrationClient extends Connected {
  readonly kind: 'registration'
}

/** A device nobody knows; not authenticated, and good for INIT only. */
export interface AnonymousClient extends Connected {
  readonly kind: 'anonymous'
}

/** A backend service, `sys_<name>`. */
export interface ServiceClient extends Connected {
  readonly kind: 'service'
  readonly name: string
}

/** Who is connected, as established at CONNECT; nothing a client says later changes it. @see docs/protocol/topics.md 3.5 and 12 */
export type Client = DeviceClient | RegistrationClient | AnonymousClient | ServiceClient

/** Whether a roster belongs to the phone the connection is authenticated for. */
export function owns(client: Client, phoneId: PhoneId): boolean {
  return client.kind === 'device' && client.rosters.includes(phoneId)
}
