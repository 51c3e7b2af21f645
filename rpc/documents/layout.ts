import { table } from './table.js'

/** Where the rewriting of documents for a newer program stands. */
export interface LayoutDocument {
  /** How many migrations are done. */
  readonly version: number
  /** Who carries out the next one; empty for nobody. */
  readonly holder: string
  /** Grows with every step: a holder whose beat stands still for the lease is dead. */
  readonly beat: number
  /** The stage of the next one that is under way, by its place, and the key behind which it goes on; empty at its beginning. */
  readonly stage: number
  readonly after: string
}

/** The one row is `documents`. */
export const layouts = table<[what: string], LayoutDocument>('layout')
