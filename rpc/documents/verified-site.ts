import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/** From where a number was verified: somebody there has held a code that was sent to it. */
export interface VerifiedSite {
  /** As `siteLevel` names it. */
  readonly site: string
  /** When it last was, milliseconds since 1970 UTC. */
  readonly at: number
}

/** Of each number the sites where it was verified last, the latest at the end. */
export const verifiedSites = table<[number: Phone], readonly VerifiedSite[]>('verified')
