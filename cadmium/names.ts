import { parsePhoneId, parseRoomId, type PhoneId, type RoomId } from '../topics/index.js'
import { writeEntityId } from './entity-id.js'

/** Room ids hold more characters than local parts: every other byte is written as `=` and two hex digits. `/` stands in no room id. */
const plainByte = /[a-z0-9._-]/
const escaped = /^(?:[a-z0-9._-]|=[0-9a-f]{2})+$/
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The local part that names a room. @see docs/protocol/core.md 6.2 */
export function localOfRoom(room: string): string {
  return Array.from(Buffer.from(room), (byte) => {
    const character = String.fromCharCode(byte)
    return plainByte.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`
  }).join('')
}

/** The room that a local part names. @returns undefined if an escape in it is malformed or needless, or no room can be called so */
export function roomOfLocal(local: string): RoomId | undefined {
  if (!escaped.test(local)) return undefined
  const bytes = Buffer.from(
    local.replace(/=(..)/g, (_whole, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  )
  try {
    const room = parseRoomId(strict.decode(bytes))
    return room !== undefined && localOfRoom(room) === local ? room : undefined
  } catch {
    // Bytes that are no UTF-8 name nothing.
    return undefined
  }
}

const messagePrefix = '00000000-0000-8000-8'

/** The UUID of a message: of version 8, made from its number. */
export function uuidOfMessage(id: number): string {
  const digits = id.toString(16).padStart(15, '0')
  return `${messagePrefix}${digits.slice(0, 3)}-${digits.slice(3)}`
}

/** The number of a message by its UUID. @returns undefined if it was not made here */
export function messageOfUuid(uuid: string): number | undefined {
  if (!uuid.startsWith(messagePrefix)) return undefined
  const id = parseInt(uuid.slice(messagePrefix.length).replace('-', ''), 16)
  return Number.isSafeInteger(id) && id > 0 && uuidOfMessage(id) === uuid ? id : undefined
}

/** How what the server knows is called in EntityIDs: made on the way out, stored nowhere. */
export interface Names {
  readonly server: string
  user(roster: string): string
  room(room: string): string
  alias(link: string): string
  phone(phone: string): string
  message(id: number): string
}

/** @param server a server part of core.md 3.1, in lower case */
export function namesAt(server: string): Names {
  return {
    server,
    user: (roster) => writeEntityId({ kind: 'user', local: roster, server }),
    room: (room) => writeEntityId({ kind: 'room', local: localOfRoom(room), server }),
    alias: (link) => writeEntityId({ kind: 'alias', local: link.toLowerCase(), server }),
    phone: (phone) => `%${phone}:${server}`,
    message: (id) => writeEntityId({ kind: 'message', uuid: uuidOfMessage(id), server }),
  }
}

/** The roster or the nick that a user's local part names: phone_ids win. */
export function userOfLocal(local: string): { readonly roster: PhoneId } | { readonly nick: string } {
  const roster = parsePhoneId(local)
  return roster === undefined ? { nick: local } : { roster }
}
