import type { Person } from '../../protocol/index.js'
import type { Phone } from '../../topics/index.js'
import { table } from './table.js'

/** What a user keeps about himself and his clients, one for each phone. Nobody else sees it. @see docs/protocol/rpc.md 5 */
export type PersonDocument = Omit<Person, 'tag' | 'id' | 'status'>

export const persons = table<[phone: Phone], PersonDocument>('person')
