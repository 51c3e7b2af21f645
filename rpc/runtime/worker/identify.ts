import { decideVersion } from '../../../acl/index.js'
import { type ClientId, clientKind, parseClientId, serviceNameOf } from '../../../topics/index.js'
import type { RpcContext } from '../../context.js'
import type { SessionDocument } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { decideConnection, type KnownClient, readConnectFacts, type ServiceSecrets } from '../../handlers/connect/credentials.js'
import type { ConnectResult } from '../link/messages-to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { judgeAtDoor, type ServiceDoorWorld } from './service-door.js'
import { newWorkerConnection, type WorkerConnection } from './worker-connection.js'

export interface IdentifyWorld extends ServiceDoorWorld {
  readonly reader: FactReader
  readonly services: ServiceSecrets
  readonly context: RpcContext
  readonly now: number
}

type ConnectMessage = ControlToWorker & { readonly kind: 'connect' }

export type Identified =
  | (ConnectResult & { readonly kind: 'refused' })
  | { readonly kind: 'known'; readonly connection: WorkerConnection; readonly hasSessionBefore: boolean }

/** Who a CONNECT comes from, and which dialect and codec it begins with. @see docs/protocol/topics.md 12 to 14 */
export async function identify(message: ConnectMessage, world: IdentifyWorld): Promise<Identified> {
  const { clientId, userName, isClean, password } = message
  const credentials = { clientId, userName, password, isCleanSession: isClean }
  const { context, now } = world
  const read = await readConnectFacts(world.reader, credentials, world.services, { now, limits: context.limits })
  const known = await countSecret(message, read, world)
  const decision = decideConnection(credentials, known)
  if (decision.kind === 'refuse') {
    const { returnCode, because } = decision
    const isWrongSecret = isService(clientId) && known.facts.password === 'wrong'
    return { kind: 'refused', returnCode, because, delayMs: isWrongSecret ? context.limits.wrongSecretDelayMs : 0 }
  }
  // The broker has given an id to whoever may have one assigned.
  if (decision.kind === 'assign') return { kind: 'refused', returnCode: 2, because: decision.because, delayMs: 0 }
  const { client, session, token } = decision
  const { connection: number, address, isToldVerdicts = false } = message
  const connection = newWorkerConnection({ number, client, address, token, isToldVerdicts, ...speech(message.willTopic, session) })
  return { kind: 'known', connection, hasSessionBefore: !isClean && session !== undefined && session.lastOnline > session.created }
}

function isService(clientId: string): boolean {
  const id = parseClientId(clientId)
  return id !== undefined && clientKind(id) === 'service'
}

/** A right secret counts only where there have not been too many wrong ones. A connection that stands has been let in, and stays. */
async function countSecret({ clientId, address, stands }: ConnectMessage, known: KnownClient, world: IdentifyWorld): Promise<KnownClient> {
  const { isKnown, password } = known.facts
  if (!isService(clientId) || (stands && password === 'right')) return known
  const { now, context } = world
  const service = serviceNameOf(clientId as ClientId)
  const tried = { service, isConfigured: isKnown, isRight: password === 'right', address, now, limits: context.limits }
  return { ...known, facts: { isKnown, password: await judgeAtDoor(tried, world) } }
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
