import { canonicalFields } from './canonical-fields.js'
import { byName, mappingKey, type Mapping } from './mapping.js'
import { answerMappings } from './mapping-answers.js'
import { messageMappings } from './mapping-message.js'
import { peopleMappings } from './mapping-people.js'
import { nameIndex, type NameIndex } from './name-index.js'
import { recordTable, recordTags, type Dialect, type RecordTag } from './records.js'
import type { Layout, Shape } from './shape.js'
import { longTransfer } from './table-service.js'

/** One record in one dialect, ready for the codecs. */
export interface WireRecord {
  readonly name: string
  readonly tag: RecordTag
  readonly dialect: Dialect
  /** Number of tuple elements: the name and the fields. */
  readonly arity: number
  readonly names: readonly string[]
  readonly shapes: readonly Shape[]
  readonly position: ReadonlyMap<string, number>
  /** For each field the fields of the canonical record that are made of it, that of a record within it first. */
  readonly canonical: readonly (readonly string[])[]
  /** The place of the field that names the request, or -1: nothing is known of a record in which that is wrong. */
  readonly selector: number
  /** Whether the other dialect uses the same name and arity for other fields, told apart by field 10. */
  readonly isToldByField10: boolean
  readonly mapping: Mapping
}

/** What a record name may mean on the wire. */
export interface WireName {
  readonly name: string
  readonly v1: WireRecord | null
  readonly v11: WireRecord | null
  /** A longer layout in which some clients send it, whatever the dialect; none is sent so. */
  readonly longer?: WireRecord | null
}

const mappings: ReadonlyMap<string, Mapping> = new Map([...messageMappings, ...peopleMappings, ...answerMappings])

/** Which field names the request, where that is not the status. */
const selectors: { readonly [Tag in RecordTag]?: string } = { Auth: 'type', Presence: '' }

function wireRecord(name: string, tag: RecordTag, dialect: Dialect, layout: Layout | null): WireRecord | null {
  if (layout === null) return null
  return {
    name,
    tag,
    dialect,
    arity: layout.length + 1,
    names: layout.map(([field]) => field),
    shapes: layout.map(([, shape]) => shape),
    position: new Map(layout.map(([field], index) => [field, index])),
    canonical: layout.map(([field]) => canonicalFields(tag, dialect, field)),
    selector: layout.findIndex(([field]) => field === (selectors[tag] ?? 'status')),
    isToldByField10: name === 'Contact',
    mapping: mappings.get(mappingKey(tag, dialect)) ?? byName(tag, layout),
  }
}

const named = recordTags.map((tag): WireName => ({
  name: tag,
  v1: wireRecord(tag, tag, 'v1', recordTable[tag].v1),
  v11: wireRecord(tag, tag, 'v11', recordTable[tag].v11),
  ...(tag === 'ftp' ? { longer: wireRecord(tag, tag, 'v1', longTransfer) } : {}),
}))

/** `group` of v1 is declared and never used; it is read as `muc` (records.json, note on group). */
const group: WireName = { name: 'group', v1: wireRecord('group', 'muc', 'v1', recordTable.muc.v1), v11: null }

const all: readonly WireName[] = [...named, group]

/** Every record name of either dialect, by the bytes of its atom. */
export const wireNames: NameIndex<WireName> = nameIndex(all.map((entry) => [entry.name, entry]))

export const wireNameOf: ReadonlyMap<string, WireName> = new Map(all.map((entry) => [entry.name, entry]))

/** The layout a record of that name goes out in: that of the dialect, or the only one there is. */
export function outgoing(tag: RecordTag, dialect: Dialect): WireRecord {
  const layout = layoutIn(wireNameOf.get(tag), dialect)
  if (layout === null) throw new Error(`${tag} has no layout`)
  return layout
}

/** The layout of a name in the dialect, or in the only one that has it. */
export function layoutIn(entry: WireName | undefined, dialect: Dialect): WireRecord | null {
  if (entry === undefined) return null
  return dialect === 'v1' ? (entry.v1 ?? entry.v11) : (entry.v11 ?? entry.v1)
}

/** The layout of that name and arity; where both dialects have it, that of `dialect`. */
export function incoming(entry: WireName, arity: number, dialect: Dialect): WireRecord | null {
  const first = dialect === 'v1' ? entry.v1 : entry.v11
  if (first !== null && first.arity === arity) return first
  const second = dialect === 'v1' ? entry.v11 : entry.v1
  if (second !== null && second.arity === arity) return second
  return entry.longer?.arity === arity ? entry.longer : null
}
