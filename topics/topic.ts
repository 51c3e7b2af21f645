import { type ClientId, parseClientId } from './client-id.js'
import { compareBytes } from './compare-bytes.js'
import { isDigits, isLevel, isPublishable, levelEnd } from './level.js'
import { type Phone, parsePhone, type PhoneId, parsePhoneId } from './phone.js'
import { parseRoomId, type RoomId } from './room-id.js'
import { unitAt } from './unit-at.js'

/** A request: published by a device, read by the server alone. Only the node is interpreted. */
export interface EventsTopic {
  readonly kind: 'events'
  readonly vsn: 1
  /** The number in the node level, undefined if it is empty or not a number. It need not be a node: see `selectNode`. */
  readonly node: number | undefined
  readonly module: string
  readonly user: string
  readonly client: string
  readonly token: string
}

/** A topic name, taken apart. `other` is every name that the protocol does not know, and why. */
export type Topic =
  | EventsTopic
  | { readonly kind: 'actions'; readonly user: string; readonly clientId: ClientId }
  | { readonly kind: 'ses'; readonly phone: Phone }
  | { readonly kind: 'ac'; readonly phoneId: PhoneId }
  | { readonly kind: 'muc'; readonly phoneId: PhoneId }
  | { readonly kind: 'p2p'; readonly left: PhoneId; readonly right: PhoneId; readonly wasSorted: boolean }
  | { readonly kind: 'room'; readonly room: RoomId }
  | { readonly kind: 'version'; readonly number: number }
  | OtherTopic

/** A topic name outside the protocol. */
export interface OtherTopic {
  readonly kind: 'other'
  readonly name: string
  readonly because: string
}

export type TopicKind = Topic['kind']

const eventsPrefix = 'events/'
const maxNodeDigits = 9

/** Whether a topic name carries requests; cheap, and the whole test where nothing but the kind matters. */
export function isEventsTopic(name: string): boolean {
  return name.startsWith(eventsPrefix)
}

/**
 * Takes a topic name apart. Total: any string gives a topic, of kind `other` if it is unknown or malformed.
 * @see docs/protocol/topics.md 1 and 2
 */
export function parseTopic(name: string): Topic {
  if (!isPublishable(name)) return other(name, 'a topic name holds no wildcard and no U+0000')
  if (isEventsTopic(name)) return parseEvents(name)
  const first = name.slice(0, levelEnd(name, 0))
  const rest = name.slice(first.length + 1)
  switch (first) {
    case 'actions':
      return parseActions(name, rest)
    case 'ses':
      return parseSes(name, rest)
    case 'ac':
      return parseRosterTopic('ac', name, rest)
    case 'muc':
      return parseRosterTopic('muc', name, rest)
    case 'p2p':
      return parseP2p(name, rest)
    case 'room':
      return parseRoom(name, rest)
    case 'version':
      return parseVersion(name, rest)
    default:
      return other(name, 'no topic of the protocol begins so')
  }
}

/** The user name that stands in an `actions` topic, and in the module level of an `events` topic: `api` unless it is 1 to 32 letters, digits or `_`. */
export function moduleOf(userName: string): string {
  return isModule(userName) ? userName : 'api'
}

// On the path of every request: no regular expression, no array of levels.
function parseEvents(name: string): Topic {
  const vsnEnd = levelEnd(name, eventsPrefix.length)
  if (vsnEnd !== eventsPrefix.length + 1 || name[eventsPrefix.length] !== '1') return other(name, 'the version of an events topic is 1')
  // Behind the end of the name every level is empty: missing trailing levels count as such (topics.md 2).
  const nodeEnd = levelEnd(name, vsnEnd + 1)
  const moduleEnd = levelEnd(name, nodeEnd + 1)
  const userEnd = levelEnd(name, moduleEnd + 1)
  const clientEnd = levelEnd(name, userEnd + 1)
  const tokenEnd = levelEnd(name, clientEnd + 1)
  return {
    kind: 'events',
    vsn: 1,
    node: parseNode(name, vsnEnd + 1, nodeEnd),
    module: name.slice(nodeEnd + 1, moduleEnd),
    user: name.slice(moduleEnd + 1, userEnd),
    client: name.slice(userEnd + 1, clientEnd),
    token: name.slice(clientEnd + 1, tokenEnd),
  }
}

function parseNode(name: string, start: number, end: number): number | undefined {
  return end - start <= maxNodeDigits && isDigits(name, start, end) ? Number(name.slice(start, end)) : undefined
}

function parseActions(name: string, rest: string): Topic {
  const vsnEnd = levelEnd(rest, 0)
  if (rest.slice(0, vsnEnd) !== '1') return other(name, 'the version of an actions topic is 1')
  const userEnd = levelEnd(rest, vsnEnd + 1)
  const user = rest.slice(vsnEnd + 1, userEnd)
  if (!isModule(user)) return other(name, 'the user name is 1 to 32 letters, digits or underscores')
  const clientId = parseClientId(rest.slice(userEnd + 1))
  return clientId === undefined ? other(name, 'it names no client id') : { kind: 'actions', user, clientId }
}

function parseSes(name: string, rest: string): Topic {
  const phone = parsePhone(rest)
  return phone === undefined ? other(name, 'it names no phone') : { kind: 'ses', phone }
}

function parseRosterTopic(kind: 'ac' | 'muc', name: string, rest: string): Topic {
  const phoneId = parsePhoneId(rest)
  return phoneId === undefined ? other(name, 'it names no phone_id') : { kind, phoneId }
}

function parseP2p(name: string, rest: string): Topic {
  const leftEnd = levelEnd(rest, 0)
  const first = parsePhoneId(rest.slice(0, leftEnd))
  const second = parsePhoneId(rest.slice(leftEnd + 1))
  if (first === undefined || second === undefined) return other(name, 'it does not name two phone_ids')
  const wasSorted = compareBytes(first, second) <= 0
  return { kind: 'p2p', left: wasSorted ? first : second, right: wasSorted ? second : first, wasSorted }
}

function parseRoom(name: string, rest: string): Topic {
  const room = parseRoomId(rest)
  return room === undefined ? other(name, 'it names no room') : { kind: 'room', room }
}

function parseVersion(name: string, rest: string): Topic {
  if (!isDigits(rest)) return other(name, 'it names no version')
  return { kind: 'version', number: Math.min(Number(rest), Number.MAX_SAFE_INTEGER) }
}

function isModule(text: string): boolean {
  if (text === '' || text.length > 32 || !isLevel(text)) return false
  for (let i = 0; i < text.length; i++) if (!isWordUnit(unitAt(text, i))) return false
  return true
}

function isWordUnit(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit === 0x5f
}

function other(name: string, because: string): OtherTopic {
  return { kind: 'other', name, because }
}
