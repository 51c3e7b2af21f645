import { bufferOf } from './bytes.js'
import type { Dialect } from './records.js'
import { layoutIn, wireNameOf } from './registry.js'
import { term, type Shape } from './shape.js'
import { isAtom, isFloat, isImproperList, isTuple } from './term.js'

/** What JSON or MessagePack can write. */
type Plain = null | string | number | Uint8Array | readonly Plain[] | { readonly [name: string]: Plain }

/** The record as a map with the field names of the dialect; fields at their default are left out. */
export function toPlain(record: object, dialect: Dialect, isJson: boolean): Plain {
  return plainRecord(record, { dialect, isJson }) ?? null
}

interface Target {
  readonly dialect: Dialect
  readonly isJson: boolean
}

function plainRecord(record: object, target: Target): Plain | undefined {
  const layout = 'tag' in record ? layoutIn(wireNameOf.get(String(record.tag)), target.dialect) : null
  if (layout === null) return undefined
  const map: Record<string, Plain> = { tag: layout.name }
  const values = layout.mapping.write(record)
  // What a record holds is in its dialect, as it is read.
  const inner = layout.dialect === target.dialect ? target : { ...target, dialect: layout.dialect }
  for (const [index, name] of layout.names.entries()) {
    const shape = layout.shapes[index] as Shape
    const value = plainValue(shape, values[index], inner) ?? null
    if (!isFallback(value, shape.fallback)) map[name] = value
  }
  return map
}

function isFallback(value: Plain, fallback: unknown): boolean {
  if (value === fallback) return true
  if (Array.isArray(fallback)) return value === null || (Array.isArray(value) && value.length === 0)
  return fallback instanceof Uint8Array && (value === '' || (value instanceof Uint8Array && value.length === 0))
}

/** The value in plain form, or undefined if the shape has none for it. */
function plainValue(shape: Shape, value: unknown, target: Target): Plain | undefined {
  switch (typeof value) {
    case 'string':
      return plainString(shape, value)
    case 'number':
      return plainNumber(shape, value)
    case 'bigint':
      return shape.term ? { integer: String(value) } : undefined
    case 'object':
      if (value === null) return undefined
      return Array.isArray(value) ? plainList(shape, value, target) : plainObject(shape, value, target)
    default:
      return undefined
  }
}

function plainString(shape: Shape, value: string): Plain | undefined {
  if (shape.symbol) return { text: value }
  const listed = shape.atoms?.sent.get(value)
  if (listed !== undefined) return listed
  return shape.text || shape.term || shape.anyAtom ? value : undefined
}

function plainNumber(shape: Shape, value: number): Plain | undefined {
  if (Number.isSafeInteger(value)) return shape.int || shape.term || shape.real ? value : undefined
  return shape.real && Number.isFinite(value) ? value : undefined
}

function plainList(shape: Shape, values: readonly unknown[], target: Target): Plain | undefined {
  if (shape.list === null && !shape.term) return undefined
  const element = shape.list ?? term
  return values.map((value) => plainValue(element, value, target)).filter((value) => value !== undefined)
}

function plainObject(shape: Shape, value: object, target: Target): Plain | undefined {
  if ('tag' in value) return shape.records.includes(String(value.tag)) ? plainRecord(value, target) : undefined
  if (value instanceof Uint8Array) return plainBytes(shape, value, target)
  if (isAtom(value)) return shape.symbol || shape.anyAtom ? value.atom : shape.term ? { atom: value.atom } : undefined
  if (isTuple(value)) return plainTuple(shape, value.tuple, target)
  if (!shape.term) return undefined
  if (isFloat(value)) return { float: value.float }
  return isImproperList(value)
    ? { list: plainList(term, value.list, target) ?? [], tail: plainValue(term, value.tail, target) ?? null }
    : undefined
}

function plainBytes(shape: Shape, value: Uint8Array, { isJson }: Target): Plain | undefined {
  if (!shape.bytes && !shape.term) return undefined
  if (!isJson) return value
  const encoded = bufferOf(value).toString('base64')
  return shape.bytes ? encoded : { bytes: encoded }
}

/** An array, marked where the field may hold a list as well. */
function plainTuple(shape: Shape, values: readonly unknown[], target: Target): Plain | undefined {
  const items = shape.tuples.find((tuple) => tuple.length === values.length)
  if (items === undefined && !shape.term) return undefined
  const plain = values.map((value, index) => plainValue(items?.[index] ?? term, value, target) ?? null)
  return shape.list !== null || shape.term ? { tuple: plain } : plain
}
