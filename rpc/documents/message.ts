import { createHash } from 'node:crypto'
import type { PhoneId, RoomId } from '../../topics/index.js'
import { type Desc, type Feature, record } from '../../protocol/index.js'
import { messageKey, type Key } from '../../store/contract.js'
import { boundedMemo } from '../bounded-memo.js'
import { jsonRows } from './json-rows.js'
import { numberTable } from './number-table.js'
import { table } from './table.js'

/** A message as stored; its id, position and neighbours belong to the feed. */
export interface MessageDocument {
  /** `p2p/<a>/<b>` or `room/<id>`: the name of the feed and of its topic. */
  readonly feed: string
  readonly msgId: string | null
  readonly from: PhoneId
  readonly to: string
  readonly created: number
  readonly files: readonly Desc[]
  readonly type: readonly string[]
  readonly link: number | null
  /** Member ids that must not see it (v11 rooms), as sent. */
  readonly seenby: readonly (string | number)[]
  readonly repliedby: readonly number[]
  readonly mentioned: readonly number[]
  /** sent: by a person; muc, internal: by the system; deleted: a tombstone, files empty; link: files still on their way, for the author alone. */
  readonly status: 'sent' | 'muc' | 'internal' | 'deleted' | 'link'
  readonly isEdited: boolean
  /** Rosters from whose history it is hidden. */
  readonly hiddenFrom: readonly PhoneId[]
  /** It was announced before its files were there: what it says now is not what was first posted. */
  readonly wasAnnounced?: true
}

const messageCodec = jsonRows<MessageDocument, MessageRow>(
  ({ feed, msgId, from, to, created, files, type, link, seenby, repliedby, mentioned, status, isEdited, hiddenFrom, wasAnnounced }) => {
    const rows = files.map(descRow)
    const origin: Origin = [feed, msgId, from, to, created, rows]
    const rest: readonly [...Lists, ...State] = [type, link, seenby, repliedby, mentioned, status, isEdited, hiddenFrom]
    return wasAnnounced === undefined ? [...origin, ...rest] : [...origin, ...rest, wasAnnounced]
  },
  ([feed, msgId, from, to, created, files, type, link, seenby, repliedby, mentioned, status, isEdited, hiddenFrom, wasAnnounced]) => {
    const descs = files.map(descOf)
    const message = { feed, msgId, from, to, created, files: descs, type, link, seenby, repliedby, mentioned, status, isEdited, hiddenFrom }
    return wasAnnounced === undefined ? message : { ...message, wasAnnounced }
  },
)

type Doc = MessageDocument
type Origin = [feed: string, msgId: string | null, from: PhoneId, to: string, created: number, files: readonly DescRow[]]
type Lists = [type: Doc['type'], link: number | null, seenby: Doc['seenby'], repliedby: Doc['repliedby'], mentioned: Doc['mentioned']]
type State = [status: Doc['status'], isEdited: boolean, hiddenFrom: Doc['hiddenFrom']]
type MessageRow = readonly [...Origin, ...Lists, ...State, wasAnnounced?: true]

type DescRow = readonly [
  ...[id: Desc['id'], mime: Desc['mime'], payload: Desc['payload'], parentid: Desc['parentid']],
  ...[size: Desc['size'], filename: Desc['filename'], info: Desc['info'], data: readonly FeatureRow[]],
]

type FeatureRow = readonly [id: Feature['id'], key: Feature['key'], value: Feature['value'], group: Feature['group']]

function descRow({ id, mime, payload, parentid, size, filename, info, data }: Desc): DescRow {
  return [id, mime, payload, parentid, size, filename, info, data.map(({ id, key, value, group }) => [id, key, value, group])]
}

function descOf([id, mime, payload, parentid, size, filename, info, data]: DescRow): Desc {
  const features = data.map(([id, key, value, group]) => record('Feature', { id, key, value, group }))
  return record('Desc', { id, mime, payload, parentid, size, filename, info, data: features })
}

const byText = table<[id: string], MessageDocument>('message', messageCodec)

/** Messages by id. */
export const messages = {
  ...byText,
  of: (id: number): [string] => [String(id)],
  keyOf: (id: number): Key => messageKey(id),
}

/** How far a roster has read a feed: the id of a message. Key: owner, then the feed's two or three levels joined by `feedLevel`. */
export const cursors = numberTable<[reader: PhoneId, feedLevel: string]>('cursor')
/** Up to which message a roster has cleared a chat for itself. */
export const clearances = numberTable<[reader: PhoneId, feedLevel: string]>('cleared')
/** Up to which message a room has been cleared for everyone. */
export const roomClearances = numberTable<[room: RoomId]>('roomCleared')
/** Message ids by author and client-chosen msg_id, for duplicates. */
export const sentIds = numberTable<[from: PhoneId, msgIdLevel: string]>('sent')

/** A feed's name as one key level: `/` becomes U+0001, which no name of the protocol needs. */
export const feedLevel = boundedMemo(10_000, (feed: string): string => feed.replaceAll('/', '\u0001'))

/** A msg_id as a key level: itself where it is short and plain, else its SHA-256. */
export function msgIdLevel(msgId: string): string {
  return /^[\w.:@-]{1,64}$/.test(msgId) ? `=${msgId}` : `#${createHash('sha256').update(msgId).digest('base64url')}`
}
