import { type Phone, phoneOf, type PhoneId } from '../../topics/index.js'
import type { FactReader } from '../facts.js'
import { readFriends } from './contact-view.js'
import { readFellowMembers } from './room-view.js'

/** Who learns of changes of one roster: the audiences of its `ac` and `muc` topics, as phones, its own left out. */
export interface RosterAudience {
  readonly phoneId: PhoneId
  readonly ac: readonly Phone[]
  readonly muc: readonly Phone[]
}

/** @see docs/protocol/topics.md 7 and 8 */
export async function readRosterAudience(facts: FactReader, phoneId: PhoneId): Promise<RosterAudience> {
  const [ac, muc] = await Promise.all([readFriendPhones(facts, phoneId), readFellowMembers(facts, phoneId)])
  return { phoneId, ac, muc }
}

/** The audience of `ac/<phoneId>`: the phones of its friends, each once, its own left out. */
export async function readFriendPhones(facts: FactReader, phoneId: PhoneId): Promise<readonly Phone[]> {
  const phones = new Set((await readFriends(facts, phoneId)).map(phoneOf))
  phones.delete(phoneOf(phoneId))
  return [...phones]
}
