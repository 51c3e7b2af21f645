import { boolean, entity, type FieldTable, integer, listOf, object, oneOf, optional, text, type ValuesOf } from './fields.js'

/** What `to` of a request names; `server` where it is for the server, whatever of ours is named. */
export type Addressee = 'server' | 'user' | 'room' | 'user or room'

/** One type of request. */
export interface RequestType {
  readonly needsLogin: boolean
  readonly to: Addressee
  readonly payload: FieldTable
}

function request<const Fields extends FieldTable>(to: Addressee, payload: Fields, needsLogin = true) {
  return { needsLogin, to, payload } as const
}

const nothing = {} as const
const name = { isName: true } as const
const maxTextBytes = 16_384
const file = object({
  mime: text({ ...name, min: 1, maxBytes: 255 }),
  payload: text({ min: 1, maxBytes: maxTextBytes }),
  size: optional(integer(0)),
  name: optional(text({ ...name, maxBytes: 1_024 })),
})
const content = { text: optional(text({ min: 1, maxBytes: maxTextBytes })), files: optional(listOf(file, 0, 9)) } as const
const users = listOf(entity, 1, 100)
const match = optional(oneOf('exact', 'contains'))

/**
 * Our own requests: what each needs and takes, its members in the order in which they are checked.
 * @see docs/protocol/core.md 5; a test compares the types with it
 */
export const ourRequests = {
  'urn:nynja:auth:code': request(
    'server',
    { phone: text({ min: 1, max: 4_096 }), via: optional(oneOf('sms', 'call')), language: optional(text({ ...name, max: 16 })) },
    false,
  ),
  'urn:nynja:auth:verify': request(
    'server',
    { code: text({ pattern: /^[0-9]{6}$/ }), os: optional(oneOf('ios', 'android', 'web')) },
    false,
  ),
  'urn:nynja:auth:token': request(
    'server',
    { device: text({ ...name, min: 1, maxBytes: 128 }), token: text({ ...name, min: 1, maxBytes: 512 }), seq: optional(integer(0)) },
    false,
  ),
  'urn:nynja:auth:logout': request('server', nothing),
  'urn:nynja:inbox:ack': request('server', { seq: integer(0) }),
  'urn:nynja:profile:get': request('server', nothing),
  'urn:nynja:profile:set': request('server', {
    names: optional(text({ ...name, min: 2, max: 32 })),
    surnames: optional(text({ ...name, max: 32 })),
    avatar: optional(text({ ...name, maxBytes: 4_096 })),
    nick: optional(text({ max: 4_096 })),
  }),
  'urn:nynja:contacts:list': request('server', nothing),
  'urn:nynja:contacts:request': request('user', nothing),
  'urn:nynja:contacts:confirm': request('user', nothing),
  'urn:nynja:contacts:revoke': request('user', nothing),
  'urn:nynja:contacts:ban': request('user', nothing),
  'urn:nynja:contacts:unban': request('user', nothing),
  'urn:nynja:chat:send': request('user or room', {
    ...content,
    replyTo: optional(entity),
    forwardOf: optional(entity),
    key: optional(text({ ...name, min: 1, maxBytes: 255 })),
  }),
  'urn:nynja:chat:edit': request('server', { message: entity, ...content }),
  'urn:nynja:chat:delete': request('server', { message: entity, for: optional(oneOf('all', 'me')) }),
  'urn:nynja:chat:history': request('user or room', {
    from: optional(entity),
    direction: optional(oneOf('older', 'newer')),
    limit: optional(integer(1, 1_000)),
  }),
  'urn:nynja:chat:read': request('user or room', { message: entity }),
  'urn:nynja:chat:typing': request('user or room', nothing),
  'urn:nynja:rooms:list': request('server', nothing),
  'urn:nynja:rooms:create': request('server', {
    name: text({ ...name, min: 1, max: 32 }),
    kind: optional(oneOf('group', 'channel')),
    room: optional(entity),
    description: optional(text({ ...name, max: 255 })),
    members: optional(listOf(entity, 0, 1_000)),
    aliases: optional(listOf(entity, 0, 3)),
  }),
  'urn:nynja:rooms:get': request('room', nothing),
  'urn:nynja:rooms:patch': request('room', {
    name: optional(text({ ...name, min: 1, max: 32 })),
    description: optional(text({ ...name, max: 255 })),
  }),
  'urn:nynja:rooms:invite': request('room', { users }),
  'urn:nynja:rooms:join': request('room', nothing),
  'urn:nynja:rooms:leave': request('room', nothing),
  'urn:nynja:rooms:remove': request('room', { users }),
  'urn:nynja:rooms:alias:set': request('room', { alias: entity }),
  'urn:nynja:rooms:alias:remove': request('room', { alias: entity }),
  'urn:nynja:presence:get': request('user', nothing),
  'urn:nynja:search:users': request('server', {
    by: oneOf('phone', 'nick', 'names'),
    values: listOf(text({ max: 4_096 }), 1, 1_000),
    match,
  }),
  'urn:nynja:search:rooms': request('server', { name: text({ ...name, min: 1, max: 255 }), match }),
  'urn:nynja:search:resolve': request('server', { entity }),
} as const

const anything = optional(text())
const publishedContent = object({
  text: text({ min: 1, maxBytes: maxTextBytes }),
  media: optional(listOf(text(), 0, 0)),
  forwardedFrom: anything,
  replyTo: anything,
})
/** EntityIDs, or bare UUIDs. */
const publishedChat = { eventID: anything, messageID: anything, id: anything } as const

/** Published requests, in their published form. @see docs/protocol/core.md 4 */
export const publishedRequests = {
  'urn:cadmium:connection:open': request('server', nothing, false),
  'urn:cadmium:profile:register': request(
    'server',
    {
      username: anything,
      thirdPIDs: listOf(object({ type: oneOf('email', 'msisdn'), value: text({ max: 4_096 }) }), 0, 16),
      password: anything,
      loginOnSuccess: optional(boolean),
    },
    false,
  ),
  'urn:cadmium:auth': request(
    'server',
    { type: text({ max: 255 }), fields: object({ username: anything, password: anything, token: anything }) },
    false,
  ),
  'urn:cadmium:chat:message': request('user or room', {
    type: oneOf('urn:cadmium:chat:event:message'),
    content: publishedContent,
  }),
  'urn:cadmium:chat:read': request('user or room', publishedChat),
  'urn:cadmium:chat:typing': request('user or room', nothing),
  'urn:cadmium:chat:message:edit': request('server', { ...publishedChat, updatedContent: publishedContent }),
  'urn:cadmium:chat:message:delete': request('server', publishedChat),
  'urn:cadmium:chat:history:sync': request('server', {
    since: anything,
    limit: optional(integer(1, 1_000)),
    chatID: optional(entity),
    direction: optional(oneOf('UP', 'DOWN')),
  }),
} as const

export const requestTypes = { ...ourRequests, ...publishedRequests }

export type RequestName = keyof typeof requestTypes
export type PayloadOf<Name extends RequestName> = ValuesOf<(typeof requestTypes)[Name]['payload']>

/** The type of that name, if it is one that a peer may send. */
export function requestTypeOf(name: string): RequestName | undefined {
  return Object.hasOwn(requestTypes, name) ? (name as RequestName) : undefined
}

export function isPublished(name: string): boolean {
  return Object.hasOwn(publishedRequests, name)
}
