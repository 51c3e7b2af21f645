import type { CoreRefusal, EntityId, Names, PayloadOf, RequestName, Viewer } from '../../cadmium/index.js'
import type { AnyRecord } from '../../protocol/index.js'
import type { Told } from './asks.js'

/** Who has logged in, as requests see him. */
export interface Person extends Viewer {
  readonly names: Names
  /** The number of the account. */
  readonly phone: string
  /** The own roster that the request acts for. */
  readonly self: string
}

/** A request that has passed all checks of its form, and what it may ask of the messenger. */
export interface Call<Name extends RequestName> {
  readonly name: Name
  readonly to: EntityId | null
  readonly payload: PayloadOf<Name>
  readonly person: Person
  readonly ask: (record: AnyRecord) => Promise<Told>
}

/** What a request comes to: the payload of its answer, or why it was not done. */
export type Result = { readonly ok: object } | CoreRefusal

export type Handle<Name extends RequestName> = (call: Call<Name>) => Promise<Result>

export function isRefusal(result: object): result is CoreRefusal {
  return 'error' in result
}
