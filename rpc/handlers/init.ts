import { createHash } from 'node:crypto'
import { record, type RecordOf } from '../../protocol/index.js'
import type { ClientId } from '../../topics/index.js'
import { accept, answer, type Outcome } from '../outcome.js'
import { handler, type Request } from '../request.js'

type Init = RecordOf<'init'>

/**
 * INIT: tells the token of the connection. That is the login token where there is one, else an opaque one that grants nothing. It follows from the
 * client id: what anybody may ask for, under as many ids as he likes, is not stored.
 * @see docs/protocol/rpc.md 2
 */
export const init = handler({
  async read(): Promise<undefined> {
    return undefined
  },

  decide({ caller }: Request<Init>): Outcome {
    return accept({ sends: [answer(tokenAnswer(caller.token ?? opaqueToken(caller.clientId)))] })
  },
})

export const initHandlers = [{ tag: 'init', request: '', handler: init }] as const

/** SHA-256, hex, as login tokens have it. */
function opaqueToken(clientId: ClientId): string {
  return createHash('sha256').update(`init ${clientId}`).digest('hex')
}

/** `{io,<<>>,{'Token',Token}}` */
function tokenAnswer(token: string): RecordOf<'io'> {
  return record('io', { code: '', data: record('Token', { token }) })
}
