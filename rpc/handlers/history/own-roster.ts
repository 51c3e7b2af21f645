import type { History } from '../../../protocol/index.js'
import { parsePhoneId, type PhoneId, rosterIdOf } from '../../../topics/index.js'
import { type Caller, ownRosters } from '../../request.js'

/** The own roster that a request names by integer id, decimal text or phone_id; undefined if it is not own. @see docs/protocol/rpc.md 1.2 */
export function ownRoster(caller: Caller, name: History['roster_id']): PhoneId | undefined {
  const phoneId = parsePhoneId(String(name))
  return ownRosters(caller).find((roster) => roster === phoneId || String(rosterIdOf(roster)) === String(name))
}
