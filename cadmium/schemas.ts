import type { JsonSchema } from '../protocol/index.js'
import { coreErrors } from './errors.js'
import { objectSchema } from './fields.js'
import { type RequestName, requestTypes } from './requests.js'

type Members = Readonly<Record<string, JsonSchema>>

const text: JsonSchema = { type: 'string' }
const textOrNull: JsonSchema = { type: ['string', 'null'] }
const number: JsonSchema = { type: 'integer', minimum: 0 }
const entity: JsonSchema = { type: 'string', minLength: 1, maxLength: 4_096 }
const entityOrNull: JsonSchema = { type: ['string', 'null'], minLength: 1, maxLength: 4_096 }

function oneOf(...words: readonly string[]): JsonSchema {
  return { enum: words }
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

/** @param changed members that are there only if they have changed */
function object(members: Members, changed: Members = {}): JsonSchema & object {
  return { type: 'object', properties: { ...members, ...changed }, required: Object.keys(members), additionalProperties: false }
}

const user = { names: textOrNull, surnames: textOrNull, nick: textOrNull, avatar: textOrNull } as const
const role = oneOf('owner', 'admin', 'member')
const state = oneOf('none', 'requested', 'invited', 'friend', 'banned', 'bannedBy', 'ignored', 'listed')
const file = object({ mime: text, payload: text, size: number, name: textOrNull })
const seq = { seq: { type: 'integer', minimum: 1 } } as const
const message = {
  ...{ message: entity, chat: entity, from: entity, created: number, text: textOrNull, files: listOf(file) },
  ...{ replyTo: entityOrNull, forwardOf: entityOrNull, key: textOrNull, state: oneOf('sent', 'edited', 'deleted', 'system') },
} as const
const changes = ['created', 'added', 'joined', 'removed', 'left', 'patched', 'deleted', 'banned', 'unbanned', 'muted', 'unmuted'] as const

/** Payloads of our pushes. @see docs/protocol/core.md 5 */
const pushes: Readonly<Record<string, JsonSchema & object>> = {
  'urn:nynja:on:message': object({ ...seq, ...message }),
  'urn:nynja:on:receipt': object({ ...seq, chat: entity, user: entity, message: entity }),
  'urn:nynja:on:unread': object({ ...seq, chat: entity, read: entityOrNull, unread: number }),
  'urn:nynja:on:contact': object({ ...seq, user: entity }, { state, ...user }),
  'urn:nynja:on:room': object(
    { ...seq, room: entity, change: oneOf(...changes), users: listOf(object({ user: entity, role })) },
    { name: text, description: textOrNull, kind: oneOf('group', 'channel'), aliases: listOf(entity) },
  ),
  'urn:nynja:on:profile': object({ ...seq, ...user }),
  'urn:nynja:on:typing': object({ chat: entity, user: entity }),
  'urn:nynja:on:presence': object({ user: entity, presence: oneOf('online', 'offline'), lastSeen: { type: ['integer', 'null'] } }),
}

export const pushNames: readonly string[] = Object.keys(pushes)

const id: JsonSchema = { type: 'string', minLength: 1, maxLength: 128 }
const anyone: JsonSchema = { type: ['string', 'null'] }
const receiver: JsonSchema = { anyOf: [anyone, { type: 'array', items: text, minItems: 1, maxItems: 1 }] }

/** What a type is called where its name has to be one of a file: `urn.nynja.chat.send`. */
function fileName(type: string): string {
  return type.replaceAll(':', '.')
}

/** What generators of code call it: `ChatSend`. */
function titleOf(type: string): string {
  const words = type.replace(/^urn:(nynja|cadmium)/, (_whole, whose: string) => (whose === 'nynja' ? '' : ':cadmium'))
  return words.replace(/(?:^:?|:)(.)/g, (_whole, first: string) => first.toUpperCase())
}

function requestSchema(name: RequestName): JsonSchema & object {
  const { to, payload } = requestTypes[name]
  const members = objectSchema(payload)
  const needsPayload = Object.values(payload).some(({ isOptional }) => !isOptional)
  return {
    title: `${titleOf(name)}Request`,
    type: 'object',
    properties: {
      id,
      type: { const: name },
      from: anyone,
      to: receiver,
      ok: { type: 'boolean' },
      payload: needsPayload ? members : { anyOf: [members, { type: 'null' }] },
    },
    required: ['id', 'type', ...(to === 'server' ? [] : ['to']), ...(needsPayload ? ['payload'] : [])],
  }
}

function pushSchema(name: string, payload: JsonSchema): JsonSchema & object {
  const properties = { id, type: { const: name }, from: entity, to: entity, payload }
  return { title: titleOf(name), type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function errorSchema(): JsonSchema & object {
  const codes = Object.values(coreErrors).map(({ code }) => code)
  const errPayload = object({}, { field: text, retryAfter: number })
  const payload = object({ errCode: { enum: codes }, errText: text, errPayload })
  const properties = { id: text, type: { type: 'string', pattern: ':error$' }, from: text, to: text, ok: { const: false }, payload }
  return { title: 'CoreError', type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

/**
 * JSON Schemas of Protocol Core, draft 2020-12, by what each is called as a file: each request, each of our pushes, and errors. Where a schema cannot
 * say what is checked (bytes, the grammar of EntityIDs) it is laxer.
 * @see docs/protocol/core.md 4 and 5
 */
export function coreSchemas(): ReadonlyMap<string, JsonSchema & object> {
  const names = Object.keys(requestTypes) as readonly RequestName[]
  return new Map([
    ['error', errorSchema()],
    ...names.map((name) => [fileName(name), requestSchema(name)] as const),
    ...Object.entries(pushes).map(([name, payload]) => [fileName(name), pushSchema(name, payload)] as const),
  ])
}
