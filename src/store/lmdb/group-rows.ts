import type { Bytes } from '../contract.js'

/** The rows of the table as a group of commits sees them: what its earlier commits wrote lies over what is stored. */
export interface Rows {
  /** Bytes of a row, valid until the next is asked for. */
  get(row: string): Bytes | undefined
  /** Writes a row, or removes it where `value` is undefined. */
  put(row: string, value: Bytes | undefined): void
}

/** Rows over `read`, one snapshot of the table, and the writes that are to follow: each row once, with its last value. */
export function groupRows(read: (row: string) => Bytes | undefined): Rows & { readonly writes: ReadonlyMap<string, Bytes | undefined> } {
  const writes = new Map<string, Bytes | undefined>()
  return {
    writes,
    get: (row) => (writes.has(row) ? writes.get(row) : read(row)),
    put: (row, value) => {
      writes.set(row, value)
    },
  }
}
