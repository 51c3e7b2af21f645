import type { Bytes, Check, Put, StoreReader } from '../../../store/contract.js'
import { type ClientId, unitAt } from '../../../topics/index.js'
import { appendMarks, firstMark, type Mark, markCount, markRows, marksPerRow, markTable, rowHasMark } from '../../documents/index.js'

/**
 * The marks of one client: a ring of 16 rows of 64. A request that comes again (DUP after a reconnect, or from a ring whose worker died) is
 * known by packet id and digest, as long as it is among the client's last 961 committed ones: a row is forgotten when the
 * next is begun, so 961 to 1,024 are known.
 */
export interface Marks {
  readonly client: ClientId
  /** As they are stored. */
  readonly rows: readonly (Bytes | undefined)[]
  /** Number of the next mark. */
  readonly next: number
}

/** Reads the marks of a client as they are stored now. */
export async function readMarks(store: StoreReader, client: ClientId): Promise<Marks> {
  const keys = Array.from({ length: markRows }, (_, row) => markTable.key(client, String(row)))
  const rows = await store.getMany(keys)
  const next = Math.max(0, ...rows.map((row) => (row === undefined ? 0 : firstMark(row) + markCount(row))))
  return { client, rows, next }
}

export function hasMark({ rows }: Marks, mark: Mark): boolean {
  return rows.some((row) => row !== undefined && rowHasMark(row, mark))
}

/** What a commit that adds marks rests on and writes; `applied` is the ring after it. */
export function addMarks({ client, rows, next }: Marks, added: readonly Mark[]): { checks: Check[]; puts: Put[]; applied: Marks } {
  const grown = [...rows]
  const checks: Check[] = []
  const puts: Put[] = []
  let number = next
  for (let rest = added; rest.length > 0;) {
    const row = Math.floor(number / marksPerRow) % markRows
    const place = number % marksPerRow
    const fitting = rest.slice(0, marksPerRow - place)
    const put = markTable.put(appendMarks(place === 0 ? undefined : rows[row], number, fitting), client, String(row))
    checks.push({ key: put.key, was: rows[row] })
    puts.push(put)
    grown[row] = put.value
    number += fitting.length
    rest = rest.slice(fitting.length)
  }
  return { checks, puts, applied: { client, rows: grown, next: number } }
}

/** FNV-1a, 32 bits, over topic and payload. */
export function digestOf(topic: string, payload: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < topic.length; i++) hash = Math.imul(hash ^ unitAt(topic, i), 0x01000193)
  for (const byte of payload) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
