import * as tags from './bert-tags.js'
import type { Dialect } from './records.js'
import { outgoing, type WireRecord } from './registry.js'
import type { Shape } from './shape.js'
import { isAtom, isFloat, isImproperList, isTuple, type Term } from './term.js'

/** One buffer serves every encoding of the thread; it grows, and is replaced when one huge record has passed. */
const keptBytes = 1 << 20
let work = Buffer.allocUnsafeSlow(1 << 14)
let pos = 0

/** The bytes of the record in the external term format. Total on every canonical record. */
export function writeBert(record: object, dialect: Dialect): Uint8Array {
  pos = 0
  put(tags.versionByte)
  writeRecord(record, dialect)
  const payload = Uint8Array.prototype.slice.call(work, 0, pos)
  if (work.length > keptBytes) work = Buffer.allocUnsafeSlow(1 << 14)
  return payload
}

function reserve(count: number): void {
  if (pos + count <= work.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(work.length * 2, pos + count))
  work.copy(larger, 0, 0, pos)
  work = larger
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

const heads = new Map<WireRecord, Buffer>()

/** Tuple arity and record name, the same bytes every time. */
function headOf(layout: WireRecord): Buffer {
  const known = heads.get(layout)
  if (known !== undefined) return known
  const name = Buffer.from(layout.name, 'latin1')
  const head = Buffer.concat([Buffer.from([tags.smallTuple, layout.arity, tags.atomLatin1, 0, name.length]), name])
  heads.set(layout, head)
  return head
}

function writeRecord(record: object, dialect: Dialect): boolean {
  const layout = 'tag' in record ? outgoing(String(record.tag), dialect) : null
  if (layout === null) return false
  const head = headOf(layout)
  reserve(head.length)
  for (let i = 0; i < head.length; i++) work[pos++] = head[i] as number
  const values = layout.mapping.write(record)
  const shapes = layout.shapes
  for (let i = 0; i < shapes.length; i++) {
    if (!writeValue(shapes[i] as Shape, values[i], dialect)) put(tags.nil)
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
  const atom = shape.atoms?.sent.get(value)
  if (atom !== undefined) return writeAtom(atom)
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
    for (; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) break
      work[start + i] = code
    }
  }
  const bytes = i === length ? length : work.write(value, start, 'utf8')
  pos++
  put32(bytes)
  pos = start + bytes
  return true
}

function writeAtom(name: string): boolean {
  const isLatin1 = !/[^\0-\xff]/.test(name)
  const bytes = isLatin1 ? name.length : Buffer.byteLength(name)
  if (bytes > 255) return false
  reserve(3 + bytes)
  work[pos++] = isLatin1 ? tags.atomLatin1 : tags.atomUtf8
  work[pos++] = 0
  work[pos++] = bytes
  if (isLatin1) for (let i = 0; i < bytes; i++) work[pos + i] = name.charCodeAt(i)
  else work.write(name, pos, 'utf8')
  pos += bytes
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
  pos += magnitude.copy(work, pos)
}

function writeFloat(value: number): void {
  reserve(9)
  work[pos++] = tags.newFloat
  pos = work.writeDoubleBE(value, pos)
}

function writeArray(shape: Shape, values: readonly unknown[], dialect: Dialect): boolean {
  const element = shape.list ?? (shape.term ? shape : null)
  if (element === null) return false
  if (values.length === 0) {
    put(tags.nil)
    return true
  }
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

function writeObject(shape: Shape, value: object, dialect: Dialect): boolean {
  if ('tag' in value) return shape.records.includes(String(value.tag)) && writeRecord(value, dialect)
  if (value instanceof Uint8Array) return (shape.bytes || shape.term) && writeBytes(value)
  if (isAtom(value)) return (shape.symbol || shape.term) && writeAtom(value.atom)
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
