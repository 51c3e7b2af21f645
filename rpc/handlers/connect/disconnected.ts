import type { Codec, Dialect } from '../../../protocol/index.js'
import type { Phone } from '../../../topics/index.js'
import { type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome } from '../../outcome.js'
import type { Caller } from '../../request.js'
import { leave, type PresenceFacts, readPresenceFacts } from '../presence/presence-change.js'

/** A connection that has ended while no other one has taken over its client id. */
export interface DisconnectedEvent {
  readonly caller: Caller
  readonly now: number
}

/** Facts for the departure of a device; null for everyone else. */
export type DisconnectedFacts = { readonly session: SessionDocument | undefined; readonly presence: PresenceFacts } | null

/**
 * What follows the end of a connection: `offline` to friends and fellow members if it was the last one of the phone, and the session keeps
 * the dialect and codec of its latest request. A device whose connection was never announced (its version was refused) changes nothing.
 * @see docs/protocol/rpc.md 7
 */
export const disconnected = {
  async read({ caller: { client } }: DisconnectedEvent, facts: FactReader): Promise<DisconnectedFacts> {
    if (client.kind !== 'device') return null
    const [session, presence] = await Promise.all([
      facts.get(sessions, client.clientId),
      readPresenceFacts(facts, client.phone, client.clientId, { move: 'leaves' }),
    ])
    return { session, presence }
  },

  decide({ caller: { client, dialect, codec }, now }: DisconnectedEvent, facts: DisconnectedFacts): Outcome {
    if (client.kind !== 'device' || facts === null) return drop('only devices have a presence')
    return depart(facts, client.phone, { now, dialect, codec })
  },
}

/** When a device was last heard of, and how it spoke, as far as that is known. */
export interface LastHeard {
  readonly now: number
  readonly dialect?: Dialect
  readonly codec?: Codec
}

/** What the departure of a device changes. */
export function depart({ session, presence }: NonNullable<DisconnectedFacts>, phone: Phone, { now, ...speech }: LastHeard): Outcome {
  const { puts, sends } = leave(presence, now)
  if (puts.length === 0) return drop('its arrival was never announced')
  // Logged out, the device has no session; it may even be registered anew for another phone.
  const isSame = session?.phone === phone
  const kept = isSame ? [sessions.put({ ...session, ...speech, lastOnline: now }, presence.client)] : []
  return accept({ puts: [...puts, ...kept], sends })
}
