import { type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome } from '../../outcome.js'
import type { DisconnectedEvent } from './disconnected.js'

/**
 * What follows at once when a connection breaks, before anybody can know whether its device comes back: the session keeps the dialect and codec
 * of its latest request, in which the next connection begins, wherever that is.
 */
export const lost = {
  async read({ caller: { client } }: DisconnectedEvent, facts: FactReader): Promise<SessionDocument | undefined> {
    return client.kind === 'device' ? facts.get(sessions, client.clientId) : undefined
  },

  decide({ caller: { client, dialect, codec } }: DisconnectedEvent, session: SessionDocument | undefined): Outcome {
    if (client.kind !== 'device' || session?.phone !== client.phone) return drop('it has no session')
    if (session.dialect === dialect && session.codec === codec) return drop('it spoke as it did before')
    return accept({ puts: [sessions.put({ ...session, dialect, codec }, client.clientId)] })
  },
}
