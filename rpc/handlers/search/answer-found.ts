import { record, type Roster, type Search } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { type PhoneId, rosterIdOf } from '../../../topics/index.js'
import { accept, answer, type Outcome } from '../../outcome.js'

/** The answer to a search: a Roster with what was found and nothing else, which echoes reference and status. @see docs/protocol/rpc.md 12 */
export function answerFound(
  { ref, status }: Search,
  asker: PhoneId,
  found: Partial<Pick<Roster, 'userlist' | 'roomlist'>>,
  puts: readonly Put[] = [],
): Outcome {
  const data = record('Roster', { id: rosterIdOf(asker), ...found, status })
  return accept({ puts, sends: [answer(record('io', { code: record('ok', { ref: ref ?? '' }), data }))] })
}
