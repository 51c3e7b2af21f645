import { skipTerms } from './bert-skip.js'
import * as tags from './bert-tags.js'
import { limits } from './limits.js'
import type { Way } from './mapping.js'
import { type Misfit, placeMisfits } from './misfit.js'
import { findName } from './name-index.js'
import type { Dialect } from './records.js'
import { incoming, wireNames, type WireRecord } from './registry.js'
import { emptyList, notGiven, term, type Shape } from './shape.js'
import { isImproperList, isList, type Term } from './term.js'
import { readUtf8 } from './utf8.js'

/**
 * A walk through one payload. Nothing in it throws: what does not fit sets `fault`, and every loop looks at it before it goes on. Nothing
 * is allocated by a claimed length before as many bytes have been seen to be there.
 */
export interface Reading {
  readonly bytes: Buffer
  pos: number
  readonly end: number
  dialect: Dialect
  readonly way: Way
  depth: number
  fault: string | null
  readonly misfits: Misfit[]
}

export function startReading(bytes: Buffer, dialect: Dialect, way: Way): Reading {
  return { bytes, pos: 0, end: bytes.length, dialect, way, depth: 0, fault: null, misfits: [] }
}

function fail(r: Reading, because: string): null {
  r.fault ??= because
  return null
}

const isFaulty = (r: Reading): boolean => r.fault !== null

/** Whether `count` more bytes are there. */
function has(r: Reading, count: number): boolean {
  if (count <= r.end - r.pos) return true
  fail(r, 'the payload ends too early')
  return false
}

const byte = (r: Reading): number => r.bytes[r.pos++] as number

function uint16(r: Reading): number {
  return byte(r) * 256 + byte(r)
}

function uint32(r: Reading): number {
  return byte(r) * 0x1000000 + ((byte(r) << 16) | (byte(r) << 8) | byte(r))
}

/** The value of one field, or null with `fault` set if the term there is none of the shape's alternatives. */
export function readValue(r: Reading, shape: Shape): unknown {
  if (!has(r, 1)) return null
  switch (r.bytes[r.pos]) {
    case tags.nil:
      r.pos++
      return readNil(r, shape)
    case tags.binary:
      return readBinary(r, shape)
    case tags.smallInteger:
    case tags.integer:
    case tags.smallBig:
    case tags.largeBig:
      return checkInteger(r, shape, readInteger(r))
    case tags.newFloat:
    case tags.floatText:
      return readFloatAs(r, shape)
    case tags.atomLatin1:
    case tags.smallAtomLatin1:
    case tags.atomUtf8:
    case tags.smallAtomUtf8:
      return readAtomAs(r, shape)
    case tags.smallTuple:
    case tags.largeTuple:
      return readTupleAs(r, shape)
    case tags.list:
      return readListAs(r, shape)
    case tags.byteString:
      return readByteString(r, shape)
    default:
      return fail(r, 'holds a kind of term that is not accepted')
  }
}

function readNil(r: Reading, shape: Shape): unknown {
  if (shape.list !== null || shape.term) return emptyList
  return shape.nil ? null : fail(r, 'is not given')
}

function readBinary(r: Reading, shape: Shape): unknown {
  const length = binaryLength(r)
  if (length < 0) return null
  const start = r.pos
  r.pos = start + length
  if (shape.text || shape.term) {
    const text = readUtf8(r.bytes, start, r.pos)
    if (text !== null) return text
    return shape.term ? Uint8Array.prototype.slice.call(r.bytes, start, r.pos) : fail(r, 'is not UTF-8')
  }
  return shape.bytes ? new Uint8Array(r.bytes.subarray(start, r.pos)) : fail(r, 'may not be a binary')
}

/** Integers within 2^53 are numbers, others bigints. */
function readInteger(r: Reading): number | bigint | null {
  switch (byte(r)) {
    case tags.smallInteger:
      return has(r, 1) ? byte(r) : null
    case tags.integer:
      return has(r, 4) ? uint32(r) | 0 : null
    case tags.smallBig:
      return has(r, 1) ? readBig(r, byte(r)) : null
    default:
      return has(r, 4) ? readBig(r, uint32(r)) : null
  }
}

function readBig(r: Reading, length: number): number | bigint | null {
  if (!has(r, length + 1)) return null
  if (length > limits.integerBytes) return fail(r, 'is too large an integer')
  const isNegative = byte(r) !== 0
  const start = r.pos
  r.pos += length
  if (length <= 6) {
    let value = 0
    for (let i = r.pos - 1; i >= start; i--) value = value * 256 + (r.bytes[i] as number)
    return isNegative && value !== 0 ? -value : value
  }
  const digits = Buffer.from(r.bytes.subarray(start, r.pos)).reverse().toString('hex')
  const big = isNegative ? -BigInt(`0x${digits}`) : BigInt(`0x${digits}`)
  const value = Number(big)
  return Number.isSafeInteger(value) ? value : big
}

function checkInteger(r: Reading, shape: Shape, value: number | bigint | null): unknown {
  if (value === null) return null
  if (shape.term) return value
  if (!shape.int) return fail(r, 'may not be an integer')
  if (typeof value === 'bigint') return fail(r, 'is an integer beyond 2^53')
  return shape.ints === null || shape.ints.includes(value) ? value : fail(r, 'is an integer that is not listed')
}

function readFloatAs(r: Reading, shape: Shape): unknown {
  const value = byte(r) === tags.newFloat ? readNewFloat(r) : readTextFloat(r)
  if (value === null) return null
  // there is one zero
  const float = value === 0 ? 0 : value
  if (shape.real) return float
  return shape.term ? { float } : fail(r, 'may not be a float')
}

function readNewFloat(r: Reading): number | null {
  if (!has(r, 8)) return null
  const value = r.bytes.readDoubleBE(r.pos)
  r.pos += 8
  return Number.isFinite(value) ? value : fail(r, 'is no finite float')
}

function readTextFloat(r: Reading): number | null {
  if (!has(r, 31)) return null
  const text = r.bytes.toString('latin1', r.pos, r.pos + 31)
  r.pos += 31
  const digits = /^ *([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\0*$/i.exec(text)?.[1]
  const value = Number(digits)
  return digits !== undefined && Number.isFinite(value) ? value : fail(r, 'is no finite float')
}

/** Reads an atom's head; `pos` is then at its name. */
function atomLength(r: Reading): number {
  const tag = byte(r)
  if (tag === tags.atomLatin1 || tag === tags.atomUtf8) {
    if (!has(r, 2)) return -1
    const length = uint16(r)
    return has(r, length) ? length : -1
  }
  if (!has(r, 1)) return -1
  const length = byte(r)
  return has(r, length) ? length : -1
}

function readAtomAs(r: Reading, shape: Shape): unknown {
  const tag = r.bytes[r.pos]
  const length = atomLength(r)
  if (length < 0) return null
  const start = r.pos
  r.pos = start + length
  if (shape.atoms !== null) {
    const listed = findName(shape.atoms.index, r.bytes, start, length)
    if (listed !== undefined) return listed
  }
  if (!shape.anyAtom && !shape.symbol && !shape.term) return fail(r, 'holds an unknown atom')
  const isLatin1 = tag === tags.atomLatin1 || tag === tags.smallAtomLatin1
  const name = isLatin1 ? r.bytes.toString('latin1', start, r.pos) : readUtf8(r.bytes, start, r.pos)
  if (name === null || name.length > limits.atomCharacters) return fail(r, 'holds a malformed atom')
  return shape.anyAtom ? name : { atom: name }
}

/** Reads a binary's head; `pos` is then at its bytes. */
function binaryLength(r: Reading): number {
  r.pos++
  if (!has(r, 4)) return -1
  const length = uint32(r)
  return has(r, length) ? length : -1
}

export function readArity(r: Reading): number {
  if (byte(r) === tags.smallTuple) return has(r, 1) ? byte(r) : -1
  if (!has(r, 4)) return -1
  const arity = uint32(r)
  // every element takes a byte at least
  return has(r, arity) ? arity : -1
}

function isAtomTag(tag: number | undefined): boolean {
  return tag === tags.atomLatin1 || tag === tags.smallAtomLatin1 || tag === tags.atomUtf8 || tag === tags.smallAtomUtf8
}

function readTupleAs(r: Reading, shape: Shape): unknown {
  const arity = readArity(r)
  if (arity < 0) return null
  if (r.depth >= limits.depth) return fail(r, 'is nested too deep')
  if (shape.records.length > 0) {
    const start = r.pos
    const layout = readRecordName(r, arity)
    if (r.fault !== null) return null
    if (layout !== null && shape.records.includes(layout.name)) return readFields(r, layout)
    r.pos = start
  }
  r.depth++
  const value = readPlainTuple(r, shape, arity)
  r.depth--
  return value
}

function readPlainTuple(r: Reading, shape: Shape, arity: number): unknown {
  const items = shape.tuples.find((tuple) => tuple.length === arity)
  if (items === undefined) return shape.term ? { tuple: readTerms(r, arity) } : fail(r, 'may not be this tuple')
  const values: unknown[] = []
  for (const item of items) {
    values.push(readValue(r, item))
    if (r.fault !== null) return null
  }
  return { tuple: values }
}

/**
 * The layout that a tuple's first element, an atom or a binary, and arity tell; null if they tell none. Faults only if the payload ends.
 */
export function readRecordName(r: Reading, arity: number): WireRecord | null {
  if (!has(r, 1)) return null
  const tag = r.bytes[r.pos]
  const length = tag === tags.binary ? binaryLength(r) : isAtomTag(tag) ? atomLength(r) : -1
  if (length < 0) return null
  const name = findName(wireNames, r.bytes, r.pos, length)
  r.pos += length
  if (name === undefined) return null
  const layout = incoming(name, arity, r.dialect)
  if (layout === null || !layout.isToldByField10) return layout
  return (dialectByField10(r) === 'v1' ? name.v1 : name.v11) ?? layout
}

/** Contact: field 10 is an integer in v11, a Message in v1, and tells nothing where it is [] (records.json, sameArityDifferent). */
function dialectByField10(r: Reading): Dialect {
  const at = skipTerms(r.bytes, r.pos, r.end, 9)
  switch (r.bytes[at]) {
    case tags.smallInteger:
    case tags.integer:
    case tags.smallBig:
      return 'v11'
    case tags.smallTuple:
    case tags.largeTuple:
      return 'v1'
    default:
      return r.dialect
  }
}

/** The fields of a record whose name has just been read. */
export function readFields(r: Reading, layout: WireRecord): unknown {
  const outer = r.dialect
  r.dialect = layout.dialect
  r.depth++
  const shapes = layout.shapes
  const depth = r.depth
  const values = new Array<unknown>(shapes.length)
  for (let i = 0; i < shapes.length; i++) {
    const start = r.pos
    const seen = r.misfits.length
    values[i] = readField(r, shapes[i] as Shape)
    if (r.fault !== null) {
      r.fault = `${layout.name}.${layout.names[i] ?? ''} ${r.fault}`
      r.pos = start
      r.depth = depth
      r.dialect = layout.dialect
      r.misfits.length = seen
      if (!passOver(r, layout, i)) return null
      values[i] = (shapes[i] as Shape).fallback
    } else if (r.misfits.length > seen) placeMisfits(r.misfits, seen, layout.canonical[i]?.[0] ?? '')
  }
  r.depth--
  r.dialect = outer
  return layout.mapping.read(values, r.way)
}

/** `[]` is not given, in every field. */
function readField(r: Reading, shape: Shape): unknown {
  if (r.bytes[r.pos] !== tags.nil || r.pos >= r.end) return readValue(r, shape)
  r.pos++
  return notGiven(shape)
}

/**
 * Goes on behind the value that has just been found not to fit, if it is a term at all and the request may be understood without it. Our own
 * answers are read as strictly as they are written.
 */
function passOver(r: Reading, layout: WireRecord, field: number): boolean {
  if (r.way === 'push' || (r.depth === 1 && field === layout.selector) || r.misfits.length >= limits.misfits) return false
  const because = r.fault ?? ''
  r.fault = null
  readValue(r, anyTerm)
  if (isFaulty(r)) {
    r.fault = because
    return false
  }
  r.misfits.push({ within: [], fields: layout.canonical[field] ?? [], because })
  return true
}

function readListAs(r: Reading, shape: Shape): unknown {
  r.pos++
  if (!has(r, 4)) return null
  const count = uint32(r)
  if (!has(r, count)) return null
  if (r.depth >= limits.depth) return fail(r, 'is nested too deep')
  r.depth++
  const value =
    shape.list !== null ? readElements(r, shape.list, count) : shape.term ? readTermList(r, count) : fail(r, 'may not be a list')
  r.depth--
  return value
}

function readElements(r: Reading, element: Shape, count: number): unknown {
  const values: unknown[] = []
  for (let i = 0; i < count; i++) {
    const seen = r.misfits.length
    values.push(readValue(r, element))
    if (r.fault !== null) return null
    if (r.misfits.length > seen) placeMisfits(r.misfits, seen, i)
  }
  if (!has(r, 1)) return null
  return byte(r) === tags.nil ? values : fail(r, 'is a list that does not end in []')
}

const anyTerm: Shape = term

function readTerms(r: Reading, count: number): Term[] | null {
  const values: Term[] = []
  for (let i = 0; i < count; i++) {
    // a shape of `term` alone gives nothing but terms
    values.push(readValue(r, anyTerm) as Term)
    if (r.fault !== null) return null
  }
  return values
}

function readTermList(r: Reading, count: number): Term | null {
  if (count === 0) return fail(r, 'is a list without elements that is not []')
  const list = readTerms(r, count)
  if (list === null || !has(r, 1)) return null
  if (r.bytes[r.pos] === tags.nil) {
    r.pos++
    return list
  }
  const tail = readValue(r, anyTerm) as Term
  return r.fault === null ? withTail(list, tail) : null
}

/** A tail that is a list goes on with the list: `[a | [b]]` is `[a, b]`. */
function withTail(list: readonly Term[], tail: Term): Term {
  if (isList(tail)) return [...list, ...tail]
  return isImproperList(tail) ? { list: [...list, ...tail.list], tail: tail.tail } : { list, tail }
}

function readByteString(r: Reading, shape: Shape): unknown {
  r.pos++
  if (!has(r, 2)) return null
  const length = uint16(r)
  if (!has(r, length)) return null
  const element = shape.list
  const takesIntegers = element === null ? shape.term : element.term || (element.int && element.ints === null)
  if (!takesIntegers) return fail(r, element === null ? 'may not be a list' : 'may not be a list of integers')
  const values = [...r.bytes.subarray(r.pos, r.pos + length)]
  r.pos += length
  return values
}
