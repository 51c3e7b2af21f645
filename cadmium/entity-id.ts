import { type Phone, parsePhone } from '../topics/index.js'
import { asciiLowerCase, isDnsName, parseServerPart } from './server-part.js'

/** What an EntityID names, each at a server. @see docs/protocol/core.md 3.1 */
export type EntityId =
  | { readonly kind: 'user' | 'room' | 'alias'; readonly local: string; readonly server: string }
  | { readonly kind: 'msisdn'; readonly phone: Phone; readonly server: string }
  | { readonly kind: 'email'; readonly name: string; readonly host: string; readonly server: string }
  | { readonly kind: 'message'; readonly uuid: string; readonly server: string }
  | { readonly kind: 'server'; readonly server: string }

export type EntityKind = EntityId['kind']

const maxEntityBytes = 4_096
const localPart = /^[a-z0-9._=/-]+$/
const mailName = /^[a-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}$/
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const mailDivider = '_at_'

/**
 * Reads an EntityID, in the form of the server or in another that is in the world.
 * @param text any text at all
 * @returns undefined if it is no EntityID
 * @see docs/protocol/core.md 3.1 and 3.2
 */
export function parseEntityId(text: string): EntityId | undefined {
  if (text.length > maxEntityBytes || Buffer.byteLength(text) > maxEntityBytes) return undefined
  switch (text[0]) {
    case '@':
      return named('user', text.slice(1), '@')
    case '!':
      return named('room', text.slice(1), '@')
    case '#':
      return named('alias', text.slice(1), ':@')
    case '%':
      return parsePercent(text.slice(1))
    case '^':
      return parseMail(text.slice(1), ':')
    case '&':
      return text.startsWith('&msg:') ? parseMessage(text.slice('&msg:'.length), '@') : parseMessage(text.slice(1), ':')
    default: {
      const server = parseServerPart(text)
      return server === undefined ? undefined : { kind: 'server', server }
    }
  }
}

/** The EntityID in the form of this server, the one that the seed writes. */
export function writeEntityId(entity: EntityId): string {
  switch (entity.kind) {
    case 'user':
      return `@${entity.local}@${entity.server}`
    case 'room':
      return `!${entity.local}@${entity.server}`
    case 'alias':
      return `#${entity.local}:${entity.server}`
    case 'msisdn':
      return `%${entity.phone}:${entity.server}`
    case 'email':
      return `^${entity.name}${mailDivider}${entity.host}:${entity.server}`
    case 'message':
      return `&${entity.uuid}:${entity.server}`
    case 'server':
      return entity.server
  }
}

/** Divides at the first character that no local part holds; it has to be one of `separators`. */
function divide(text: string, separators: string): { readonly head: string; readonly server: string } | undefined {
  const at = text.search(/[:@]/)
  if (at === -1 || !separators.includes(text.charAt(at))) return undefined
  const server = parseServerPart(text.slice(at + 1))
  return server === undefined ? undefined : { head: text.slice(0, at), server }
}

function named(kind: 'user' | 'room' | 'alias', text: string, separators: string): EntityId | undefined {
  const parts = divide(text, separators)
  return parts !== undefined && localPart.test(parts.head) ? { kind, local: parts.head, server: parts.server } : undefined
}

function parsePercent(text: string): EntityId | undefined {
  if (text.startsWith('email:')) return parseMail(text.slice('email:'.length), '@')
  const isLong = text.startsWith('msisdn:')
  const parts = isLong ? divide(text.slice('msisdn:'.length), '@') : divide(text, ':')
  const phone = parts && parsePhone(parts.head)
  return phone === undefined ? undefined : { kind: 'msisdn', phone, server: parts?.server ?? '' }
}

/** A host has no `_`, so the last divider divides. */
function parseMail(text: string, separator: string): EntityId | undefined {
  const parts = divide(text, separator)
  const at = parts?.head.lastIndexOf(mailDivider) ?? -1
  if (parts === undefined || at === -1) return undefined
  const name = parts.head.slice(0, at)
  const host = asciiLowerCase(parts.head.slice(at + mailDivider.length)) ?? ''
  return mailName.test(name) && isDnsName(host) ? { kind: 'email', name, host, server: parts.server } : undefined
}

function parseMessage(text: string, separator: string): EntityId | undefined {
  const parts = divide(text, separator)
  const uuid = parts && asciiLowerCase(parts.head)
  return uuid !== undefined && uuidForm.test(uuid) ? { kind: 'message', uuid, server: parts?.server ?? '' } : undefined
}
