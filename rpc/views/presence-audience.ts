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
export function readRosterAudience(facts: FactReader, phoneId: PhoneId): Promise<RosterAudience> {
  return facts.memo(`audience ${phoneId}`, async (own) => {
    const [ac, muc] = await Promise.all([readFriendPhones(own, phoneId), readFellowMembers(own, phoneId)])
    return { phoneId, ac, muc }
  })
}

/** The audience of `ac/<phoneId>`: the phones of its friends, each once, its own left out. */
export function readFriendPhones(facts: FactReader, phoneId: PhoneId): Promise<readonly Phone[]> {
  return facts.memo(`friends ${phoneId}`, async (own) => {
    const phones = new Set((await readFriends(own, phoneId)).map(phoneOf))
    phones.delete(phoneOf(phoneId))
    return [...phones]
  })
}
