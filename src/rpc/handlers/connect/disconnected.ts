import { type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome } from '../../outcome.js'
import type { Caller } from '../../request.js'
import { leave, type PresenceFacts, presencePushes, presencePut, readPresenceFacts } from '../presence/presence-change.js'

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
      readPresenceFacts(facts, client.phone, client.clientId, 'leaves'),
    ])
    return { session, presence }
  },

  decide({ caller, now }: DisconnectedEvent, facts: DisconnectedFacts): Outcome {
    const { client, dialect, codec } = caller
    if (client.kind !== 'device' || facts === null) return drop('only devices have a presence')
    const { session, presence } = facts
    if (!presence.clients.includes(client.clientId)) return drop('its arrival was never announced')
    const after = leave(presence, client.clientId, now)
    // Logged out, the device has no session; it may even be registered anew for another phone.
    const isSame = session?.phone === client.phone
    return accept({
      puts: [
        ...presencePut(presence, after),
        ...(isSame ? [sessions.put({ ...session, lastOnline: now, dialect, codec }, client.clientId)] : []),
      ],
      sends: presencePushes(presence, after),
    })
  },
}
