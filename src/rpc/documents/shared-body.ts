import type { Bytes } from '../../store/contract.js'
import { table, type Table } from './table.js'

const base = table<[id: string], Bytes>('body')

/**
 * Bodies of deliveries too large to be copied into every inbox, by an id that begins with the time in ms (13 digits), so that a sweep from
 * the front finds the old ones.
 */
export const sharedBodies: Table<[id: string], Bytes> = {
  ...base,
  encode: (body) => body,
  decode: (bytes) => bytes,
  put: (body, ...key) => ({ key: base.key(...key), value: body }),
}
