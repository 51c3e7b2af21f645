import type { Bytes, Check, Put, StoreReader } from '../../store/contract.js'
import type { ClientId } from '../../topics/index.js'
import { markRows, marksPerRow, markTable, type Mark, type MarksDocument } from '../documents/index.js'

/**
 * The marks of one client: a ring of 8 rows of 128. A request that comes again (DUP after a reconnect, or from a ring whose worker died) is
 * known by packet id and digest, as long as it is among the client's last 897 committed ones: a row is forgotten when the
 * next is begun, so 897 to 1,024 are known.
 */
export interface Marks {
  readonly client: ClientId
  readonly rows: (MarksDocument | undefined)[]
  readonly stored: (Bytes | undefined)[]
  /** Number of the next mark. */
  next: number
}

/** Reads the marks of a client as they are stored now. */
export async function readMarks(store: StoreReader, client: ClientId): Promise<Marks> {
  const keys = Array.from({ length: markRows }, (_, row) => markTable.key(client, String(row)))
  const stored = [...(await store.getMany(keys))]
  const rows = stored.map((bytes) => (bytes === undefined ? undefined : markTable.decode(bytes)))
  const next = Math.max(0, ...rows.map((row) => (row === undefined ? 0 : row.first + row.marks.length)))
  return { client, rows, stored, next }
}

export function hasMark({ rows }: Marks, mark: Mark): boolean {
  return rows.some((row) => row?.marks.some(({ packetId, digest }) => packetId === mark.packetId && digest === mark.digest) ?? false)
}

/** What a commit that adds marks rests on and writes; `applied` is the ring after it. */
export function addMarks(marks: Marks, added: readonly Mark[]): { checks: Check[]; puts: Put[]; applied: Marks } {
  const applied: Marks = { ...marks, rows: [...marks.rows], stored: [...marks.stored] }
  const grown = new Map<number, Mark[]>()
  for (const mark of added) {
    const row = Math.floor(applied.next / marksPerRow) % markRows
    const begun = applied.next % marksPerRow === 0 ? undefined : (grown.get(row) ?? [...(applied.rows[row]?.marks ?? [])])
    const list = begun ?? []
    list.push(mark)
    grown.set(row, list)
    applied.rows[row] = { first: applied.next + 1 - list.length, marks: list }
    applied.next++
  }
  const checks: Check[] = []
  const puts: Put[] = []
  for (const row of grown.keys()) {
    const document = applied.rows[row]
    if (document === undefined) continue
    const put = markTable.put(document, marks.client, String(row))
    checks.push({ key: put.key, was: marks.stored[row] })
    puts.push(put)
    applied.stored[row] = put.value
  }
  return { checks, puts, applied }
}

/** FNV-1a, 32 bits, over topic and payload. */
export function digestOf(topic: string, payload: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < topic.length; i++) hash = Math.imul(hash ^ topic.charCodeAt(i), 0x01000193)
  for (const byte of payload) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
