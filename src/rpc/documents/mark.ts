import type { ClientId } from '../../topics/index.js'
import type { Bytes } from '../../store/contract.js'
import { table, type Table } from './table.js'

/** A committed request, by which its retransmission is known. */
export interface Mark {
  readonly packetId: number
  /** 32 bits over topic and payload: packet ids come round again, with other payloads. */
  readonly digest: number
}

/** One row of the ring of marks of a client: up to {@link marksPerRow} marks, the first of which has number `first`. */
export interface MarksDocument {
  readonly first: number
  readonly marks: readonly Mark[]
}

export const marksPerRow = 128
export const markRows = 8

const markBytes = 6
const headBytes = 6

function encode({ first, marks }: MarksDocument): Bytes {
  const bytes = Buffer.allocUnsafe(headBytes + marks.length * markBytes)
  bytes.writeUIntBE(first, 0, headBytes)
  marks.forEach(({ packetId, digest }, i) => {
    bytes.writeUInt16BE(packetId, headBytes + i * markBytes)
    bytes.writeUInt32BE(digest, headBytes + i * markBytes + 2)
  })
  return bytes
}

function decode(row: Bytes): MarksDocument {
  const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength)
  const marks: Mark[] = []
  for (let at = headBytes; at < bytes.length; at += markBytes) {
    marks.push({ packetId: bytes.readUInt16BE(at), digest: bytes.readUInt32BE(at + 2) })
  }
  return { first: bytes.readUIntBE(0, headBytes), marks }
}

const base = table<[client: ClientId, row: string], MarksDocument>('mark')

/** Rows of 768 bytes instead of MessagePack: one is written with every commit of a device. */
export const markTable: Table<[client: ClientId, row: string], MarksDocument> = {
  ...base,
  encode,
  decode,
  put: (document, ...key) => ({ key: base.key(...key), value: encode(document) }),
}
