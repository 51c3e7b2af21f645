import * as tags from './bert-tags.js'
import { bufferOf } from './bytes.js'
import { recordTags, type RecordTag } from './records.js'

/** Parts of records: no peer acts on one that stands alone. */
const parts: ReadonlySet<RecordTag> = new Set([
  ...(['muc', 'p2p', 'act', 'mqi', 'Desc', 'Feature', 'Service', 'Cursor', 'ok', 'error', 'ok2', 'error2', 'Token', 'Client'] as const),
])

const names: ReadonlySet<string> = new Set(recordTags.filter((tag) => !parts.has(tag)))
const longestName = Math.max(...[...names].map((name) => name.length))

/**
 * Whether somebody's decoder, be it more tolerant than ours, could take these bytes for a record: a broken one, one within a list, one that is
 * spelt with escapes, with binaries for atoms, with a key twice. Nothing is decoded: of bytes that only look so, it says so too.
 */
export function passesForRecord(payload: Uint8Array): boolean {
  const bytes = bufferOf(payload)
  return hasTuple(bytes) || hasText(bytes) || hasMap(bytes)
}

/** External term format: a tuple that begins with the name, wherever it stands. What is compressed is not looked into. */
function hasTuple(bytes: Buffer): boolean {
  if (bytes[0] !== tags.versionByte) return false
  if (bytes[1] === compressed) return true
  for (let at = 1; at < bytes.length; at++) {
    const first = bytes[at] === tags.smallTuple ? at + 2 : bytes[at] === tags.largeTuple ? at + 5 : 0
    if (first > 0 && names.has(elementAt(bytes, first))) return true
  }
  return false
}

/** Zlib; the size, then the term. @see Erlang/OTP, External Term Format */
const compressed = 80
/** Bytes of the length that follows these tags. */
const lengthBytes: ReadonlyMap<number, number> = new Map([
  [tags.smallAtomLatin1, 1],
  [tags.smallAtomUtf8, 1],
  [tags.atomLatin1, 2],
  [tags.atomUtf8, 2],
  [tags.byteString, 2],
  [tags.binary, 4],
])

/** The atom, binary or string that stands there; empty if none does, or a longer one than any name. */
function elementAt(bytes: Buffer, at: number): string {
  return nameAt(bytes, at, lengthBytes.get(bytes[at] ?? 0) ?? 0)
}

/** What stands behind a byte and its length; empty if `width` is 0, and for what is longer than any name. @param width bytes of the length */
function nameAt(bytes: Buffer, at: number, width: number): string {
  const start = at + 1 + width
  if (width === 0 || start > bytes.length) return ''
  const length = bytes.readUIntBE(at + 1, width)
  return length > longestName ? '' : bytes.toString('latin1', start, start + length)
}

/** A key `tag`, in any case as some decoders take it, and the word that follows whatever is no word. Neither run can be read in two ways. */
const tagAndName = new RegExp(`\\btag(\\W{1,64})(\\w{1,${String(longestName + 1)}})`, 'gi')

/** JSON and what resembles it, in whatever encoding, with or without quotes and escapes. */
function hasText(bytes: Buffer): boolean {
  const text = bytes.toString('latin1').replaceAll('\0', '')
  for (const [, between = '', name = ''] of (text.includes('\\') ? unescaped(text) : text).matchAll(tagAndName))
    if (between.includes(':') && names.has(name)) return true
  return false
}

/** Escapes of JSON, and those that JavaScript adds. */
function unescaped(text: string): string {
  const codes = /\\(?:u([0-9a-f]{4})|u\{0{0,4}([0-9a-f]{1,4})\}|x([0-9a-f]{2})|\r?\n)/gi
  return text.replace(codes, (_, four?: string, braced?: string, two?: string) => {
    const code = four ?? braced ?? two
    return code === undefined ? '' : String.fromCharCode(Number.parseInt(code, 16))
  })
}

/** Bytes of the length that follows these bytes, which begin a text or bytes. @see MessagePack specification, str and bin */
const plainLengths: ReadonlyMap<number, number> = new Map([
  [0xd9, 1],
  [0xc4, 1],
  [0xda, 2],
  [0xc5, 2],
  [0xdb, 4],
  [0xc6, 4],
])

/** A map of MessagePack or of external term format: `tag`, and the name behind it. */
function hasMap(bytes: Buffer): boolean {
  for (let at = bytes.indexOf('tag'); at !== -1; at = bytes.indexOf('tag', at + 1)) {
    if (names.has(textAt(bytes, at + 3)) || names.has(elementAt(bytes, at + 3))) return true
  }
  return false
}

function textAt(bytes: Buffer, at: number): string {
  const first = bytes[at] ?? 0
  if (first >= 0xa0 && first < 0xc0) return bytes.toString('latin1', at + 1, at + 1 + (first & 31))
  return nameAt(bytes, at, plainLengths.get(first) ?? 0)
}
