import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/** The e-mail address that a profile is about to be linked with, and the code mailed to it. @see docs/protocol/rpc.md 6, Profile/link */
export interface EmailLink {
  readonly address: string
  /** Six digits; empty once it has been used, or mistyped too often. */
  readonly code: string
  /** Wrong codes given so far. */
  readonly wrong: number
  /** When codes were mailed lately, whatever the address, ascending; a used code stays among them. */
  readonly mailed: readonly number[]
  /** The code and this document are void from then on. */
  readonly expires: number
}

export const emailLinks = table<[phone: Phone], EmailLink>('email')
