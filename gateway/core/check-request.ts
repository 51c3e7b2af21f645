import {
  type BaseMessage,
  type CoreRefusal,
  type EntityId,
  entityTexts,
  type Addressee,
  parseEntityId,
  type RequestName,
  requestTypeOf,
  requestTypes,
  wrongAt,
  wrongMemberOf,
} from '../../cadmium/index.js'

/** Who asks, as far as checks look at him. */
export interface Asking {
  /** Of this server, in lower case. */
  readonly serverName: string
  readonly isLoggedIn: boolean
  /** Whether an EntityID of this server is one of the caller's own. */
  readonly isOwn: (entity: EntityId) => boolean
}

/** A request that has passed checks 4 to 8. */
export interface CheckedRequest {
  readonly kind: 'request'
  readonly name: RequestName
  readonly to: EntityId | null
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * Checks 4 to 8 in their order: the first that fails answers.
 * @see docs/protocol/core.md 2.1
 */
export function checkRequest(message: BaseMessage, asking: Asking): CheckedRequest | CoreRefusal {
  const name = requestTypeOf(message.echo.type)
  if (name === undefined) return { error: 'unknown_type' }
  const type = requestTypes[name]
  if (isForeign(message.to, asking)) return wrongAt('foreign_server', 'to')
  if (type.needsLogin && !asking.isLoggedIn) return { error: 'no_login' }
  if (asking.isLoggedIn && message.from !== null && !asking.isOwn(message.from)) return wrongAt('not_own', 'from')
  if (!isAddressed(message.to, type.to)) return wrongAt('wrong_field', 'to')
  const { payload } = message
  const wrong = wrongMemberOf(type.payload, payload)
  if (wrong !== undefined) return wrongAt('wrong_field', `payload.${wrong}`)
  for (const [member, text] of entityTexts(type.payload, payload)) {
    const refusal = checkEntity(text, `payload.${member}`, asking)
    if (refusal !== undefined) return refusal
  }
  return { kind: 'request', name, to: message.to, payload }
}

/** Why a text that has to be an EntityID of this server is none. */
export function checkEntity(text: string, field: string, asking: Pick<Asking, 'serverName'>): CoreRefusal | undefined {
  const entity = parseEntityId(text)
  if (entity === undefined) return wrongAt('no_entity_id', field)
  return isForeign(entity, asking) ? wrongAt('foreign_server', field) : undefined
}

function isForeign(entity: EntityId | null, { serverName }: Pick<Asking, 'serverName'>): boolean {
  return entity !== null && entity.server !== serverName
}

const users: readonly EntityId['kind'][] = ['user', 'msisdn', 'email']
const rooms: readonly EntityId['kind'][] = ['room', 'alias']

function isAddressed(to: EntityId | null, addressee: Addressee): boolean {
  if (addressee === 'server') return true
  if (to === null) return false
  return (addressee !== 'room' && users.includes(to.kind)) || (addressee !== 'user' && rooms.includes(to.kind))
}
