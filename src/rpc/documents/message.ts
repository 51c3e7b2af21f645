import { createHash } from 'node:crypto'
import type { PhoneId, RoomId } from '../../topics/index.js'
import { type Desc, type Feature, record } from '../../protocol/index.js'
import { messageKey, type Key } from '../../store/contract.js'
import { numberTable } from './number-table.js'
import { type RowLayout, table } from './table.js'

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
}

/** Messages are written more often than anything else: as lists of values they take half the bytes and half the time. */
const messageRow: RowLayout<MessageDocument> = {
  toRow: (message) => [
    message.feed,
    message.msgId,
    message.from,
    message.to,
    message.created,
    message.files.map(descRow),
    message.type,
    message.link,
    message.seenby,
    message.repliedby,
    message.mentioned,
    message.status,
    message.isEdited,
    message.hiddenFrom,
  ],
  fromRow(row) {
    const [feed, msgId, from, to, created, files, type, link, seenby, repliedby, mentioned, status, isEdited, hiddenFrom] =
      row as MessageRow
    return {
      ...{ feed, msgId, from, to, created, files: files.map(descOf), type, link },
      ...{ seenby, repliedby, mentioned, status, isEdited, hiddenFrom },
    }
  },
}

type MessageRow = [
  ...[
    feed: string,
    msgId: string | null,
    from: PhoneId,
    to: string,
    created: number,
    files: DescRow[],
    type: string[],
    link: number | null,
  ],
  ...[seenby: (string | number)[], repliedby: number[], mentioned: number[]],
  ...[status: MessageDocument['status'], isEdited: boolean, hiddenFrom: PhoneId[]],
]

type DescRow = [
  ...[id: Desc['id'], mime: Desc['mime'], payload: Desc['payload'], parentid: Desc['parentid']],
  ...[size: Desc['size'], filename: Desc['filename'], info: Desc['info'], data: FeatureRow[]],
]

type FeatureRow = [id: Feature['id'], key: Feature['key'], value: Feature['value'], group: Feature['group']]

function descRow({ id, mime, payload, parentid, size, filename, info, data }: Desc): DescRow {
  return [id, mime, payload, parentid, size, filename, info, data.map(({ id, key, value, group }) => [id, key, value, group])]
}

function descOf([id, mime, payload, parentid, size, filename, info, data]: DescRow): Desc {
  const features = data.map(([id, key, value, group]) => record('Feature', { id, key, value, group }))
  return record('Desc', { id, mime, payload, parentid, size, filename, info, data: features })
}

const byText = table<[id: string], MessageDocument>('message', messageRow)

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
export function feedLevel(feed: string): string {
  return feed.replaceAll('/', '\u0001')
}

/** A msg_id as a key level: itself where it is short and plain, else its SHA-256. */
export function msgIdLevel(msgId: string): string {
  return /^[\w.:@-]{1,64}$/.test(msgId) ? `=${msgId}` : `#${createHash('sha256').update(msgId).digest('base64url')}`
}
