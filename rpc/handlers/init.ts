import { record, type RecordOf } from '../../protocol/index.js'
import { initTokens } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome } from '../outcome.js'
import { handler, type Request } from '../request.js'
import { isTokenOf, newToken, storedToken } from '../tokens.js'

type Init = RecordOf<'init'>

interface InitFacts {
  /** Hash of the token issued to this client id before. */
  readonly issued: string | undefined
  readonly newToken: string
}

/**
 * INIT: tells the token of the connection. That is the login token where there is one, else an opaque one that grants nothing; a client that
 * shows the one it was given keeps it.
 * @see docs/protocol/rpc.md 2
 */
export const init = handler({
  async read({ caller, context }: Request<Init>, facts: FactReader): Promise<InitFacts> {
    const stored = caller.token === null ? await facts.get(initTokens, caller.clientId) : undefined
    return { issued: stored?.hash, newToken: newToken(context.random) }
  },

  decide({ record, caller, now }: Request<Init>, { issued, newToken }: InitFacts): Outcome {
    if (caller.token !== null) return accept({ sends: [answer(tokenAnswer(caller.token))] })
    if (record.token !== null && issued !== undefined && isTokenOf(record.token, issued)) {
      return accept({ sends: [answer(tokenAnswer(record.token))] })
    }
    return accept({ puts: [initTokens.put(storedToken(newToken, now), caller.clientId)], sends: [answer(tokenAnswer(newToken))] })
  },
})

export const initHandlers = [{ tag: 'init', request: '', handler: init }] as const

/** `{io,<<>>,{'Token',Token}}` */
function tokenAnswer(token: string): RecordOf<'io'> {
  return record('io', { code: '', data: record('Token', { token }) })
}
