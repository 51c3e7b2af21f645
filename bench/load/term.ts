/**
 * Just enough of Erlang's external term format for the load generator, kept apart from `protocol` on purpose: a codec that is measured must not also be the ruler.
 * @see Erlang/OTP, External Term Format
 */
export interface Atom {
  readonly atom: string
}
export interface Tuple {
  readonly tuple: readonly Term[]
}
/** A string or a buffer is a binary (strings only when read), an array a list, `[]` is nil. */
export type Term = number | string | Buffer | Atom | Tuple | readonly Term[]

export const atom = (name: string): Atom => ({ atom: name })
export const tuple = (...fields: readonly Term[]): Tuple => ({ tuple: fields })

const integerTag = 98
const floatTag = 70
const smallTupleTag = 104
const largeTupleTag = 105
const nilTag = 106
const stringTag = 107
const listTag = 108
const binaryTag = 109
const smallBigTag = 110
const atomTags: ReadonlySet<number> = new Set([100, 118])
const smallAtomTags: ReadonlySet<number> = new Set([115, 119])

/** One term with its version byte. */
export function encodeTerm(term: Term): Buffer {
  return Buffer.concat([Buffer.from([131]), ...pieces(term)])
}

function pieces(term: Term): Buffer[] {
  if (typeof term === 'number') return [encodeInteger(term)]
  if (typeof term === 'string') return counted(Buffer.from(term), binaryTag, 4)
  if (Buffer.isBuffer(term)) return counted(term, binaryTag, 4)
  if ('atom' in term) return counted(Buffer.from(term.atom), 100, 2)
  if ('tuple' in term) return [Buffer.from([smallTupleTag, term.tuple.length]), ...term.tuple.flatMap(pieces)]
  if (term.length === 0) return [Buffer.from([nilTag])]
  return [prefix(listTag, 4, term.length), ...term.flatMap(pieces), Buffer.from([nilTag])]
}

function counted(bytes: Buffer, tag: number, width: 2 | 4): Buffer[] {
  return [prefix(tag, width, bytes.length), bytes]
}

function prefix(tag: number, width: 2 | 4, count: number): Buffer {
  const bytes = Buffer.alloc(1 + width)
  bytes[0] = tag
  bytes.writeUIntBE(count, 1, width)
  return bytes
}

function encodeInteger(value: number): Buffer {
  if (value >= 0 && value < 256) return Buffer.from([97, value])
  const bytes = Buffer.alloc(11)
  if (value >= -0x80000000 && value <= 0x7fffffff) {
    bytes[0] = integerTag
    bytes.writeInt32BE(value, 1)
    return bytes.subarray(0, 5)
  }
  bytes[0] = smallBigTag
  bytes[1] = 8
  bytes[2] = value < 0 ? 1 : 0
  bytes.writeBigUInt64LE(BigInt(Math.abs(value)), 3)
  return bytes
}

/** Reads one term; throws on anything a well-behaved server would not send. */
export function decodeTerm(bytes: Buffer): Term {
  if (bytes[0] !== 131) throw new Error('not an external term')
  return readTerm({ bytes, at: 1 })
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

function readTerm(reader: Reader): Term {
  const tag = reader.bytes.readUInt8(reader.at++)
  if (tag === 97) return take(reader, 1)
  if (tag === integerTag) return take(reader, 4) | 0
  if (tag === floatTag) return reader.bytes.readDoubleBE((reader.at += 8) - 8)
  if (tag === smallTupleTag) return { tuple: readTerms(reader, take(reader, 1)) }
  if (tag === largeTupleTag) return { tuple: readTerms(reader, take(reader, 4)) }
  if (tag === nilTag) return []
  if (tag === binaryTag) return text(reader, take(reader, 4))
  if (tag === stringTag) return [...Buffer.from(text(reader, take(reader, 2), 'latin1'), 'latin1')]
  if (atomTags.has(tag)) return atom(text(reader, take(reader, 2)))
  if (smallAtomTags.has(tag)) return atom(text(reader, take(reader, 1)))
  if (tag === smallBigTag) return readBig(reader)
  if (tag === listTag) return readList(reader)
  throw new Error(`unexpected term tag ${tag}`)
}

function take(reader: Reader, width: 1 | 2 | 4): number {
  reader.at += width
  return reader.bytes.readUIntBE(reader.at - width, width)
}

function text(reader: Reader, length: number, encoding: BufferEncoding = 'utf8'): string {
  reader.at += length
  return reader.bytes.toString(encoding, reader.at - length, reader.at)
}

function readTerms(reader: Reader, count: number): Term[] {
  const terms: Term[] = []
  while (terms.length < count) terms.push(readTerm(reader))
  return terms
}

function readList(reader: Reader): Term[] {
  const terms = readTerms(reader, take(reader, 4))
  readTerm(reader)
  return terms
}

function readBig(reader: Reader): number {
  const length = take(reader, 1)
  const negative = take(reader, 1) === 1
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + reader.bytes.readUInt8(reader.at + index)
  reader.at += length
  return negative ? -value : value
}

/** A field of a tuple by position, the record name being 0. */
export function field(term: Term | undefined, position: number): Term {
  if (typeof term !== 'object' || !('tuple' in term)) return []
  return term.tuple[position] ?? []
}

/** The name of a record, or an empty string. */
export function recordName(term: Term): string {
  return atomName(field(term, 0))
}

export function atomName(term: Term): string {
  return typeof term === 'object' && 'atom' in term ? term.atom : ''
}
