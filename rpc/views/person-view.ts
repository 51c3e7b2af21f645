import { type Person, record } from '../../protocol/index.js'
import type { Phone } from '../../topics/index.js'
import type { PersonDocument } from '../documents/index.js'

const { tag, id, status, ...blank } = record('Person', {})

/** The Person of a phone that has just registered: nothing is known. */
export const newPerson: PersonDocument = blank

/** The full Person of a phone; accounts older than this record have a blank one. */
export function personRecord(phone: Phone, person: PersonDocument | undefined, status: Person['status']): Person {
  return { ...record('Person', { id: phone }), ...(person ?? newPerson), status }
}
