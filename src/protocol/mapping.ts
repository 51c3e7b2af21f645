/** Where a dialect's layout differs from the canonical form by more than names of atoms. Source: rpc.md 1.4, unless another is named. */
import type { Dialect, Infer, RecordOf, RecordTag, Values } from './records.js'
import { canonicalReason, wireReason } from './reason-codes.js'
import { recordTable, type Desc, type Feature, type Service, type Star, type Tag } from './records.js'
import { emptyList, type Layout } from './shape.js'
import { isAtom, isTuple } from './term.js'

/** Which way a record travels: what a device asks, or what the server answers and pushes. The same wire atom can mean two things. */
export type Way = 'request' | 'push'

/** Between the wire values of one layout, in their order, and the canonical record. */
export interface Mapping {
  readonly read: (values: readonly unknown[], way: Way) => object
  readonly write: (record: object) => readonly unknown[]
}

type Wire<T extends RecordTag, D extends Dialect> = Extract<(typeof recordTable)[T][D], Layout>
/** A value on its way out: the writer leaves out what the dialect has no form for. */
type Loose<T> = T extends string ? string : T extends readonly (infer E)[] ? readonly Loose<E>[] : T
type Sent<L extends Layout> = { readonly [I in keyof L]: Loose<Infer<L[I][1]>> | Loose<Infer<L[I][1]>>[] | string | number | object | null }

const mappings = new Map<string, Mapping>()

function map<T extends RecordTag, D extends Dialect>(
  tag: T,
  dialect: D,
  read: (values: Values<Wire<T, D>>, way: Way) => RecordOf<T>,
  write: (record: RecordOf<T>) => Sent<Wire<T, D>>,
): void {
  // the codecs call `read` only with values that fit the layout of this tag and dialect, and `write` only with records of this tag
  mappings.set(`${tag} ${dialect}`, { read, write } as unknown as Mapping)
}

/** How that record is read from and written to that dialect; field by field of the same name unless the table above says otherwise. */
export function mappingOf(tag: RecordTag, dialect: Dialect, layout: Layout): Mapping {
  return mappings.get(`${tag} ${dialect}`) ?? byName(tag, layout)
}

function byName(tag: RecordTag, wire: Layout): Mapping {
  const canonical: Layout = recordTable[tag].canonical
  const names = canonical.map(([name]) => name)
  const from = names.map((name) => wire.findIndex(([other]) => other === name))
  const fallbacks = canonical.map(([, shape]) => shape.fallback)
  return {
    read(values) {
      const made: Record<string, unknown> = { tag }
      for (let i = 0; i < names.length; i++) {
        const at = from[i] ?? -1
        made[names[i] as string] = at >= 0 ? values[at] : fallbacks[i]
      }
      return made
    },
    write(record) {
      const fields = record as Readonly<Record<string, unknown>>
      return wire.map(([name, shape]) => (name in fields ? fields[name] : shape.fallback))
    },
  }
}

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

function voxLogin(services: readonly Service[]): string | null {
  return services.find((service) => service.type === 'vox')?.login ?? null
}

/** The services, with the vox login that v1 keeps in a field of its own. */
function withVox(services: readonly Service[], login: string | null): readonly Service[] {
  if (login === null || voxLogin(services) !== null) return services
  const vox: Service = { tag: 'Service', id: null, type: 'vox', data: emptyList, login, password: null, expiration: null, status: null }
  return [...services, vox]
}

/** The roster id in a phone_id, a decimal binary or an integer; another text is left as it is. */
function rosterNumber(id: string | number | null): string | number | null {
  if (typeof id !== 'string') return id
  const digits = /^(?:\d{5,15}_)?([1-9]\d{0,14})$/.exec(id)?.[1]
  return digits === undefined ? id : Number(digits)
}

/** A decimal binary is the integer it spells; a phone_id stays, because its phone must be checked. */
function rosterFrom(id: string | number | null): string | number | null {
  if (typeof id !== 'string' || !/^(?:0|-?[1-9]\d{0,15})$/.test(id)) return id
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : id
}

function rosterText(id: string | number | null): string | null {
  return typeof id === 'number' ? String(id) : id
}

const numberOrNull = (value: string | number | null): number | null => (typeof value === 'number' ? value : null)

// --- Message and Desc: the hot path, spelled out ---

/** Types that only the server gives and only v11 has: no device makes a system message by its type. */
const serverTypes: ReadonlySet<string> = new Set(['sys', 'edited'])
const withoutSys = (types: readonly string[]): readonly string[] => (types.includes('sys') ? types.filter((type) => type !== 'sys') : types)

type Seen = RecordOf<'Message'>['seenby']
type Status = RecordOf<'Message'>['status']

const seenFromV1 = (seen: Seen): Seen => (typeof seen === 'object' && seen.length === 1 && seen[0] === -1 ? -1 : seen)

/** v1 names the side that still sees the message (1 from, 2 to), v11 the ids that do not. */
function seenToV11(message: RecordOf<'Message'>): readonly (string | number)[] {
  const seen = message.seenby
  if (typeof seen !== 'number') return seen
  if (seen === 1) return message.to === null ? emptyList : [message.to]
  if (seen === 2) return message.from === null ? emptyList : [message.from]
  return [seen]
}

function seenToV1(message: RecordOf<'Message'>): Seen {
  const seen = message.seenby
  if (typeof seen === 'number' || seen.length === 0) return seen
  if (message.to !== null && seen.includes(message.to)) return 1
  if (message.from !== null && seen.includes(message.from)) return 2
  return seen.filter((id) => typeof id === 'number')
}

map(
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
)

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

map(
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
)

map(
  'Desc',
  'v1',
  (w) => ({ tag: 'Desc', id: w[0], mime: w[1], payload: w[2], parentid: null, size: w[3], filename: w[4], info: w[5], data: emptyList }),
  (r) => [r.id, r.mime, r.payload, r.size, r.filename, r.info],
)

map(
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
)

// --- people ---

map(
  'Contact',
  'v1',
  (w) => ({
    tag: 'Contact',
    phone_id: w[0],
    avatar: w[1],
    names: w[2],
    surnames: w[3],
    nick: w[4],
    email: w[5],
    vox_id: w[6],
    reader: w[7],
    other_reader: 0,
    unread: w[8],
    last_msg: w[9],
    update: w[10],
    created: 0,
    settings: w[11],
    services: emptyList,
    presence: w[12],
    status: w[13],
  }),
  (r) => [
    r.phone_id,
    r.avatar,
    r.names,
    r.surnames,
    r.nick,
    r.email,
    r.vox_id ?? voxLogin(r.services),
    r.reader,
    r.unread,
    r.last_msg,
    r.update,
    r.settings,
    r.presence,
    r.status,
  ],
)

map(
  'Contact',
  'v11',
  (w) => {
    const readers = typeof w[5] === 'number' ? [w[5]] : (w[5] ?? [])
    return {
      tag: 'Contact',
      phone_id: w[0],
      avatar: w[1],
      names: w[2],
      surnames: w[3],
      nick: w[4],
      email: null,
      vox_id: voxLogin(w[11]),
      reader: readers[0] ?? null,
      other_reader: readers[1] ?? 0,
      unread: w[6],
      last_msg: w[7],
      update: w[8],
      // v1 and v11 are told apart by this field being an integer: one that is not given is 0
      created: w[9] ?? 0,
      settings: w[10],
      services: w[11],
      presence: w[12],
      status: w[13],
    }
  },
  (r) => [
    r.phone_id,
    r.avatar,
    r.names,
    r.surnames,
    r.nick,
    r.reader === null && r.other_reader === 0 ? emptyList : [r.reader ?? 0, r.other_reader],
    r.unread,
    r.last_msg,
    r.update,
    r.created ?? 0,
    r.settings,
    withVox(r.services, r.vox_id),
    r.presence,
    r.status,
  ],
)

function overlay<T extends RecordTag, D extends Dialect>(
  tag: T,
  dialect: D,
  read: (record: RecordOf<T>, values: Values<Wire<T, D>>, way: Way) => RecordOf<T>,
  write: (record: RecordOf<T>) => Readonly<Record<string, unknown>>,
): void {
  const layout: Layout | null = recordTable[tag][dialect]
  if (layout === null) throw new Error(`${tag} has no layout in ${dialect}`)
  const plain = byName(tag, layout)
  mappings.set(`${tag} ${dialect}`, {
    // as in `map`: the values fit this layout, the record is of this tag
    read: (values, way) => read(plain.read(values, way) as RecordOf<T>, values as unknown as Values<Wire<T, D>>, way),
    write: (record) => plain.write({ ...record, ...write(record as RecordOf<T>) }),
  })
}

overlay('Member', 'v1', (r) => r, (r) => ({ vox_id: r.vox_id ?? voxLogin(r.services) }))
overlay('Member', 'v11', (r) => ({ ...r, vox_id: voxLogin(r.services) }), (r) => ({ services: withVox(r.services, r.vox_id) }))
for (const dialect of ['v1', 'v11'] as const) {
  overlay('Tag', dialect, (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }), (r) => ({ roster_id: rosterText(r.roster_id) }))
}
overlay('Roster', 'v11', (r) => ({ ...r, id: rosterFrom(r.id) }), (r) => ({ id: rosterNumber(r.id) }))
overlay(
  'Search',
  'v1',
  (r, w) => ({ ...r, id: rosterFrom(r.id), value: Array.isArray(w[4]) ? w[4] : [w[4]] }),
  (r) => ({ id: rosterNumber(r.id) }),
)
overlay('Search', 'v11', (r) => ({ ...r, id: rosterFrom(r.id) }), (r) => ({ id: rosterNumber(r.id) }))
overlay('Star', 'v1', (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }), (r) => ({ roster_id: rosterText(r.roster_id), tags: r.tags.map((tag) => tagId(tag)).filter((id) => id !== null) }))
overlay('Star', 'v11', (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }), (r) => ({ roster_id: rosterNumber(r.roster_id), tags: r.tags.filter((tag) => typeof tag === 'object') }))

const tagId = (tag: Tag | number): number | null => (typeof tag === 'number' ? tag : tag.id)

// v1 has no ExtendedStar: the star goes without where it came from
overlay(
  'Roster',
  'v1',
  (r) => ({ ...r, id: rosterFrom(r.id) }),
  (r) => ({
    id: rosterNumber(r.id),
    favorite: r.favorite.map((star): Star | null => (star.tag === 'Star' ? star : star.star)).filter((star) => star !== null),
  }),
)

// --- sessions ---

overlay('Auth', 'v1', (r, w) => ({ ...r, created: numberOrNull(w[11]) }), () => ({}))

// what a client says of itself beyond the listed atoms carries no right: a fake phone is a phone, an internal type none
overlay(
  'Auth',
  'v11',
  (r, w) => ({
    ...r,
    phone: isTuple(w[3]) ? w[3].tuple[1] : w[3],
    type: isTuple(w[5]) ? null : w[5],
    services: w[8].filter((service) => typeof service === 'string'),
    settings: typeof w[9] === 'string' ? emptyList : w[9],
  }),
  (r) => ({ services: r.services.map((service) => ({ atom: service })) }),
)

// --- feeds ---

map(
  'Typing',
  'v1',
  (w) => ({ tag: 'Typing', from: typeof w[0] === 'string' ? w[0] : null, to: typeof w[1] === 'string' ? w[1] : null, comments: emptyList }),
  (r) => [r.from, r.to],
)

// v11 has room for one end: where it goes in a request, whom it is from in a push
map(
  'Typing',
  'v11',
  (w, way) => ({ tag: 'Typing', from: way === 'push' ? w[0] : null, to: way === 'request' ? w[0] : null, comments: w[1] }),
  (r) => [r.from ?? r.to, r.comments],
)

overlay(
  'History',
  'v1',
  (r, _values, way) => ({ ...r, roster_id: rosterFrom(r.roster_id), next: way === 'push' && r.status === 'get' ? r.size : null }),
  (r) => ({ roster_id: rosterText(r.roster_id), size: r.next ?? r.size }),
)
overlay('History', 'v11', (r) => ({ ...r, roster_id: rosterFrom(r.roster_id) }), (r) => ({ roster_id: rosterText(r.roster_id) }))

// --- answers ---

// nil is no list of rosters but no code
for (const dialect of ['v1', 'v11'] as const) {
  overlay('io', dialect, (r) => (Array.isArray(r.code) && r.code.length === 0 ? { ...r, code: null } : r), () => ({}))
}

type Answer = Infer<(typeof recordTable)['ok']['v1'][0][1]>

function answerFrom(code: Answer): RecordOf<'ok'> {
  if (code === null || typeof code === 'string') return { tag: 'ok', code: null, ref: code }
  if (isAtom(code)) return { tag: 'ok', code: code.atom, ref: null }
  return { tag: 'ok', code: code.tuple[0].atom, ref: code.tuple[1] }
}

map('ok', 'v1', (w) => answerFrom(w[0]), ({ code, ref }) => [
  code === null ? ref : ref === null ? { atom: code } : { tuple: [{ atom: code }, ref] },
])
map('ok', 'v11', (w) => answerFrom(w[0]), ({ code, ref }) => [ref ?? (code === null ? null : { atom: code })])

// a refusal is sent as an atom, whatever it came as
map(
  'error',
  'v1',
  ([code]) => ({ tag: 'error', code: isAtom(code) ? code.atom : code }),
  ({ code }) => [code === null ? null : { atom: code }],
)
map(
  'error',
  'v11',
  ([code]) => ({ tag: 'error', code: code === null ? null : canonicalReason(code) }),
  ({ code }) => [code === null ? null : wireReason(code, 'v11')],
)
