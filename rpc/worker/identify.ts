import { decideVersion } from '../../acl/index.js'
import type { RpcContext } from '../context.js'
import type { SessionDocument } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { decideConnection, readConnectFacts, type ServiceSecrets } from '../handlers/connect/credentials.js'
import type { ConnectResult } from '../link/to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { newWorkerConnection, type WorkerConnection } from './worker-connection.js'

export interface IdentifyWorld {
  readonly reader: FactReader
  readonly services: ServiceSecrets
  readonly context: RpcContext
  readonly now: number
}

export type Identified =
  | (ConnectResult & { readonly kind: 'refused' })
  | { readonly kind: 'known'; readonly connection: WorkerConnection; readonly hasSessionBefore: boolean }

/** Who a CONNECT comes from, and which dialect and codec it begins with. @see docs/protocol/topics.md 12 to 14 */
export async function identify(message: ControlToWorker & { kind: 'connect' }, world: IdentifyWorld): Promise<Identified> {
  const { clientId, userName, isClean, password } = message
  const credentials = { clientId, userName, password, isCleanSession: isClean }
  const known = await readConnectFacts(world.reader, credentials, world.services, { now: world.now, limits: world.context.limits })
  const decision = decideConnection(credentials, known)
  if (decision.kind === 'refuse') return { kind: 'refused', returnCode: decision.returnCode, because: decision.because }
  // The broker has given an id to whoever may have one assigned.
  if (decision.kind === 'assign') return { kind: 'refused', returnCode: 2, because: decision.because }
  const { client, session, token } = decision
  const { connection: number, address } = message
  const connection = newWorkerConnection({ number, client, address, token, ...speech(message.willTopic, session) })
  return { kind: 'known', connection, hasSessionBefore: !isClean && session !== undefined && session.lastOnline > session.created }
}

/** A will on `version/N` tells the version; without one, the device speaks as it did before. */
function speech(
  willTopic: string | null,
  session: SessionDocument | undefined,
): Pick<WorkerConnection, 'isVersionSupported' | 'dialect' | 'codec'> {
  const version = decideVersion(willTopic ?? undefined)
  const namesVersion = willTopic?.startsWith('version/') === true
  return {
    isVersionSupported: version.isSupported,
    dialect: namesVersion ? version.dialect : (session?.dialect ?? version.dialect),
    codec: session?.codec ?? 'bert',
  }
}
