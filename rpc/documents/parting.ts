import type { Phone, PhoneId } from '../../topics/index.js'
import { table } from './table.js'

/** A ban: which roster made it, and when. */
export interface Ban {
  readonly by: PhoneId
  readonly at: number
}

/** The bans between two accounts, seen from one of them; a row each way, and none once neither bans the other. */
export interface PartingDocument {
  /** Its ban of the other. */
  readonly own: Ban | null
  /** The other's ban of it. */
  readonly other: Ban | null
}

/**
 * Which accounts ban each other, by the numbers they are filed under. The contacts between their rosters carry the same as flags, so that who
 * has read one need not look here; where there is no contact, this is all there is.
 * @see docs/decisions/0213-a-ban-is-between-two-people.md
 */
export const partings = table<[account: Phone, other: Phone], PartingDocument>('parting')
