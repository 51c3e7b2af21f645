import { limits, type Search } from '../../../protocol/index.js'
import { type Refused, refuse } from '../../outcome.js'
import { foldText } from '../../people-index/fold.js'

/** Who is searched for: by what, compared how, with which values. */
export interface PeopleQuery {
  readonly kind: 'people'
  readonly field: 'phone' | 'nick' | 'names'
  readonly type: '==' | 'like' | '!='
  readonly values: readonly string[]
  /** Among the own contacts only. */
  readonly isOwn: boolean
  /** Contacts in the answer. */
  readonly limit: number
}

/** Which of the own rooms are searched for, by name. */
export interface RoomQuery {
  readonly kind: 'rooms'
  readonly type: '==' | 'like'
  readonly values: readonly string[]
}

/** How each field may be compared. @see docs/protocol/rpc.md 12; docs/decisions/0119-searches-where-the-protocol-is-silent.md */
const comparisons = { phone: ['==', '!='], nick: ['==', 'like', '!='], names: ['like', '!='] } as const

/** What a search for people asks. @refuses `invalid_data` */
export function peopleQuery({ field, type, value, status }: Search): PeopleQuery | Refused {
  if (field !== 'phone' && field !== 'nick' && field !== 'names') return refuse('invalid_data', 'no field that is searched')
  const allowed: readonly (string | null)[] = comparisons[field]
  if (type === null || !allowed.includes(type)) return refuse('invalid_data', 'this field is not compared so')
  const values = readValues(value, type)
  if ('kind' in values) return values
  const limit = field === 'phone' ? Infinity : limits.searchResults
  return { kind: 'people', field, type, values: values.texts, isOwn: status === 'roster' || type === '!=', limit }
}

/** What a search for own rooms asks; their name is called `name` in a Room. @refuses `invalid_data` */
export function roomQuery({ field, type, value }: Search): RoomQuery | Refused {
  if (field !== 'name' && field !== 'names') return refuse('invalid_data', 'rooms are searched by name')
  if (type !== '==' && type !== 'like') return refuse('invalid_data', 'only own contacts are filtered')
  const values = readValues(value, type)
  return 'kind' in values ? values : { kind: 'rooms', type, values: values.texts }
}

function readValues(value: Search['value'], type: Search['type']): { readonly texts: readonly string[] } | Refused {
  if (value.length > limits.searchValues) return refuse('invalid_data', `more than ${String(limits.searchValues)} values`)
  const texts = value.filter((one) => typeof one === 'string')
  if (texts.length < value.length) return refuse('invalid_data', 'a value that is no text')
  if (type === 'like' && texts.some(isTooShort)) return refuse('invalid_data', `like takes ${String(limits.searchLikeMin)} characters`)
  return { texts: [...new Set(texts)] }
}

function isTooShort(text: string): boolean {
  return Array.from(foldText(text)).length < limits.searchLikeMin
}
