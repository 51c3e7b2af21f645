import type { Put } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { nicks } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { type Refused, refuse } from '../outcome.js'
import { isNick } from './roster-fields.js'

/** Who holds the nick a request asks for. Checked at commit, so that of two simultaneous requests one is refused. */
export async function readNickHolder(facts: FactReader, nick: string | null): Promise<PhoneId | undefined> {
  return nick === null || nick === '' || !isNick(nick) ? undefined : facts.get(nicks, nick.toLowerCase())
}

/** Whether a roster may take a nick: well-formed, and held by nobody else, case ignored. @refuses `invalid_nick`; `nick` if taken */
export function checkNick(nick: string, holder: PhoneId | undefined, phoneId: PhoneId): Refused | undefined {
  if (!isNick(nick)) return refuse('invalid_nick', 'a nick is 2 to 32 letters, digits and underscores')
  return holder === undefined || holder === phoneId ? undefined : refuse('nick', 'held by another roster')
}

/** Moves the reservation from the old nick to the new one; null or empty stands for none. */
export function reserveNick(phoneId: PhoneId, old: string | null, nick: string): readonly Put[] {
  const oldKey = old?.toLowerCase() ?? ''
  const key = nick.toLowerCase()
  if (key === oldKey) return []
  return [...(oldKey === '' ? [] : [nicks.remove(oldKey)]), ...(key === '' ? [] : [nicks.put(phoneId, key)])]
}
