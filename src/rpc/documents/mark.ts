import type { ClientId } from '../../topics/index.js'
import { table } from './table.js'

/**
 * The requests of one client that were committed, by which a retransmission is known: a ring of rows, each of up to
 * {@link marksPerRow} pairs of packet id and payload digest.
 */
export interface MarksDocument {
  /** Number of the first mark in this row since the client was first seen. */
  readonly first: number
  /** packet id, digest, packet id, digest … */
  readonly pairs: readonly number[]
}

export const marksPerRow = 128
export const markRows = 8

export const marks = table<[client: ClientId, row: string], MarksDocument>('mark')
