/** Between the layouts of the dialects and the canonical form. Source: rpc.md 1.4. */
import { recordTable, type Dialect, type Infer, type RecordOf, type RecordTag, type Values } from './records.js'
import type { Layout } from './shape.js'

/** Which way a record travels: what a device asks, or what the server answers and pushes. The same wire atom can mean two things. */
export type Way = 'request' | 'push'

/** Between the wire values of one layout, in their order, and the canonical record. */
export interface Mapping {
  readonly read: (values: readonly unknown[], way: Way) => object
  readonly write: (record: object) => readonly unknown[]
}

/** A mapping, and the record and dialect it belongs to. */
export type MappingEntry = readonly [key: string, mapping: Mapping]

/** The layout of a record in a dialect that has one. */
export type Wire<T extends RecordTag, D extends Dialect> = Extract<(typeof recordTable)[T][D], Layout>

/** A value on its way out: the writers leave out what the dialect has no form for. */
type Sent<L extends Layout> = { readonly [I in keyof L]: Infer<L[I][1]> | string | number | object | null }

/** The key of a mapping. */
export const mappingKey = (tag: RecordTag, dialect: Dialect): string => `${tag} ${dialect}`

/** A mapping spelled out, for layouts on the hot path or far from the canonical form. */
export function mapped<T extends RecordTag, D extends Dialect>(
  tag: T,
  dialect: D,
  read: (values: Values<Wire<T, D>>, way: Way) => RecordOf<T>,
  write: (record: RecordOf<T>) => Sent<Wire<T, D>>,
): MappingEntry {
  // the codecs call `read` only with values that fit the layout of this tag and dialect, and `write` only with records of this tag
  return [mappingKey(tag, dialect), { read, write } as unknown as Mapping]
}

/** A mapping by field name, after which `read` and before which `write` change some fields. */
export function adjusted<T extends RecordTag, D extends Dialect>(
  tag: T,
  dialect: D,
  read: (record: RecordOf<T>, values: Values<Wire<T, D>>, way: Way) => RecordOf<T>,
  write: (record: RecordOf<T>) => Readonly<Record<string, unknown>>,
): MappingEntry {
  const layout: Layout | null = recordTable[tag][dialect]
  if (layout === null) throw new Error(`${tag} has no layout in ${dialect}`)
  const plain = byName(tag, layout)
  return [
    mappingKey(tag, dialect),
    {
      // as in `mapped`: the values fit this layout, the record is of this tag
      read: (values, way) => read(plain.read(values, way) as RecordOf<T>, values as unknown as Values<Wire<T, D>>, way),
      write: (record) => plain.write({ ...record, ...write(record as RecordOf<T>) }),
    },
  ]
}

/** Fields of the same name hold the same; what only one side has is at its default on the other. */
export function byName(tag: RecordTag, wire: Layout): Mapping {
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
