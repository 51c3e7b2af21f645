import type { AnyRecord, Message, P2p, RecordTag, Search } from '../../protocol/index.js'
import { parsePhone, parsePhoneId, sortPair } from '../../topics/index.js'
import { type Names, shownVerbatim } from './names.js'

/** What stands in a field: a phone; a phone_id, or a list with phone_ids and records in it; records alone, one or a list. */
type Place = 'phone' | 'phone_id' | 'records'

/** Every field of a record in which accounts, rosters, or records that name them stand. A room id that could be a phone_id is none: see `to`. */
export const namePlaces: { readonly [Tag in RecordTag]?: Readonly<Record<string, Place>> } = {
  Auth: { user_id: 'phone_id', phone: 'phone' },
  Person: { id: 'phone' },
  Profile: { phone: 'phone', rosters: 'phone_id' },
  Presence: { uid: 'phone_id' },
  Contact: { phone_id: 'phone_id', last_msg: 'records' },
  Roster: { id: 'phone_id', phone: 'phone', userlist: 'records', roomlist: 'records', favorite: 'records', tags: 'records' },
  Friend: { phone_id: 'phone_id', friend_id: 'phone_id' },
  Search: { id: 'phone_id' },
  Star: { roster_id: 'phone_id', message: 'records', tags: 'records' },
  ExtendedStar: { star: 'records', from: 'records' },
  Tag: { roster_id: 'phone_id' },
  p2p: { from: 'phone_id', to: 'phone_id' },
  act: { data: 'phone_id' },
  Message: { feed_id: 'records', from: 'phone_id', to: 'phone_id', link: 'records', seenby: 'phone_id' },
  Typing: { from: 'phone_id', to: 'phone_id' },
  History: { roster_id: 'phone_id', feed: 'records', data: 'records' },
  Cursor: { feed: 'records' },
  Member: { phone_id: 'phone_id' },
  Room: { members: 'records', admins: 'records', last_msg: 'records' },
  CDR: { from: 'phone_id', to: 'phone_id' },
  Job: { feed_id: 'records', data: 'records' },
  io: { code: 'records', data: 'records' },
  ok2: { src: 'phone_id' },
  errors: { data: 'records' },
}

const fieldsOf = new Map(Object.entries(namePlaces).map(([tag, fields]) => [tag, Object.entries(fields)]))

/** The record as peers read it. @returns the same record if nothing in it is called otherwise */
export function shownRecord<R extends AnyRecord>(record: R, names: Names): R {
  return names.last === 0 ? record : rename(record, showing(names))
}

/**
 * The record as handlers read it. What registers or moves is about numbers, not about accounts, and stays.
 * @returns the same record if nothing in it is filed otherwise
 */
export function filedRecord<R extends AnyRecord>(record: R, names: Names): R {
  return names.last === 0 || isAboutNumbers(record) ? record : rename(record, filing(names))
}

const registering: readonly unknown[] = ['reg', 'voice', 'resend', 'verify']

function isAboutNumbers(record: AnyRecord): boolean {
  if (record.tag === 'Auth') return registering.includes(record.type)
  return record.tag === 'Profile' && (record.status === 'migrate' || record.status === 'phone')
}

interface Renaming {
  phone(text: string): string
  phoneId(text: string): string
  /** A text of the system. */
  text(text: string): string
}

/** A phone_id as peers read it; another text as it is. */
export function shownName(text: string, names: Names): string {
  return shownVerbatim(text) ?? otherName(text, names)
}

function showing(names: Names): Renaming {
  const phoneId = (text: string): string => shownName(text, names)
  return {
    phone: (text) => mapPhone(text, names.numberOf),
    phoneId,
    text: (text) => text.replace(phoneIds, phoneId),
  }
}

function filing(names: Names): Renaming {
  return {
    phone: (text) => mapPhone(text, names.filedUnder),
    phoneId: (text) => otherName(text, names),
    text: (text) => text,
  }
}

const phoneIds = /\b\d{5,15}_[1-9]\d{0,14}\b/g

function mapPhone(text: string, map: Names['numberOf']): string {
  const phone = parsePhone(text.startsWith('+') ? text.slice(1) : text)
  const mapped = phone && map(phone)
  return mapped === undefined || mapped === phone ? text : mapped
}

function otherName(text: string, names: Names): string {
  const phoneId = parsePhoneId(text)
  return phoneId === undefined ? text : names.otherName(phoneId)
}

function rename<R extends AnyRecord>(record: R, to: Renaming): R {
  const fields = fieldsOf.get(record.tag)
  if (fields === undefined) return record
  const given = record as unknown as Readonly<Record<string, unknown>>
  let changed: Record<string, unknown> | undefined
  for (const [name, place] of fields) {
    const value = given[name]
    const renamed = renameValue(value, place, to)
    if (renamed !== value) (changed ??= { ...given })[name] = renamed
  }
  return finish(record, (changed ?? given) as unknown as R, to)
}

function renameValue(value: unknown, place: Place, to: Renaming): unknown {
  if (typeof value === 'string') {
    if (place === 'phone') return to.phone(value)
    return place === 'phone_id' ? to.phoneId(value) : value
  }
  if (Array.isArray(value)) return renameList(value, place, to)
  return isRecord(value) ? rename(value, to) : value
}

function renameList(list: readonly unknown[], place: Place, to: Renaming): readonly unknown[] {
  const renamed = list.map((value) => renameValue(value, place, to))
  return renamed.some((value, i) => value !== list[i]) ? renamed : list
}

function isRecord(value: unknown): value is AnyRecord {
  return typeof value === 'object' && value !== null && 'tag' in value
}

/** What the fields of one kind of record alone cannot tell. */
function finish<R extends AnyRecord>(before: R, after: R, to: Renaming): R {
  switch (after.tag) {
    case 'p2p':
      return before === after ? after : (sorted(after) as R)
    case 'Message':
      return finishMessage(before as Message, after, to) as R
    case 'Search':
      return finishSearch(after, to) as R
    default:
      return after
  }
}

/** The sides of a chat stand in the order of the names they have. */
function sorted(key: P2p): P2p {
  const [a, b] = [parsePhoneId(key.from ?? ''), parsePhoneId(key.to ?? '')]
  if (a === undefined || b === undefined) return key
  const [from, to] = sortPair(a, b)
  return { ...key, from, to }
}

/** A message to a room goes to a room, whatever that is called; texts of the system name people in their middle. */
function finishMessage(before: Message, after: Message, to: Renaming): Message {
  const message = after.feed_id?.tag === 'muc' && after.to !== before.to ? { ...after, to: before.to } : after
  if (message.status !== 'muc') return message
  const files = message.files.map((file) => {
    const payload = file.payload === null ? null : to.text(file.payload)
    return payload === file.payload ? file : { ...file, payload }
  })
  return files.some((file, i) => file !== message.files[i]) ? { ...message, files } : message
}

function finishSearch(search: Search, to: Renaming): Search {
  if (search.field !== 'phone') return search
  const value = search.value.map((one) => (typeof one === 'string' ? to.phone(one) : one))
  return value.some((one, i) => one !== search.value[i]) ? { ...search, value } : search
}
