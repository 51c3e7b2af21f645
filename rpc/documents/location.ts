import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/** Where somebody is: degrees, and metres above the sea where known. */
export interface Place {
  readonly longitude: number
  readonly latitude: number
  readonly altitude: number | null
  readonly time: number
}

/** The last location of a profile. */
export interface LocationDocument {
  /** Null once it has been taken back. */
  readonly place: Place | null
  /** When friends were last told one, which they are at most every so often. */
  readonly told: number
  /** Whether friends were told a place that has not been taken back. */
  readonly isKnown: boolean
}

export const locations = table<[phone: Phone], LocationDocument>('location')
