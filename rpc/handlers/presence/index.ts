import { parsePhoneId, phoneOf, type PhoneId } from '../../../topics/index.js'
import { type Presence as PresenceRecord, record } from '../../../protocol/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { handler, ownRosters, type Request } from '../../request.js'
import { readContactFacts, readPresence, showsPresence } from '../../views/contact-view.js'

/** Whether the other is online; undefined if the caller may not know. */
type Seen = boolean | undefined

/** Whether a friend or fellow member is online (v11). @refuses `not_authorized` for anyone else @see docs/protocol/rpc.md 7 */
export const getPresence = handler({
  async read({ record: { uid }, caller }: Request<PresenceRecord>, facts: FactReader): Promise<Seen> {
    const other = parsePhoneId(uid)
    if (other === undefined || !(await isShown(facts, ownRosters(caller), other))) return undefined
    return (await readPresence(facts, phoneOf(other))).isOnline
  },
  decide({ record: { uid } }: Request<PresenceRecord>, seen: Seen): Outcome {
    if (seen === undefined) return refuse('not_authorized', 'neither friend nor fellow member')
    return accept({ sends: [answer(presenceOf(uid, seen))] })
  },
})

function presenceOf(uid: string, isOnline: boolean): PresenceRecord {
  return record('Presence', { uid, status: isOnline ? 'online' : 'offline' })
}

/** @see docs/protocol/rpc.md 7 */
export const presenceHandlers = [{ tag: 'Presence', request: '', handler: getPresence }] as const

/** To any of the caller's rosters; an own one is shown, too. */
async function isShown(facts: FactReader, own: readonly PhoneId[], other: PhoneId): Promise<boolean> {
  if (own.includes(other)) return true
  const seen = await Promise.all(own.map((owner) => readContactFacts(facts, owner, other)))
  return seen.some(showsPresence)
}
