import type { AnyRecord, Dialect, RecordTag } from './records.js'
import { wireNameOf } from './registry.js'

/** The field that names the request where a record has one: its type for an Auth, else its status. */
function nameField(tag: RecordTag): string {
  return tag === 'Auth' ? 'type' : 'status'
}

/**
 * With which atoms a device of that dialect asks, by what `requestOf` makes of the record: `{ client: ['[]'] }` for a v11 Message. Empty where
 * the dialect does not have the record; where it has no field for it, the one request is asked without an atom, `['']`.
 */
export function requestAtoms(
  tag: RecordTag,
  dialect: Dialect,
  requestOf: (record: AnyRecord) => string,
): ReadonlyMap<string, readonly string[]> {
  const layout = wireNameOf.get(tag)?.[dialect] ?? null
  if (layout === null) return new Map()
  const values: unknown[] = layout.shapes.map(({ fallback }) => fallback)
  // the mapping gets what a reader gives it for a record without further fields
  const asked = (): string => requestOf(layout.mapping.read(values, 'request') as AnyRecord)
  const position = layout.position.get(nameField(tag))
  const shape = position === undefined ? undefined : layout.shapes[position]
  if (position === undefined || shape === undefined) return new Map([[asked(), ['']]])
  const atoms = new Map<string, string[]>()
  const add = (wire: string, value: unknown): void => {
    values[position] = value
    const request = asked()
    atoms.set(request, [...(atoms.get(request) ?? []), wire])
  }
  if (shape.nil) add('[]', null)
  for (const [wire, meaning] of shape.atoms?.received ?? []) add(wire, meaning)
  if (shape.symbol) for (const name of namedByAnyAtom[tag] ?? []) add(name, { atom: name })
  return atoms
}

/** What is asked by a field that takes any atom. */
const namedByAnyAtom: Readonly<Partial<Record<RecordTag, readonly string[]>>> = { ftp: ['init', 'send'] }
