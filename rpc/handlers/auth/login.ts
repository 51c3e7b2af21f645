import type { Auth } from '../../../protocol/index.js'
import { type ClientId, parseClientId } from '../../../topics/index.js'
import { type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { newToken } from '../../tokens.js'
import { tokenUsed } from '../connect/credentials.js'
import { holderPuts, loginAnswer, useToken } from '../connect/session-use.js'

interface LoginFacts {
  readonly client: ClientId | undefined
  readonly session: SessionDocument | undefined
  readonly newToken: string
}

/**
 * Login as a request: tells an unauthenticated connection whether a token is valid, and renews one past its life. A device that is logged
 * in is answered only if its token is renewed.
 * @refuses `session_not_found` for a token that is not valid
 * @see docs/protocol/rpc.md 4, Auth/login
 */
export const login = handler({
  async read({ record, caller, context }: Request<Auth>, facts: FactReader): Promise<LoginFacts> {
    const client = caller.client.kind === 'device' ? caller.clientId : parseClientId(record.client_id ?? '')
    const session = client === undefined ? undefined : await facts.get(sessions, client)
    return { client, session, newToken: newToken(context.random) }
  },

  decide(request: Request<Auth>, { client, session, newToken }: LoginFacts): Outcome {
    const { record, caller, now, context } = request
    const isLoggedIn = caller.client.kind === 'device'
    const token = (isLoggedIn ? caller.token : record.token) ?? ''
    if (client === undefined || session === undefined || tokenUsed(session, token) === undefined) return noSession(isLoggedIn)
    if (!isLoggedIn && now - session.lastOnline >= context.limits.sessionLifeMs) return noSession(isLoggedIn)
    const used = useToken(session, token, { newToken, now, limits: context.limits })
    if (used.renewed !== null) {
      const puts = [sessions.put(used.session, client), ...holderPuts(used.session, client)]
      return accept({ puts, sends: [answer(loginAnswer(client, used.renewed))] })
    }
    // A renewed token takes over at the first CONNECT with it, not here.
    return isLoggedIn ? accept({}) : accept({ sends: [answer(loginAnswer(client, token))] })
  },
})

function noSession(isLoggedIn: boolean): Outcome {
  return isLoggedIn ? accept({}) : refuse('session_not_found', 'no session has this client id and token')
}
