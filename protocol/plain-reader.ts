import { limits } from './limits.js'
import type { Way } from './mapping.js'
import { type Misfit, placeMisfits } from './misfit.js'
import type { Dialect } from './records.js'
import { layoutIn, wireNameOf, type WireRecord } from './registry.js'
import { emptyList, notGiven, term, type Shape } from './shape.js'

/**
 * A walk through what JSON or MessagePack gave: null, booleans, numbers, bigints, strings, bytes, arrays and maps. As in `Reading` of the
 * BERT codec, what does not fit sets `fault` and nothing throws.
 * @see docs/decisions/0022-json-and-messagepack-maps.md
 */
interface PlainReading {
  readonly isJson: boolean
  dialect: Dialect
  readonly way: Way
  depth: number
  fault: string | null
  readonly misfits: Misfit[]
}

/** The canonical record and its dialect, or why there is none. */
export type PlainResult =
  | { readonly kind: 'record'; readonly record: object; readonly dialect: Dialect; readonly misfits: readonly Misfit[] }
  | { readonly kind: 'fault'; readonly because: string }

type PlainMap = Readonly<Record<string, unknown>>

const loneSurrogate = /\p{Surrogate}/u
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const decimal = new RegExp(`^-?\\d{1,${String(limits.integerDigits)}}$`)

/** Reads a record from a map `{ tag, …fields }` with the field names of the dialect. */
export function readPlain(value: unknown, isJson: boolean, dialect: Dialect, way: Way): PlainResult {
  const r: PlainReading = { isJson, dialect, way, depth: 0, fault: null, misfits: [] }
  if (!isMap(value)) return { kind: 'fault', because: 'is not a map' }
  const layout = layoutOf(value['tag'], dialect)
  if (layout === null) return { kind: 'fault', because: 'is not a map of a known tag' }
  const record = readRecord(r, layout, value)
  return r.fault === null && record !== null
    ? { kind: 'record', record, dialect: layout.dialect, misfits: r.misfits }
    : { kind: 'fault', because: r.fault ?? '' }
}

function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Date)
}

function layoutOf(tag: unknown, dialect: Dialect): WireRecord | null {
  return layoutIn(typeof tag === 'string' ? wireNameOf.get(tag) : undefined, dialect)
}

function fail(r: PlainReading, because: string): null {
  r.fault ??= because
  return null
}

function readRecord(r: PlainReading, layout: WireRecord, map: PlainMap): object | null {
  if (r.depth >= limits.depth) return fail(r, 'is nested too deep')
  for (const name of Object.keys(map)) {
    if (name !== 'tag' && !layout.position.has(name)) return fail(r, `${layout.name} has no such field as one of those given`)
  }
  const outer = r.dialect
  r.dialect = layout.dialect
  r.depth++
  const depth = r.depth
  const values: unknown[] = []
  for (const [index, name] of layout.names.entries()) {
    const shape = layout.shapes[index] as Shape
    const seen = r.misfits.length
    values.push(readField(r, shape, map, name))
    if (r.fault !== null) {
      r.fault = `${layout.name}.${name} ${r.fault}`
      r.depth = depth
      r.dialect = layout.dialect
      r.misfits.length = seen
      if (!passOver(r, layout, index)) return null
      values[index] = shape.fallback
    } else if (r.misfits.length > seen) placeMisfits(r.misfits, seen, layout.canonical[index]?.[0] ?? '')
  }
  r.depth--
  r.dialect = outer
  return layout.mapping.read(values, r.way)
}

function readField(r: PlainReading, shape: Shape, map: PlainMap, name: string): unknown {
  if (!Object.hasOwn(map, name)) return shape.fallback
  return isNotGiven(map[name]) ? notGiven(shape) : readValue(r, shape, map[name])
}

/** Null, or an array of nothing: `[]` is not given, in every field. */
function isNotGiven(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

/** As in the BERT codec; what the parsers of JSON and MessagePack have taken can be passed over. */
function passOver(r: PlainReading, layout: WireRecord, field: number): boolean {
  if (r.way === 'push' || (r.depth === 1 && field === layout.selector) || r.misfits.length >= limits.misfits) return false
  r.misfits.push({ within: [], fields: layout.canonical[field] ?? [], because: r.fault ?? '' })
  r.fault = null
  return true
}

function readValue(r: PlainReading, shape: Shape, value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return readString(r, shape, value)
    case 'number':
      return readNumber(r, shape, value)
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? readNumber(r, shape, Number(value)) : readBigint(r, shape, value)
    case 'object':
      if (value === null) return readNull(r, shape)
      return Array.isArray(value) ? readArray(r, shape, value) : readObject(r, shape, value)
    default:
      return fail(r, 'has a value of an unknown kind')
  }
}

function readNull(r: PlainReading, shape: Shape): unknown {
  if (shape.list !== null || shape.term) return emptyList
  return shape.nil ? null : fail(r, 'is not given')
}

function readString(r: PlainReading, shape: Shape, value: string): unknown {
  if (loneSurrogate.test(value)) return fail(r, 'is not Unicode')
  if (shape.symbol) return value.length <= limits.atomCharacters ? { atom: value } : fail(r, 'is too long an atom')
  const listed = shape.atoms?.received.get(value)
  if (listed !== undefined) return listed
  if (shape.text || shape.term) return value
  if (shape.anyAtom) return value.length <= limits.atomCharacters ? value : fail(r, 'is too long an atom')
  if (shape.bytes && r.isJson) return base64.test(value) ? new Uint8Array(Buffer.from(value, 'base64')) : fail(r, 'is not base64')
  return fail(r, shape.atoms === null ? 'may not be text' : 'holds an unknown atom')
}

function readNumber(r: PlainReading, shape: Shape, value: number): unknown {
  // there is one zero
  const number = value === 0 ? 0 : value
  if (Number.isSafeInteger(number)) {
    if (shape.ints !== null && !shape.ints.includes(number)) return fail(r, 'is an integer that is not listed')
    return shape.int || shape.term || shape.real ? number : fail(r, 'may not be an integer')
  }
  if (shape.real && Number.isFinite(number)) return number
  if (!Number.isFinite(number) || Number.isInteger(number)) return fail(r, 'is a number beyond 2^53')
  return shape.term ? { float: number } : fail(r, 'may not be a float')
}

function readBigint(r: PlainReading, shape: Shape, value: bigint): unknown {
  return shape.term ? value : fail(r, 'is an integer beyond 2^53')
}

function readArray(r: PlainReading, shape: Shape, values: readonly unknown[]): unknown {
  if (r.depth >= limits.depth) return fail(r, 'is nested too deep')
  if (shape.list !== null || shape.term) return readElements(r, shape.list ?? term, values)
  return readTuple(r, shape, values)
}

function readElements(r: PlainReading, element: Shape, values: readonly unknown[]): unknown {
  r.depth++
  const read: unknown[] = []
  for (const [index, value] of values.entries()) {
    const seen = r.misfits.length
    read.push(readValue(r, element, value))
    if (r.fault !== null) return null
    if (r.misfits.length > seen) placeMisfits(r.misfits, seen, index)
  }
  r.depth--
  return read
}

function readTuple(r: PlainReading, shape: Shape, values: readonly unknown[]): unknown {
  const items = shape.tuples.find((tuple) => tuple.length === values.length)
  if (items === undefined) return shape.term ? wrapTuple(r, values) : fail(r, 'may not be this list or tuple')
  r.depth++
  const read = items.map((item, index) => readValue(r, item, values[index]))
  r.depth--
  return { tuple: read }
}

function wrapTuple(r: PlainReading, values: readonly unknown[]): unknown {
  return { tuple: readElements(r, term, values) }
}

function readObject(r: PlainReading, shape: Shape, value: object): unknown {
  if (value instanceof Uint8Array) return readBytes(r, shape, value)
  if (!isMap(value)) return fail(r, 'has a value of an unknown kind')
  if (shape.records.length > 0 && 'tag' in value) {
    const layout = layoutOf(value['tag'], r.dialect)
    if (layout !== null && shape.records.includes(layout.name)) return readRecord(r, layout, value)
  }
  if (r.depth >= limits.depth) return fail(r, 'is nested too deep')
  const keys = Object.keys(value)
  return keys.length === 1 ? readMarked(r, shape, keys[0] as string, value) : readImproperList(r, shape, keys, value)
}

function readBytes(r: PlainReading, shape: Shape, value: Uint8Array): unknown {
  return shape.bytes || shape.term ? new Uint8Array(value) : fail(r, 'may not be bytes')
}

/** What the format has no form of its own for stands in a map of one key that names its kind. */
function readMarked(r: PlainReading, shape: Shape, kind: string, map: PlainMap): unknown {
  const read = marked.get(kind)
  const value = read?.(map[kind], shape, r)
  return value === undefined ? fail(r, 'is a map of an unknown kind, or may not be of that kind') : value
}

/** Readers by kind; undefined is what may not stand there. */
const marked: ReadonlyMap<string, (value: unknown, shape: Shape, r: PlainReading) => unknown> = new Map([
  ['tuple', (value: unknown, shape: Shape, r: PlainReading) => (Array.isArray(value) ? readTuple(r, shape, value) : undefined)],
  ['text', (value: unknown, shape: Shape) => (shape.symbol && isUnicode(value) ? value : undefined)],
  ['atom', (value: unknown, shape: Shape) => (shape.term && isUnicode(value) ? markedAtom(value) : undefined)],
  ['float', (value: unknown, shape: Shape) => (shape.term ? markedFloat(value) : undefined)],
  ['integer', (value: unknown, shape: Shape) => (shape.term && isUnicode(value) ? markedInteger(value) : undefined)],
  ['bytes', (value: unknown, shape: Shape) => (shape.term && isUnicode(value) ? markedBytes(value) : undefined)],
])

function isUnicode(value: unknown): value is string {
  return typeof value === 'string' && !loneSurrogate.test(value)
}

function markedAtom(name: string): unknown {
  return name.length <= limits.atomCharacters ? { atom: name } : undefined
}

function markedFloat(value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value) ? { float: value === 0 ? 0 : value } : undefined
}

function markedInteger(digits: string): number | bigint | undefined {
  if (!decimal.test(digits)) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? (number === 0 ? 0 : number) : BigInt(digits)
}

function markedBytes(encoded: string): Uint8Array | undefined {
  return base64.test(encoded) ? new Uint8Array(Buffer.from(encoded, 'base64')) : undefined
}

function readImproperList(r: PlainReading, shape: Shape, keys: readonly string[], map: PlainMap): unknown {
  const list = map['list']
  if (!shape.term || keys.length !== 2 || !('tail' in map) || !Array.isArray(list) || list.length === 0) {
    return fail(r, 'is a map of an unknown kind')
  }
  const read = readElements(r, term, list)
  if (r.fault !== null) return null
  r.depth++
  const tail = readValue(r, term, map['tail'])
  r.depth--
  return Array.isArray(tail) ? fail(r, 'is an improper list whose tail is a list') : { list: read, tail }
}
