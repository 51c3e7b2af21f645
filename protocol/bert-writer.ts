import { unitAt } from '../topics/index.js'
import * as tags from './bert-tags.js'
import { limits } from './limits.js'
import { recordTags, type Dialect, type RecordTag } from './records.js'
import { outgoing, type WireRecord } from './registry.js'
import type { Shape } from './shape.js'
import { isAtom, isFloat, isImproperList, isTuple, type Term } from './term.js'

/** One buffer serves every encoding of the thread; it grows, and is replaced when one huge record has passed. */
const firstBytes = 1 << 14
const keptBytes = 1 << 20
let work = new Uint8Array(firstBytes)
/** The same memory, for what only a Buffer can do. */
let workBuffer = Buffer.from(work.buffer)
let pos = 0

/**
 * The bytes of the record in the external term format. Total on every canonical record. They lie in Node's buffer pool: whoever sends
 * them to another thread copies them first.
 */
export function writeBert(record: object, dialect: Dialect): Uint8Array {
  pos = 0
  put(tags.versionByte)
  writeRecord(record, dialect)
  const payload = Buffer.allocUnsafe(pos)
  workBuffer.copy(payload, 0, 0, pos)
  if (work.length > keptBytes) useWork(new Uint8Array(firstBytes))
  return payload
}

function useWork(next: Uint8Array<ArrayBuffer>): void {
  work = next
  workBuffer = Buffer.from(next.buffer)
}

function reserve(count: number): void {
  if (pos + count <= work.length) return
  const larger = new Uint8Array(Math.max(work.length * 2, pos + count))
  larger.set(work)
  useWork(larger)
}

function put(byte: number): void {
  if (pos === work.length) reserve(1)
  work[pos++] = byte
}

function put32(value: number): void {
  work[pos] = value >>> 24
  work[pos + 1] = value >>> 16
  work[pos + 2] = value >>> 8
  work[pos + 3] = value
  pos += 4
}

/** A layout with the bytes every such record begins with: tuple arity and record name. */
interface Form {
  readonly layout: WireRecord
  readonly head: Uint8Array
}

const forms = new Map(recordTags.map((tag) => [tag as string, { v1: formOf(tag, 'v1'), v11: formOf(tag, 'v11') }]))

function formOf(tag: RecordTag, dialect: Dialect): Form {
  const layout = outgoing(tag, dialect)
  return { layout, head: new Uint8Array([tags.smallTuple, layout.arity, ...atomBytes(layout.name)]) }
}

function atomBytes(name: string): Uint8Array {
  const text = Buffer.from(name, 'latin1')
  return new Uint8Array([tags.atomLatin1, 0, text.length, ...text])
}

function putAll(bytes: Uint8Array): void {
  const length = bytes.length
  if (pos + length > work.length) reserve(length)
  const to = work
  const start = pos
  for (let i = 0; i < length; i++) to[start + i] = bytes[i] as number
  pos = start + length
}

/** The tag of a record; a term has none. Loading the property is several times faster here than asking `in`. */
function tagOf(value: object): string | undefined {
  const { tag } = value as { readonly tag?: string }
  return tag
}

function writeRecord(record: object, dialect: Dialect): boolean {
  const both = forms.get(tagOf(record) ?? '')
  if (both === undefined) return false
  const { layout, head } = both[dialect]
  putAll(head)
  const values = layout.mapping.write(record)
  const shapes = layout.shapes
  for (let i = 0; i < shapes.length; i++) {
    // What a record holds is in its dialect, as it is read.
    if (!writeValue(shapes[i] as Shape, values[i], layout.dialect)) put(tags.nil)
  }
  return true
}

/** Writes a value the shape has a form for; anything else writes nothing and is false. */
function writeValue(shape: Shape, value: unknown, dialect: Dialect): boolean {
  switch (typeof value) {
    case 'string':
      return writeString(shape, value)
    case 'number':
      return writeNumber(shape, value)
    case 'bigint':
      if (!shape.term) return false
      writeBig(value)
      return true
    case 'object':
      if (value === null) return false
      return Array.isArray(value) ? writeArray(shape, value, dialect) : writeObject(shape, value, dialect)
    default:
      return false
  }
}

function writeString(shape: Shape, value: string): boolean {
  const listed = shape.atoms?.sent.get(value)
  if (listed !== undefined) return writeListedAtom(listed)
  if (shape.text || shape.term) return writeText(value)
  return shape.anyAtom && (writeAtom(value) || writeText(value))
}

function writeText(value: string): boolean {
  const length = value.length
  reserve(5 + length * 3)
  work[pos] = tags.binary
  const start = pos + 5
  let i = 0
  if (length < 48) {
    const to = work
    for (; i < length; i++) {
      const code = unitAt(value, i)
      if (code >= 0x80) break
      to[start + i] = code
    }
  }
  const bytes = i === length ? length : workBuffer.write(value, start, 'utf8')
  pos++
  put32(bytes)
  pos = start + bytes
  return true
}

/** The atoms of the table, as bytes; no more of them than the table lists. */
const listedAtoms = new Map<string, Uint8Array>()

function writeListedAtom(name: string): boolean {
  let bytes = listedAtoms.get(name)
  if (bytes === undefined) {
    bytes = atomBytes(name)
    listedAtoms.set(name, bytes)
  }
  putAll(bytes)
  return true
}

function isLatin1Text(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (unitAt(text, i) > 0xff) return false
  return true
}

/** As ATOM_EXT where Latin-1 has its characters, else as Erlang does, in UTF-8. */
function writeAtom(name: string): boolean {
  if (name.length > limits.atomCharacters) return false
  const isLatin1 = isLatin1Text(name)
  reserve(3 + name.length * 3)
  if (isLatin1) {
    work[pos++] = tags.atomLatin1
    work[pos++] = 0
    work[pos++] = name.length
    for (let i = 0; i < name.length; i++) work[pos++] = unitAt(name, i)
    return true
  }
  const bytes = Buffer.byteLength(name)
  if (bytes < 256) work[pos++] = tags.smallAtomUtf8
  else {
    work[pos++] = tags.atomUtf8
    work[pos++] = bytes >>> 8
  }
  work[pos++] = bytes
  pos += workBuffer.write(name, pos, 'utf8')
  return true
}

function writeNumber(shape: Shape, value: number): boolean {
  if (Number.isSafeInteger(value) && (shape.int || shape.term)) {
    writeInteger(value)
    return true
  }
  if (!shape.real || !Number.isFinite(value)) return false
  writeFloat(value)
  return true
}

function writeInteger(value: number): void {
  reserve(11)
  if (value >= 0 && value < 256) {
    work[pos++] = tags.smallInteger
    work[pos++] = value
  } else if (value === (value | 0)) {
    work[pos++] = tags.integer
    put32(value)
  } else {
    let rest = Math.abs(value)
    const lengthAt = pos + 1
    work[pos] = tags.smallBig
    work[pos + 2] = value < 0 ? 1 : 0
    pos += 3
    while (rest > 0) {
      work[pos++] = rest % 256
      rest = Math.floor(rest / 256)
    }
    work[lengthAt] = pos - lengthAt - 2
  }
}

function writeBig(value: bigint): void {
  const digits = (value < 0n ? -value : value).toString(16)
  const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').reverse()
  reserve(6 + magnitude.length)
  if (magnitude.length < 256) {
    work[pos++] = tags.smallBig
    work[pos++] = magnitude.length
  } else {
    work[pos++] = tags.largeBig
    put32(magnitude.length)
  }
  work[pos++] = value < 0n ? 1 : 0
  work.set(magnitude, pos)
  pos += magnitude.length
}

function writeFloat(value: number): void {
  reserve(9)
  work[pos++] = tags.newFloat
  pos = workBuffer.writeDoubleBE(value, pos)
}

function writeArray(shape: Shape, values: readonly unknown[], dialect: Dialect): boolean {
  const element = shape.list ?? (shape.term ? shape : null)
  if (element === null) return false
  if (values.length === 0) {
    put(tags.nil)
    return true
  }
  if ((element.int || element.term) && isByteList(values)) return writeByteList(values)
  reserve(5)
  const start = pos
  work[pos] = tags.list
  pos += 5
  let count = 0
  for (let i = 0; i < values.length; i++) if (writeValue(element, values[i], dialect)) count++
  const end = pos
  pos = start
  if (count > 0) {
    pos++
    put32(count)
    pos = end
  }
  put(tags.nil)
  return true
}

/** Whether Erlang would write the list in the short form of a string. */
function isByteList(values: readonly unknown[]): values is readonly number[] {
  return values.length < 0x10000 && values.every((value) => typeof value === 'number' && (value & 0xff) === value)
}

function writeByteList(values: readonly number[]): boolean {
  reserve(3 + values.length)
  work[pos++] = tags.byteString
  work[pos++] = values.length >>> 8
  work[pos++] = values.length
  for (const value of values) work[pos++] = value
  return true
}

function writeObject(shape: Shape, value: object, dialect: Dialect): boolean {
  const tag = tagOf(value)
  if (tag !== undefined) return shape.records.includes(tag) && writeRecord(value, dialect)
  if (value instanceof Uint8Array) return (shape.bytes || shape.term) && writeBytes(value)
  if (isAtom(value)) return (shape.symbol || shape.term || shape.anyAtom) && writeAtom(value.atom)
  if (isTuple(value)) return writeTuple(shape, value.tuple, dialect)
  if (!shape.term) return false
  if (isFloat(value)) {
    writeFloat(value.float)
    return true
  }
  return isImproperList(value) && writeImproperList(shape, value.list, value.tail, dialect)
}

function writeBytes(value: Uint8Array): boolean {
  reserve(5 + value.length)
  work[pos++] = tags.binary
  put32(value.length)
  work.set(value, pos)
  pos += value.length
  return true
}

function writeTuple(shape: Shape, values: readonly unknown[], dialect: Dialect): boolean {
  const items = shape.tuples.find((tuple) => tuple.length === values.length)
  if (items === undefined && !shape.term) return false
  reserve(5)
  if (values.length < 256) {
    work[pos++] = tags.smallTuple
    work[pos++] = values.length
  } else {
    work[pos++] = tags.largeTuple
    put32(values.length)
  }
  for (let i = 0; i < values.length; i++) if (!writeValue(items?.[i] ?? shape, values[i], dialect)) put(tags.nil)
  return true
}

function writeImproperList(shape: Shape, list: readonly Term[], tail: Term, dialect: Dialect): boolean {
  reserve(5)
  work[pos++] = tags.list
  put32(list.length)
  for (const value of list) if (!writeValue(shape, value, dialect)) put(tags.nil)
  if (!writeValue(shape, tail, dialect)) put(tags.nil)
  return true
}
