/** Message and its parts, the hot path: spelled out field by field. Source: rpc.md 1.4. */
import { mapped, type MappingEntry, type Way, type Wire } from './mapping.js'
import type { Desc, Feature, Message, Values } from './records.js'
import { emptyList } from './shape.js'

const fileGroup = 'FILE_DATA'

function fileFact(features: readonly Feature[], key: string): string | null {
  for (const feature of features) if (feature.key === key && feature.group === fileGroup) return feature.value
  return null
}

function decimal(value: string | null): number {
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : 0
}

/** The features of a Desc, with those that v1 keeps in fields of their own. */
function fileFeatures(desc: Desc): readonly Feature[] {
  if (desc.size === 0 && desc.filename === null && desc.info === null) return desc.data
  const facts = [
    ['SIZE', desc.size === 0 ? null : String(desc.size)],
    ['FILENAME', desc.filename],
    ['INFO', desc.info],
  ] as const
  const missing = facts.filter(([key, value]) => value !== null && fileFact(desc.data, key) === null)
  return [...desc.data, ...missing.map(([key, value]): Feature => ({ tag: 'Feature', id: null, key, value, group: fileGroup }))]
}

const numberOrNull = (value: string | number | null): number | null => (typeof value === 'number' ? value : null)

/** Types that only the server gives and only v11 has: no device makes a system message by its type. */
const serverTypes: ReadonlySet<string> = new Set(['sys', 'edited'])
const withoutSys = (types: readonly string[]): readonly string[] => (types.includes('sys') ? types.filter((type) => type !== 'sys') : types)

type Seen = Message['seenby']
type Status = Message['status']

const seenFromV1 = (seen: Seen): Seen => (typeof seen === 'object' && seen.length === 1 && seen[0] === -1 ? -1 : seen)

/** v1 names the side that still sees the message (1 from, 2 to), v11 the ids that do not. */
function seenToV11(message: Message): readonly (string | number)[] {
  const seen = message.seenby
  if (typeof seen !== 'number') return seen
  if (seen === 1) return message.to === null ? emptyList : [message.to]
  if (seen === 2) return message.from === null ? emptyList : [message.from]
  return [seen]
}

function seenToV1(message: Message): Seen {
  const seen = message.seenby
  if (typeof seen === 'number' || seen.length === 0) return seen
  if (message.to !== null && seen.includes(message.to)) return 1
  if (message.from !== null && seen.includes(message.from)) return 2
  return seen.filter((id) => typeof id === 'number')
}

const isSystem = (status: Status): boolean => status === 'muc' || status === 'internal'

/** [] with type [sys] is a system message; else [] is a new message on its way in and a stored one on its way out. */
function statusFromV11(w: Values<Wire<'Message', 'v11'>>, way: Way): Status {
  switch (w[15]) {
    case null:
      if (w[10].includes('sys')) return w[2]?.tag === 'muc' ? 'muc' : 'internal'
      return way === 'request' ? 'client' : 'sent'
    case 'async':
      return way === 'request' ? 'upload' : 'link'
    case 'update':
      return 'complete'
    case 'delete':
      return 'deleted'
    default:
      return w[15]
  }
}

function statusToV11(status: Status): string | null {
  switch (status) {
    case 'upload':
    case 'link':
      return 'async'
    case 'complete':
      return 'update'
    case 'deleted':
      return 'delete'
    case 'edit':
    case 'clear':
      return status
    default:
      return null
  }
}

export const messageMappings: readonly MappingEntry[] = [
  mapped(
    'Message',
    'v1',
    (w) => ({
      tag: 'Message',
      id: w[0],
      container: w[1],
      feed_id: w[2],
      prev: w[3],
      next: w[4],
      msg_id: w[5],
      from: w[6],
      to: w[7],
      created: numberOrNull(w[8]),
      files: w[9],
      type: w[10] === null || serverTypes.has(w[10]) ? emptyList : [w[10]],
      link: w[11],
      seenby: seenFromV1(w[12]),
      repliedby: emptyList,
      mentioned: emptyList,
      status: w[13],
    }),
    (r) => [
      r.id,
      r.container,
      r.feed_id,
      r.prev,
      r.next,
      r.msg_id,
      r.from,
      r.to,
      r.created,
      r.files,
      r.type.length === 0 ? null : (r.type.find((type) => !serverTypes.has(type)) ?? null),
      typeof r.link === 'object' && r.link !== null ? r.link.id : r.link,
      seenToV1(r),
      r.status,
    ],
  ),

  mapped(
    'Message',
    'v11',
    (w, way) => {
      const status = statusFromV11(w, way)
      return {
        tag: 'Message',
        id: w[0],
        container: w[1],
        feed_id: w[2],
        prev: w[3],
        next: w[4],
        msg_id: w[5],
        from: w[6],
        to: w[7],
        created: w[8],
        files: w[9],
        type: withoutSys(w[10]),
        link: w[11],
        seenby: w[12].length === 1 && w[12][0] === -1 ? -1 : w[12],
        repliedby: w[13],
        mentioned: w[14],
        status,
      }
    },
    (r) => [
      r.id,
      r.container,
      r.feed_id,
      r.prev,
      r.next,
      r.msg_id,
      r.from,
      r.to,
      r.created,
      r.files,
      isSystem(r.status) ? ['sys', ...withoutSys(r.type)] : withoutSys(r.type),
      r.link,
      seenToV11(r),
      r.repliedby,
      r.mentioned,
      statusToV11(r.status),
    ],
  ),

  mapped(
    'Desc',
    'v1',
    (w) => ({ tag: 'Desc', id: w[0], mime: w[1], payload: w[2], parentid: null, size: w[3], filename: w[4], info: w[5], data: emptyList }),
    (r) => [r.id, r.mime, r.payload, r.size, r.filename, r.info],
  ),

  mapped(
    'Desc',
    'v11',
    (w) => {
      const data = w[4]
      const isBare = data.length === 0
      return {
        tag: 'Desc',
        id: w[0],
        mime: w[1],
        payload: w[2],
        parentid: w[3],
        size: isBare ? 0 : decimal(fileFact(data, 'SIZE')),
        filename: isBare ? null : fileFact(data, 'FILENAME'),
        info: isBare ? null : fileFact(data, 'INFO'),
        data,
      }
    },
    (r) => [r.id, r.mime, r.payload, r.parentid, fileFeatures(r)],
  ),

  ...(['v1', 'v11'] as const).flatMap((dialect) => [
    mapped(
      'p2p',
      dialect,
      (w) => ({ tag: 'p2p', from: w[0], to: w[1] }),
      (r) => [r.from, r.to],
    ),
    mapped(
      'muc',
      dialect,
      (w) => ({ tag: 'muc', name: w[0] }),
      (r) => [r.name],
    ),
    mapped(
      'Feature',
      dialect,
      (w) => ({ tag: 'Feature', id: w[0], key: w[1], value: w[2], group: w[3] }),
      (r) => [r.id, r.key, r.value, r.group],
    ),
  ]),
]
