import { parseRosterName, type Roster } from '../../protocol/index.js'
import { type PhoneId, phoneOf, rosterIdOf } from '../../topics/index.js'
import { type Caller, ownRosters } from '../request.js'

/** The own roster that a request names by integer id, decimal binary or phone_id; undefined if it is not own. @see docs/protocol/rpc.md 1.2 */
export function findOwnRoster(caller: Caller, name: Roster['id']): PhoneId | undefined {
  const named = parseRosterName(name)
  if (named === undefined) return undefined
  return ownRosters(caller).find((own) => rosterIdOf(own) === named.rosterId && (named.phone === undefined || named.phone === phoneOf(own)))
}
