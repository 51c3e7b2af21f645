import type { Bytes } from '../contract.js'

/** The rows of the table as a group of commits sees them: what its earlier commits wrote lies over what is stored. */
export interface Rows {
  /** Bytes of a row, valid until the next is asked for. */
  get(row: string): Bytes | undefined
  /** The first stored row from `from` on and before `end` that the group has not removed; rows that only the group has written are not found. */
  next(from: string, end: string): string | undefined
  /** Writes a row, or removes it where `value` is undefined. */
  put(row: string, value: Bytes | undefined): void
}

/** One snapshot of the table. */
export interface Snapshot {
  /** Bytes of a row, which are looked at before the next is read. */
  readonly read: (row: string) => Bytes | undefined
  /** The rows from `from` on and before `end`, in order. */
  readonly rowsFrom: (from: string, end: string) => Iterable<string>
}

/** Rows over a snapshot of the table, and the writes that are to follow: each row once, with its last value. */
export function groupRows({ read, rowsFrom }: Snapshot): Rows & { readonly writes: ReadonlyMap<string, Bytes | undefined> } {
  const writes = new Map<string, Bytes | undefined>()
  return {
    writes,
    get: (row) => (writes.has(row) ? writes.get(row) : read(row)),
    next(from, end) {
      for (const row of rowsFrom(from, end)) if (!writes.has(row) || writes.get(row) !== undefined) return row
      return undefined
    },
    put: (row, value) => {
      writes.set(row, value)
    },
  }
}
