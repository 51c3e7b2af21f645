import { type Auth, record } from '../../../protocol/index.js'
import type { ClientId } from '../../../topics/index.js'
import { type SessionDocument, sessions } from '../../documents/index.js'
import { isWithinSettings, mergeFeatures } from '../../merge-features.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { type OwnSessionFacts, ownSessionHandler, readOwnSession } from './own-session.js'

interface SessionListFacts extends OwnSessionFacts {
  readonly listed: readonly { readonly client: ClientId; readonly session: SessionDocument }[]
}

/** One Auth per device of the phone, the own first, without secrets. v11 names it get. @see docs/protocol/rpc.md 4, Auth/list */
export const listSessions = ownSessionHandler(
  async (request, facts): Promise<SessionListFacts> => {
    const own = await readOwnSession(request, facts)
    const rows = await Promise.all(own.clients.map(async (client) => ({ client, session: await facts.peek(sessions, client) })))
    return { ...own, listed: rows.flatMap(({ client, session }) => (session === undefined ? [] : [{ client, session }])) }
  },
  ({ device, session, facts }): Outcome => {
    const others = facts.listed.filter(({ client }) => client !== device.clientId)
    return accept({
      sends: [
        answer({ ...sessionRecord(device.clientId, session, 'list'), push: session.push }),
        ...others.map((other) => answer(sessionRecord(other.client, other.session, 'list'))),
      ],
    })
  },
)

/** Merges settings into the own session and answers it (v11). @refuses `invalid_data` beyond the bounds of settings @see docs/protocol/rpc.md 4, Auth/list */
export const updateSession = ownSessionHandler(readOwnSession, ({ record: given, device, session }): Outcome => {
  const settings = mergeFeatures(session.settings, given.settings)
  if (!isWithinSettings(settings)) return refuse('invalid_data', 'too many settings')
  const updated = { ...session, settings }
  return accept({
    puts: [sessions.put(updated, device.clientId)],
    sends: [answer({ ...sessionRecord(device.clientId, updated, 'update'), push: updated.push })],
  })
})

/** A session as its phone's devices see it: token, code, attempts and push token left out. */
function sessionRecord(client: ClientId, session: SessionDocument, type: Auth['type']): Auth {
  return record('Auth', {
    client_id: client,
    dev_key: session.devKey,
    user_id: session.userId,
    phone: session.phone,
    type,
    settings: session.settings,
    os: session.os,
    created: session.created,
    last_online: session.lastOnline,
  })
}
