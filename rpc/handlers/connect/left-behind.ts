import type { Opening } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { clusterMembers, online, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome } from '../../outcome.js'
import { readPresenceFacts } from '../presence/presence-change.js'
import { depart, type DisconnectedFacts } from './disconnected.js'

/** A device that was connected to a process that is dead, as the heir of that process finds it. */
export interface LeftBehindEvent {
  readonly dead: string
  readonly client: ClientId
  readonly phone: Phone
  /** How its inbox is given up; none where it has been. */
  readonly opens: readonly Opening[]
  readonly now: number
}

/** Facts for such a device; null if this process is not the heir (any more). */
export type LeftBehindFacts = DisconnectedFacts

/**
 * What follows the death of a process for one of its devices: the same as the end of a connection, unless the device has connected elsewhere
 * or its process turns out to live.
 * @see docs/protocol/rpc.md 7
 */
export const leftBehind = {
  async read({ dead, client, phone }: LeftBehindEvent, facts: FactReader): Promise<LeftBehindFacts> {
    const member = await facts.get(clusterMembers, 'all', dead)
    if (member?.heir !== facts.boot) return null
    const [session, presence] = await Promise.all([
      facts.get(sessions, client),
      readPresenceFacts(facts, phone, client, { move: 'leaves', boot: dead }),
    ])
    return { session, presence }
  },

  decide({ dead, client, phone, opens, now }: LeftBehindEvent, facts: LeftBehindFacts): Outcome {
    if (facts === null) return drop('another one takes care of it')
    if (facts.presence.noted !== dead) return accept({ puts: [online.remove(dead, client)], opens })
    const departed = depart(facts, phone, { now })
    return departed.kind === 'accepted' ? { ...departed, opens } : departed
  },
}
