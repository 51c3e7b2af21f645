import type { Branded } from './branded.js'
import { isLevel } from './level.js'

/** An MQTT client id of a known kind: a registration, a device or a backend service. */
export type ClientId = Branded<string, 'ClientId'>

/** What a client id says about the connection that carries it. */
export type ClientKind = 'registration' | 'device' | 'service' | 'empty' | 'other'

const maxClientIdBytes = 128
const devicePrefix = 'emqttd_'

// Longest first: `emqttd_reg_…` is a registration, not a device (topics.md 2).
const prefixes = [
  { prefix: 'emqttd_reg_', kind: 'registration' },
  { prefix: devicePrefix, kind: 'device' },
  { prefix: 'reg_', kind: 'registration' },
  { prefix: 'sys_', kind: 'service' },
] as const

/**
 * The kind of a client id: by its prefix, tested longest first. `other` if the prefix is unknown, if nothing follows it, if it could not
 * stand in a topic level, or beyond 128 bytes.
 * @see docs/protocol/topics.md 2 and 12
 */
export function clientKind(clientId: string): ClientKind {
  if (clientId === '') return 'empty'
  if (!isLevel(clientId) || Buffer.byteLength(clientId) > maxClientIdBytes) return 'other'
  const match = prefixes.find(({ prefix }) => clientId.startsWith(prefix))
  return match !== undefined && clientId.length > match.prefix.length ? match.kind : 'other'
}

/** @returns the client id, or undefined if {@link clientKind} calls it empty or other. */
export function parseClientId(text: string): ClientId | undefined {
  const kind = clientKind(text)
  return kind === 'empty' || kind === 'other' ? undefined : (text as ClientId)
}

/**
 * The client id a registered device connects with: `emqttd_` and what follows `reg_` or `emqttd_reg_`.
 * @returns undefined if `registrationClientId` is no registration, or if the result would not be a device (`reg_reg_1`, or too long)
 * @see docs/protocol/rpc.md 4, Auth/verify
 */
export function deviceIdFor(registrationClientId: string): ClientId | undefined {
  if (clientKind(registrationClientId) !== 'registration') return undefined
  const deviceId = devicePrefix + registrationClientId.slice(registrationClientId.indexOf('reg_') + 'reg_'.length)
  return clientKind(deviceId) === 'device' ? (deviceId as ClientId) : undefined
}

/** The name of a backend service: what follows `sys_`. */
export function serviceNameOf(clientId: ClientId): string {
  return clientId.slice('sys_'.length)
}
