import type { DeviceClient } from '../../../acl/index.js'
import type { Auth } from '../../../protocol/index.js'
import type { ClientId } from '../../../topics/index.js'
import { devices, type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Outcome, type Refused, refuse } from '../../outcome.js'
import { type Handler, handler, type Request } from '../../request.js'

/** The sessions of the caller's phone, as far as a request needs them. */
export interface OwnSessionFacts {
  readonly session: SessionDocument | undefined
  /** All devices of the phone, in order of registration. */
  readonly clients: readonly ClientId[]
  /** Those with a push token. */
  readonly pushes: readonly ClientId[]
}

/** A request of a logged-in device, with its own session. */
export interface DeviceStep<Facts> extends Request<Auth> {
  readonly device: DeviceClient
  readonly session: SessionDocument
  readonly facts: Facts
}

/** The caller's session and its fellow devices; both checked at commit. */
export async function readOwnSession({ caller: { client } }: Request<Auth>, facts: FactReader): Promise<OwnSessionFacts> {
  if (client.kind !== 'device') return { session: undefined, clients: [], pushes: [] }
  const [session, known] = await Promise.all([facts.get(sessions, client.clientId), facts.get(devices, client.phone)])
  return { session, clients: known?.clients ?? [], pushes: known?.pushes ?? [] }
}

/** A handler for requests that only a device with a session may make. @refuses `not_authorized` to everyone else */
export function ownSessionHandler<Facts extends OwnSessionFacts>(
  read: (request: Request<Auth>, facts: FactReader) => Promise<Facts>,
  decide: (step: DeviceStep<Facts>) => Outcome,
): Handler<Auth, Facts> {
  return handler({
    read,
    decide(request: Request<Auth>, facts: Facts): Outcome {
      const own = checkOwnSession(request, facts.session)
      return 'device' in own ? decide({ ...request, ...own, facts }) : own
    },
  })
}

function checkOwnSession(
  { caller: { client } }: Request<Auth>,
  session: SessionDocument | undefined,
): { readonly device: DeviceClient; readonly session: SessionDocument } | Refused {
  if (client.kind !== 'device') return refuse('not_authorized', 'not logged in')
  // It may have been logged out while its connection was still open.
  if (session?.phone !== client.phone) return refuse('not_authorized', 'its session has ended')
  return { device: client, session }
}
