import {
  type Client,
  type ConnectDecision,
  type ConnectFacts,
  type ConnectRequest,
  decideConnect,
  equalSecrets,
} from '../../../acl/index.js'
import { type ClientId, clientKind, parseClientId, serviceNameOf } from '../../../topics/index.js'
import { type SessionDocument, sessions } from '../../documents/index.js'
import type { RpcLimits } from '../../context.js'
import type { FactReader } from '../../facts.js'
import { hashToken, isTokenOf } from '../../tokens.js'

/** What a CONNECT says of who it is. */
export interface Credentials extends ConnectRequest {
  /** Empty if none was sent. */
  readonly userName: string
  /** Null if none was sent; an empty one counts as none. */
  readonly password: string | null
}

/** Secrets of the backend services that may connect, by the name that follows `sys_`. */
export type ServiceSecrets = ReadonlyMap<string, string>

/** What is known of the client id of a CONNECT. */
export interface KnownClient {
  readonly facts: ConnectFacts
  /** Undefined unless it is a device with a valid session. */
  readonly session: SessionDocument | undefined
}

/** A CONNECT that is accepted, with who it is from then on, or refused. */
export type ConnectResult =
  | { readonly kind: 'accept'; readonly client: Client; readonly session: SessionDocument | undefined; readonly token: string | null }
  /** The client sent no id and none is stored for it: the server assigns `emqttd_<random>`. */
  | { readonly kind: 'assign'; readonly because: string }
  | Extract<ConnectDecision, { kind: 'refuse' }>

/**
 * Looks up who a CONNECT claims to be and compares its password with the stored token, its renewal, or the secret of the service, in
 * constant time. A token past its life is `expired`; a session unused for longer than sessions live counts as unknown.
 * @see docs/protocol/topics.md 12
 */
export async function readConnectFacts(
  facts: FactReader,
  { clientId, password }: Credentials,
  services: ServiceSecrets,
  { now, limits }: { readonly now: number; readonly limits: RpcLimits },
): Promise<KnownClient> {
  const given = password ?? ''
  const id = parseClientId(clientId)
  if (id === undefined) return unknownClient(given)
  if (clientKind(id) === 'service') return knownService(id, given, services)
  if (clientKind(id) !== 'device') return unknownClient(given)
  const session = await facts.peek(sessions, id)
  if (session === undefined || now - session.lastOnline >= limits.sessionLifeMs) return unknownClient(given)
  return { facts: { isKnown: true, password: comparePassword(session, given, now, limits) }, session }
}

/** Whether the connection is accepted, and as whom; who it is never changes afterwards, but its rosters do: they are read with each request. */
export function decideConnection(credentials: Credentials, { facts, session }: KnownClient): ConnectResult {
  const decision = decideConnect(credentials, facts)
  if (decision.kind === 'refuse') return decision
  const { userName, password } = credentials
  const { clientId } = decision
  if (clientId === undefined) return { kind: 'assign', because: decision.because }
  switch (decision.as) {
    case 'registration':
    case 'anonymous':
      return { kind: 'accept', client: { kind: decision.as, clientId, userName }, session: undefined, token: null }
    case 'service':
      return { kind: 'accept', client: { kind: 'service', clientId, userName, name: decision.name }, session: undefined, token: null }
    case 'device': {
      if (session === undefined) throw new TypeError('a device is accepted only with its session')
      return { kind: 'accept', client: { kind: 'device', clientId, userName, phone: session.phone, rosters: [] }, session, token: password }
    }
  }
}

/** Which of the two tokens of a session `token` is, if any. */
export function tokenUsed(session: SessionDocument, token: string): 'token' | 'renewal' | undefined {
  if (isTokenOf(token, session.token.hash)) return 'token'
  return session.renewal !== null && isTokenOf(token, session.renewal.hash) ? 'renewal' : undefined
}

function comparePassword(session: SessionDocument, given: string, now: number, limits: RpcLimits): ConnectFacts['password'] {
  if (given === '') return 'empty'
  const used = tokenUsed(session, given)
  if (used === undefined) return 'wrong'
  const issued = used === 'token' ? session.token.issued : (session.renewal?.issued ?? 0)
  return now - issued >= limits.tokenLifeMs ? 'expired' : 'right'
}

function knownService(id: ClientId, given: string, services: ServiceSecrets): KnownClient {
  const secret = services.get(serviceNameOf(id))
  // An unknown service costs the same comparison as a wrong secret.
  const isRight = equalSecrets(given, secret ?? hashToken(given)) && secret !== undefined && secret !== ''
  return { facts: { isKnown: secret !== undefined, password: isRight ? 'right' : 'wrong' }, session: undefined }
}

function unknownClient(given: string): KnownClient {
  return { facts: { isKnown: false, password: given === '' ? 'empty' : 'wrong' }, session: undefined }
}
