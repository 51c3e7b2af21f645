import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/** A move to another number that is under way, under the account that is about to move. @see docs/protocol/rpc.md 6, Profile/migrate */
export interface MigrationDocument {
  /** The new number. */
  readonly number: Phone
  /** Six digits; empty once it was mistyped too often. */
  readonly code: string
  /** Wrong codes given so far; absent for none. */
  readonly wrong?: number
  /** When the code was sent. */
  readonly sent: number
  /** When codes were sent lately for this account, to whichever number, ascending. */
  readonly asked: readonly number[]
  /** The code and this document are void from then on. */
  readonly expires: number
}

export const migrations = table<[filed: Phone], MigrationDocument>('migration')
