import { limits } from './limits.js'
import { recordTags, type Dialect, type RecordTag } from './records.js'
import { layoutIn, wireNameOf, type WireRecord } from './registry.js'
import { isRequired, type Shape } from './shape.js'

/** A JSON Schema as plain data. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }

/** How schemas speak of each other, and which draft they are written in. */
export interface SchemaForm {
  /** What stands for the record of that name in a dialect within another; for any term where no record is given. */
  readonly within: (record?: { readonly name: string; readonly dialect: Dialect }) => JsonSchema
  /** Tuples are `prefixItems` in draft 2020-12, a list of `items` in draft 7. */
  readonly draft: '2020-12' | '7'
}

/** The records that a dialect has a layout of, and so a schema. */
export function recordsIn(dialect: Dialect): readonly RecordTag[] {
  return recordTags.filter((tag) => (wireNameOf.get(tag)?.[dialect] ?? null) !== null)
}

/** The fields of a record in the order of its tuple, which begins with its name. */
export function tupleOf(tag: RecordTag, dialect: Dialect): readonly string[] | undefined {
  return wireNameOf.get(tag)?.[dialect]?.names
}

/**
 * The schema of a record as the map it is in JSON, with the field names of the dialect; in MessagePack it is the same map, with bytes in place
 * of base64. It is laxer than the codec where a schema cannot say what the codec checks: depth, bytes of the payload, lone surrogates.
 * @returns undefined if the dialect has no such record
 * @see docs/decisions/0022-json-and-messagepack-maps.md
 */
export function recordSchema(tag: RecordTag, dialect: Dialect, form: SchemaForm): JsonSchema | undefined {
  const layout = wireNameOf.get(tag)?.[dialect] ?? null
  return layout === null ? undefined : layoutSchema(layout, form)
}

/**
 * What generators of code call a record: `FriendV11`, `IoV1`.
 * @param name of a record, or of anything that is asked for by one, as in `FriendBan`
 */
export function titleOf(name: string, dialect: Dialect): string {
  return `${name.replace(/(?:^|_)(.)/g, (_match, first: string) => first.toUpperCase())}${dialect.toUpperCase()}`
}

function layoutSchema(layout: WireRecord, form: SchemaForm): JsonSchema {
  const fields = layout.names.map((name, index) => [name, fieldSchema(layout.shapes[index] as Shape, layout.dialect, form)] as const)
  const required = layout.names.filter((_name, index) => isRequired(layout.shapes[index] as Shape))
  return {
    title: titleOf(layout.name, layout.dialect),
    type: 'object',
    // a room key may also arrive under its old name (records.json, note on group)
    properties: {
      tag: layout.name === 'muc' && layout.dialect === 'v1' ? { enum: ['muc', 'group'] } : { const: layout.name },
      ...Object.fromEntries(fields),
    },
    required: ['tag', ...required],
    additionalProperties: false,
  }
}

function fieldSchema(shape: Shape, dialect: Dialect, form: SchemaForm): JsonSchema {
  const schema = anyOf(alternativesOf(shape, dialect, form))
  const { fallback } = shape
  const isShown = typeof fallback === 'string' || typeof fallback === 'number'
  return isShown && typeof schema === 'object' ? { ...schema, default: fallback } : schema
}

function shapeSchema(shape: Shape, dialect: Dialect, form: SchemaForm): JsonSchema {
  return anyOf(alternativesOf(shape, dialect, form))
}

/** Alternatives of different types are one schema with a list of types, for what a schema says of one type binds no other. */
function anyOf(alternatives: readonly JsonSchema[]): JsonSchema {
  const joined = alternatives.reduce<readonly JsonSchema[]>(join, [])
  const [first] = joined
  if (joined.length === 1 && first !== undefined) return first
  return joined.length === 0 ? false : { anyOf: joined }
}

/** Adds an alternative to the first that it can be joined with. */
function join(joined: readonly JsonSchema[], schema: JsonSchema): readonly JsonSchema[] {
  const types = typesOf(schema)
  const place = joined.findIndex((one) => typesOf(one).length > 0 && types.length > 0 && !typesOf(one).some((type) => types.includes(type)))
  const partner = joined[place]
  if (typeof partner !== 'object' || typeof schema !== 'object' || !canJoin(partner, schema)) return [...joined, schema]
  const type = [...typesOf(partner), ...types].sort((a, b) => Number(a === 'null') - Number(b === 'null'))
  const values = [partner, schema].flatMap((one) => (Array.isArray(one['enum']) ? (one['enum'] as readonly unknown[]) : []))
  const listed = values.length === 0 ? {} : { enum: type.includes('null') ? [...values, null] : values }
  return joined.map((one, i) => (i === place ? { ...partner, ...schema, type, ...listed } : one))
}

/** An enum binds all types, so that only what it can list is joined with it. */
function canJoin(...schemas: readonly Readonly<Record<string, unknown>>[]): boolean {
  const others = schemas.filter((one) => one['enum'] === undefined)
  return others.length === schemas.length || others.every(({ type }) => type === 'null')
}

function typesOf(schema: JsonSchema): readonly string[] {
  const type = typeof schema === 'object' ? schema['type'] : undefined
  return Array.isArray(type) ? (type as readonly string[]) : typeof type === 'string' ? [type] : []
}

/** Whole numbers that are exact in a double. */
const safe = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER } as const
const base64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
const anyAtom: JsonSchema = { type: 'string', maxLength: limits.atomCharacters }
const bytes: JsonSchema = { type: 'string', pattern: base64, contentEncoding: 'base64' }

function alternativesOf(shape: Shape, dialect: Dialect, form: SchemaForm): JsonSchema[] {
  if (shape.term) return [form.within(), ...recordsOf(shape, dialect, form)]
  const items = shape.list === null ? [] : [{ type: 'array', items: shapeSchema(shape.list, dialect, form) }]
  return [
    ...(shape.nil || shape.list !== null ? [{ type: 'null' }] : []),
    ...stringsOf(shape),
    ...numbersOf(shape),
    ...items,
    ...tuplesOf(shape, dialect, form),
    ...recordsOf(shape, dialect, form),
  ]
}

function stringsOf(shape: Shape): JsonSchema[] {
  if (shape.symbol) return [anyAtom, marked('text', { type: 'string' })]
  if (shape.text) return [{ type: 'string' }]
  if (shape.anyAtom) return [anyAtom]
  return [...(shape.atoms === null ? [] : [{ type: 'string', enum: shape.atoms.wire }]), ...(shape.bytes ? [bytes] : [])]
}

function numbersOf({ int, ints, real }: Shape): JsonSchema[] {
  if (ints !== null) return [{ type: 'integer', enum: ints }]
  if (real) return [{ type: 'number' }]
  return int ? [{ type: 'integer', ...safe }] : []
}

/** Arrays, in a map of one key where an array may also be a list. */
function tuplesOf(shape: Shape, dialect: Dialect, form: SchemaForm): JsonSchema[] {
  return shape.tuples.flatMap((items) => {
    const schemas = items.map((item) => shapeSchema(item, dialect, form))
    const size = { minItems: items.length, maxItems: items.length }
    const array = form.draft === '7' ? { items: schemas, additionalItems: false } : { prefixItems: schemas, items: false }
    const tuple: JsonSchema = { type: 'array', ...array, ...size }
    return shape.list === null ? [tuple, marked('tuple', tuple)] : [marked('tuple', tuple)]
  })
}

/** The records that may stand in a field; one that the dialect does not have has the layout of the other. */
function recordsOf(shape: Shape, dialect: Dialect, form: SchemaForm): JsonSchema[] {
  const layouts = shape.records
    .filter((name) => name !== 'group')
    .map((name) => layoutIn(wireNameOf.get(name), dialect))
    .filter((layout) => layout !== null)
  return layouts.map(({ name, dialect: own }) => form.within({ name, dialect: own }))
}

function marked(kind: string, schema: JsonSchema): JsonSchema {
  return { type: 'object', properties: { [kind]: schema }, required: [kind], additionalProperties: false }
}

/** The schema of a field of any term: what JSON has no form of its own for stands in a map of one key that names its kind. */
export function termSchema(form: SchemaForm): JsonSchema {
  const self = form.within()
  const list = { type: 'array', items: self }
  return {
    title: 'Term',
    anyOf: [
      { type: ['null', 'string'] },
      { type: 'number', ...safe },
      list,
      marked('tuple', list),
      marked('atom', anyAtom),
      marked('float', { type: 'number' }),
      marked('integer', { type: 'string', pattern: `^-?\\d{1,${String(limits.integerDigits)}}$` }),
      marked('bytes', bytes),
      {
        type: 'object',
        properties: { list: { ...list, minItems: 1 }, tail: { allOf: [self, { not: { type: ['array', 'null'] } }] } },
        required: ['list', 'tail'],
        additionalProperties: false,
      },
    ],
  }
}
