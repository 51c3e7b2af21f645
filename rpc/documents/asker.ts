import type { PhoneId } from '../../topics/index.js'
import { table } from './table.js'

/** Somebody who has asked the owner of a list to be friends. What came of it is told by the contacts, so an entry may be out of date. */
export interface Asker {
  readonly from: PhoneId
  /** Milliseconds since 1970 UTC. */
  readonly at: number
  /** The owner had the asker in the address book. */
  readonly isKnown: boolean
}

/** Those who asked a roster lately, the oldest first, each once. */
export const askerLists = table<[owner: PhoneId, level: 'list'], readonly Asker[]>('askers')
