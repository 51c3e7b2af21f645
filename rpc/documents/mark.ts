import { bufferOf } from '../../protocol/index.js'
import type { ClientId } from '../../topics/index.js'
import type { Bytes } from '../../store/contract.js'
import { bytesTable } from './table.js'

/** A committed request, by which its retransmission is known. */
export interface Mark {
  readonly packetId: number
  /** 32 bits over topic and payload: packet ids come round again, with other payloads. */
  readonly digest: number
}

export const marksPerRow = 64
export const markRows = 16

const markBytes = 6
const headBytes = 6

/**
 * Rows of the ring of marks of a client: the number of the first mark (6 bytes), then up to {@link marksPerRow} marks (2 bytes of packet id, 4 of
 * digest). They are kept as bytes: one is written with every commit of a device, and read after a crash only.
 */
export const markTable = bytesTable<[client: ClientId, row: string]>('mark')

/** The number of the first mark of a row. */
export function firstMark(row: Bytes): number {
  return bufferOf(row).readUIntBE(0, headBytes)
}

/** How many marks a row holds. */
export function markCount(row: Bytes): number {
  return (row.length - headBytes) / markBytes
}

/** A new row: `row` with `added` behind its marks, or a first row that begins with mark number `first`. */
export function appendMarks(row: Bytes | undefined, first: number, added: readonly Mark[]): Bytes {
  const old = row?.length ?? headBytes
  const bytes = Buffer.allocUnsafe(old + added.length * markBytes)
  if (row === undefined) bytes.writeUIntBE(first, 0, headBytes)
  else bytes.set(row)
  let at = old
  for (const { packetId, digest } of added) {
    bytes.writeUInt16BE(packetId, at)
    bytes.writeUInt32BE(digest, at + 2)
    at += markBytes
  }
  return bytes
}

export function rowHasMark(row: Bytes, { packetId, digest }: Mark): boolean {
  const bytes = bufferOf(row)
  for (let at = headBytes; at < bytes.length; at += markBytes) {
    if (bytes.readUInt16BE(at) === packetId && bytes.readUInt32BE(at + 2) === digest) return true
  }
  return false
}
