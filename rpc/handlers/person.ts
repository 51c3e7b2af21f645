import { limits, type Person } from '../../protocol/index.js'
import type { Phone } from '../../topics/index.js'
import { type PersonDocument, persons } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, refuse } from '../outcome.js'
import { type Caller, handler, type Request } from '../request.js'
import { newPerson, personRecord } from '../views/person-view.js'

/** The own Person. @refuses `not_authorized` for any other @see docs/protocol/rpc.md 5, Person/get */
export const getPerson = handler({
  async read({ record, caller }: Request<Person>, facts: FactReader): Promise<PersonDocument | undefined> {
    const phone = findOwnPhone(caller, record.id)
    return phone === undefined ? undefined : facts.peek(persons, phone)
  },
  decide({ record, caller }: Request<Person>, person: PersonDocument | undefined): Outcome {
    const phone = findOwnPhone(caller, record.id)
    if (phone === undefined) return refuse('not_authorized', 'not the own Person')
    return accept({ sends: [answer(personRecord(phone, person, 'get'))] })
  },
})

/**
 * Replaces what is given, and leaves the rest as it is; nobody else is told.
 * @refuses `not_authorized` for any other Person; `invalid_data` if it would not fit into one PUBLISH any more
 * @see docs/protocol/rpc.md 5, Person/set; docs/decisions/0110-person.md
 */
export const setPerson = handler({
  async read({ record, caller }: Request<Person>, facts: FactReader): Promise<PersonDocument | undefined> {
    const phone = findOwnPhone(caller, record.id)
    return phone === undefined ? undefined : facts.get(persons, phone)
  },
  decide({ record, caller }: Request<Person>, stored: PersonDocument | undefined): Outcome {
    const phone = findOwnPhone(caller, record.id)
    if (phone === undefined) return refuse('not_authorized', 'not the own Person')
    const person = withFields(stored ?? newPerson, record)
    const put = persons.put(person, phone)
    if ((put.value?.length ?? 0) > limits.payloadBytes) return refuse('invalid_data', 'a Person has at most the size of a PUBLISH')
    return accept({ puts: [put], sends: [answer(personRecord(phone, person, 'set'))] })
  },
})

/** Requests about the own Person. @see docs/protocol/rpc.md 5 */
export const personHandlers = [
  { tag: 'Person', request: 'get', handler: getPerson },
  { tag: 'Person', request: 'set', handler: setPerson },
] as const

/** The own phone, named or left out. */
function findOwnPhone({ client }: Caller, id: string | null): Phone | undefined {
  return client.kind === 'device' && (id === null || id === client.phone) ? client.phone : undefined
}

const settable = [
  ...(['names', 'surnames', 'username', 'alias', 'avatar', 'localize', 'NotificationSettings', 'SoundSettings'] as const),
  ...(['ThemeID', 'voxImplantID', 'voxImplantLogin', 'voxImplantPassword', 'BlockUsers', 'isParticipants'] as const),
]

/** The Person with every field replaced that is given: neither null nor an empty list. */
function withFields(stored: PersonDocument, given: Person): PersonDocument {
  const changed = settable.map((field) => [field, given[field]] as const)
  return {
    ...stored,
    ...Object.fromEntries(changed.filter(([, value]) => typeof value === 'string' || (value !== null && value.length > 0))),
  }
}
