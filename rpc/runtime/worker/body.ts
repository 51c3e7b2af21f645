import { type AnyRecord, defaultsOf, encode, type Encoding, record, type RecordOf, type RecordTag } from '../../../protocol/index.js'
import type { Bytes } from '../../../store/contract.js'
import { packr } from '../../documents/packr.js'
import { variantOf } from '../link/variant.js'
import type { Names } from '../../names/names.js'
import { shownRecord } from '../../names/rename-record.js'
import type { Original } from '../../outcome.js'
import { isView } from '../../read-cache.js'
import { withLastMessageOf } from '../../views/room-view.js'

/**
 * What an inbox entry stores beside a message reference. The first byte tells the form:
 * nothing at all: the referenced message itself; `record`: a canonical record as JSON, or as MessagePack where JSON cannot hold it, whose
 * `last_msg` is the referenced message if there is one; `opaque`: bytes relayed unchanged; `shared`: the id of a body stored once for many inboxes.
 */
export type Body =
  | { readonly kind: 'message' }
  | { readonly kind: 'record'; readonly record: AnyRecord; readonly original?: Original }
  | { readonly kind: 'opaque'; readonly bytes: Bytes }
  | { readonly kind: 'shared'; readonly id: string }

const formRecord = 1
const formOpaque = 2
const formShared = 3
const formJson = 4

const empty = new Uint8Array(0)

function withForm(form: number, rest: Uint8Array): Bytes {
  const bytes = new Uint8Array(rest.length + 1)
  bytes[0] = form
  bytes.set(rest, 1)
  return bytes
}

/** Bytes of a body as an inbox keeps them. */
export function packBody(body: Body): Bytes {
  switch (body.kind) {
    case 'message':
      return empty
    case 'record':
      return packRecord(body)
    case 'opaque':
      return withForm(formOpaque, body.bytes)
    case 'shared':
      return withForm(formShared, Buffer.from(body.id, 'latin1'))
  }
}

/** JSON where it holds all there is: it takes a third of the time. */
function packRecord({ record, original }: Body & { kind: 'record' }): Bytes {
  const kept = sparse(record)
  if (original !== undefined || !isJson(kept)) return withForm(formRecord, packr.pack({ record: kept, ...(original && { original }) }))
  return withForm(formJson, Buffer.from(JSON.stringify(kept)))
}

/** Whether JSON gives it back as it is (but for the sign of a zero, which MessagePack loses too). */
function isJson(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return isTagged(value) && Object.values(value).every(isJson)
}

/** Reads what {@link packBody} wrote. */
export function unpackBody(bytes: Bytes): Body {
  if (bytes.length === 0) return { kind: 'message' }
  const rest = bytes.subarray(1)
  if (bytes[0] === formOpaque) return { kind: 'opaque', bytes: rest }
  if (bytes[0] === formShared) return { kind: 'shared', id: Buffer.from(rest).toString('latin1') }
  if (bytes[0] === formJson) return { kind: 'record', record: whole(JSON.parse(Buffer.from(rest).toString()) as Sparse) }
  const { record, original } = packr.unpack(rest) as { record: Sparse; original?: Original }
  return { kind: 'record', record: whole(record), ...(original === undefined ? {} : { original }) }
}

/** A record without the fields that are at their default. */
type Sparse = Readonly<Record<string, unknown>> & { readonly tag: RecordTag }

function sparse(record: AnyRecord): Sparse {
  const defaults = defaultsOf(record.tag) as unknown as Readonly<Record<string, unknown>>
  const given = record as unknown as Readonly<Record<string, unknown>>
  const kept: Record<string, unknown> & { tag: RecordTag } = { tag: record.tag }
  for (const name in given) {
    const value = given[name]
    if (value !== defaults[name] && !(Array.isArray(value) && value.length === 0 && isEmptyList(defaults[name])))
      kept[name] = sparseValue(value)
  }
  return kept
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function sparseValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sparseValue)
  return isTagged(value) ? sparse(value as unknown as AnyRecord) : value
}

function whole(kept: Sparse): AnyRecord {
  const fields: Record<string, unknown> = {}
  for (const name in kept) if (name !== 'tag') fields[name] = wholeValue(kept[name])
  return record(kept.tag, fields)
}

function wholeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wholeValue)
  return isTagged(value) ? whole(value) : value
}

/** Whether a field holds a record; terms that are kept as they came have no tag. */
function isTagged(value: unknown): value is Sparse {
  return typeof value === 'object' && value !== null && 'tag' in value && typeof value.tag === 'string'
}

/** A record with the message it speaks of in its `last_msg`. */
export function withLastMessage(record: AnyRecord, message: RecordOf<'Message'>): AnyRecord {
  if (record.tag === 'Room') return withLastMessageOf(record, message)
  return record.tag === 'Contact' ? { ...record, last_msg: message } : record
}

/** Payload for a device: the peer's own bytes where the encoding is the same and they call everybody right, else the record encoded anew. */
export function renderRecord(record: AnyRecord, original: Original | undefined, encoding: Encoding, names: Names): Uint8Array {
  if (isView(record)) return encodeView(record, encoding, names)
  const shown = shownRecord(record, names)
  const isSame = original?.encoding.codec === encoding.codec && original.encoding.dialect === encoding.dialect
  return isSame && shown === record ? original.bytes : encode(shown, encoding)
}

/** Encodings of a view by variant, made while everybody was called as `names` says. */
interface EncodedView {
  readonly names: number
  readonly byVariant: (Uint8Array | undefined)[]
}

/** Encodings of views, which are sent again as they are. */
const encodedViews = new WeakMap<AnyRecord, EncodedView>()

function encodeView(record: AnyRecord, encoding: Encoding, names: Names): Uint8Array {
  const known = encodedViews.get(record)
  const view = known?.names === names.last ? known : { names: names.last, byVariant: [] }
  const variant = variantOf(encoding)
  const bytes = view.byVariant[variant] ?? encode(shownRecord(record, names), encoding)
  view.byVariant[variant] = bytes
  if (view !== known) encodedViews.set(record, view)
  return bytes
}
