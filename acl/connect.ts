import { type ClientId, clientKind, parseClientId, serviceNameOf } from '../topics/index.js'

/** What CONNECT says that the decision needs. */
export interface ConnectRequest {
  readonly clientId: string
  readonly isCleanSession: boolean
}

/** What is known about the client id and the password of a CONNECT. The caller compares secrets, see `equalSecrets`. */
export interface ConnectFacts {
  /** A session of this device, or a secret of this service, is stored. */
  readonly isKnown: boolean
  /**
   * How the password compares to that token or secret; `expired` is a right token past its life, `locked` is not told because too many were wrong.
   * No password counts as empty.
   */
  readonly password: 'right' | 'wrong' | 'empty' | 'expired' | 'locked'
}

/** What becomes of a CONNECT. MQTT 3.1.1 return codes: 2 identifier rejected, 4 bad user name or password. */
export type ConnectDecision =
  | { readonly kind: 'accept'; readonly as: 'registration'; readonly clientId: ClientId; readonly because: string }
  | {
      readonly kind: 'accept'
      readonly as: 'device'
      readonly clientId: ClientId
      /** The token is past its life: a new one is sent after CONNECT. */
      readonly renewsToken: boolean
      readonly because: string
    }
  | {
      readonly kind: 'accept'
      readonly as: 'anonymous'
      /** Undefined where the client sent none: the server assigns `emqttd_<random>`. */
      readonly clientId: ClientId | undefined
      readonly because: string
    }
  | { readonly kind: 'accept'; readonly as: 'service'; readonly clientId: ClientId; readonly name: string; readonly because: string }
  | ConnectRefusal

export interface ConnectRefusal {
  readonly kind: 'refuse'
  readonly returnCode: 2 | 4
  readonly because: string
}

/** Whether a connection is accepted, and as whom. @see docs/protocol/topics.md 12 */
export function decideConnect(request: ConnectRequest, facts: ConnectFacts): ConnectDecision {
  const clientId = parseClientId(request.clientId)
  if (clientId === undefined) return decideWithoutId(request, facts)
  switch (clientKind(clientId)) {
    case 'registration':
      return { kind: 'accept', as: 'registration', clientId, because: 'a registration needs no password' }
    case 'service':
      return decideService(clientId, facts)
    default:
      return facts.isKnown ? decideKnownDevice(clientId, facts) : decideUnknownDevice(clientId, facts)
  }
}

function decideWithoutId(request: ConnectRequest, facts: ConnectFacts): ConnectDecision {
  if (request.clientId !== '') return refuse(2, 'the client id has no known prefix, or is malformed')
  // [MQTT-3.1.3-8] of MQTT 3.1.1: a session nobody can name again cannot be kept.
  if (!request.isCleanSession) return refuse(2, 'an empty client id needs a clean session')
  return decideUnknownDevice(undefined, facts)
}

function decideKnownDevice(clientId: ClientId, { password }: ConnectFacts): ConnectDecision {
  if (password === 'right') return { kind: 'accept', as: 'device', clientId, renewsToken: false, because: 'the token is right' }
  if (password === 'expired')
    return { kind: 'accept', as: 'device', clientId, renewsToken: true, because: 'the token is right, but expired' }
  return refuse(4, 'a known device needs its token')
}

function decideUnknownDevice(clientId: ClientId | undefined, { password }: ConnectFacts): ConnectDecision {
  if (password === 'empty')
    return { kind: 'accept', as: 'anonymous', clientId, because: 'an unknown device without password may ask for INIT' }
  return refuse(4, 'an unknown device has no token')
}

function decideService(clientId: ClientId, { isKnown, password }: ConnectFacts): ConnectDecision {
  if (password === 'locked') return refuse(4, 'too many wrong secrets')
  if (!isKnown || password !== 'right') return refuse(4, 'a service needs its secret')
  return { kind: 'accept', as: 'service', clientId, name: serviceNameOf(clientId), because: 'the secret is right' }
}

function refuse(returnCode: 2 | 4, because: string): ConnectRefusal {
  return { kind: 'refuse', returnCode, because }
}
