import { isUtf8 } from 'node:buffer'
import { readArity, readFields, readRecordName, startReading } from './bert-reader.js'
import * as tags from './bert-tags.js'
import { writeBert } from './bert-writer.js'
import { bufferOf } from './bytes.js'
import { limits } from './limits.js'
import type { Way } from './mapping.js'
import type { Misfit } from './misfit.js'
import { readMsgpack, writeMsgpack, type Unpacked } from './msgpack.js'
import { readPlain } from './plain-reader.js'
import { toPlain } from './plain-writer.js'
import type { AnyRecord, Dialect } from './records.js'

/** How a record is written as bytes: the Erlang external term format, MessagePack or JSON. */
export type Codec = 'bert' | 'msgpack' | 'json'

/** A form on the wire: of a payload that came, or in which a device is answered. */
export interface Encoding {
  readonly codec: Codec
  readonly dialect: Dialect
}

/**
 * A record, with the codec and the dialect it came in, and the fields of it that are at their default because what stood in them does not fit;
 * or why the payload is none, for the log.
 */
export type Decoded =
  | { readonly kind: 'record'; readonly record: AnyRecord; readonly encoding: Encoding; readonly misfits: readonly Misfit[] }
  | { readonly kind: 'refusal'; readonly code: 'invalid_data'; readonly because: string; readonly encoding: Encoding }

/**
 * The codec of a payload, told by its first bytes: external term format begins with 131 and a term tag; JSON with `{`, `[`, white space or a
 * byte order mark; anything else is MessagePack.
 */
export function codecOf(payload: Uint8Array): Codec {
  const first = payload[0]
  switch (first) {
    case tags.versionByte: {
      // 131 is also a MessagePack map of three; its first key is then text, whose byte is no term tag
      const second = payload[1]
      return second === undefined || tags.termTags.has(second) ? 'bert' : 'msgpack'
    }
    case 0xef:
      // the byte order mark that JSON may begin with; alone it is a MessagePack integer, which is no record
      return hasByteOrderMark(payload) ? 'json' : 'msgpack'
    case 0x7b:
    case 0x5b:
    case 0x20:
    case 0x09:
    case 0x0a:
    case 0x0d:
      return 'json'
    default:
      return 'msgpack'
  }
}

/** U+FEFF in UTF-8. */
function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/**
 * Reads a request.
 * @param payload one PUBLISH payload in any codec
 * @param dialect that of the device. A record is told by its name and arity; this decides where both dialects have them (topics.md 14)
 * @returns the canonical record; `encoding.dialect` is the dialect its layout belongs to
 * @refuses `invalid_data` if the payload is not exactly one record of a known name and arity, within limits.payloadBytes and limits.depth, or if
 *   the field that names the request is none of the listed atoms (rpc.md 1.2)
 */
export function decode(payload: Uint8Array, dialect: Dialect): Decoded {
  return decodeWithin(payload, dialect, 'request', limits.payloadBytes)
}

/** Reads an answer or push, as a client does. Like {@link decode}, within limits.pushBytes; no field may have another value than those listed. */
export function decodePush(payload: Uint8Array, dialect: Dialect): Decoded {
  return decodeWithin(payload, dialect, 'push', limits.pushBytes)
}

/** Reads one binary frame of the WebSocket endpoint `/ws`. Like {@link decode}, within limits.ftpFrameBytes (rpc.md 16). */
export function decodeFrame(frame: Uint8Array, dialect: Dialect): Decoded {
  return decodeWithin(frame, dialect, 'request', limits.ftpFrameBytes)
}

function decodeWithin(payload: Uint8Array, dialect: Dialect, way: Way, maxBytes: number): Decoded {
  const codec = codecOf(payload)
  if (payload.length > maxBytes) return refuse(`has more than ${String(maxBytes)} bytes`, { codec, dialect })
  const bytes = bufferOf(payload)
  if (codec === 'bert') return decodeBert(bytes, dialect, way)
  const unpacked = codec === 'json' ? readJson(bytes) : readMsgpack(bytes)
  if (unpacked.kind === 'fault') return refuse(unpacked.because, { codec, dialect })
  const result = readPlain(unpacked.value, codec === 'json', dialect, way)
  if (result.kind === 'fault') return refuse(result.because, { codec, dialect })
  // the layout's mapping has made a canonical record of checked values
  return { kind: 'record', record: result.record as AnyRecord, encoding: { codec, dialect: result.dialect }, misfits: result.misfits }
}

function readJson(bytes: Buffer): Unpacked {
  if (!isUtf8(bytes)) return { kind: 'fault', because: 'is not UTF-8' }
  try {
    return { kind: 'value', value: JSON.parse(bytes.toString('utf8', hasByteOrderMark(bytes) ? 3 : 0)) }
  } catch {
    // the parser's message quotes the payload, which must not reach a log
    return { kind: 'fault', because: 'is not JSON' }
  }
}

function refuse(because: string, encoding: Encoding): Decoded {
  return { kind: 'refusal', code: 'invalid_data', because, encoding }
}

function decodeBert(bytes: Buffer, dialect: Dialect, way: Way): Decoded {
  const r = startReading(bytes, dialect, way)
  if (bytes.length < 3 || (bytes[1] !== tags.smallTuple && bytes[1] !== tags.largeTuple)) {
    return refuse('is not a tuple', { codec: 'bert', dialect })
  }
  r.pos = 1
  const arity = readArity(r)
  const layout = arity < 0 ? null : readRecordName(r, arity)
  if (layout === null) return refuse(r.fault ?? 'is not a tuple of a known name and arity', { codec: 'bert', dialect })
  const record = readFields(r, layout)
  if (r.fault === null && r.pos !== r.end) r.fault = 'goes on after its record'
  if (r.fault !== null) return refuse(r.fault, { codec: 'bert', dialect })
  // without a fault, the layout's mapping has made a canonical record of its values
  return { kind: 'record', record: record as AnyRecord, encoding: { codec: 'bert', dialect: layout.dialect }, misfits: r.misfits }
}

/**
 * Writes a record for a device. Total: an atom that the dialect does not list goes out as `[]`, a list element it has no form for is left
 * out, and a record it does not know has the layout of the other dialect.
 */
export function encode(record: AnyRecord, encoding: Encoding): Uint8Array {
  switch (encoding.codec) {
    case 'bert':
      return writeBert(record, encoding.dialect)
    case 'json':
      return Buffer.from(JSON.stringify(toPlain(record, encoding.dialect, true)))
    case 'msgpack':
      return writeMsgpack(toPlain(record, encoding.dialect, false))
  }
}
