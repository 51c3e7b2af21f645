import type { Client } from '../../../acl/index.js'
import type { Codec, Dialect, Encoding } from '../../../protocol/index.js'
import { actionsTopic, type ClientId } from '../../../topics/index.js'
import type { Fence } from '../../../store/contract.js'
import type { Caller } from '../../request.js'
import type { Asker } from './draft.js'

/** A connection as a worker knows it. */
export interface WorkerConnection {
  readonly number: number
  readonly client: Client
  readonly clientId: ClientId
  readonly actionsTopic: string
  readonly address: string
  /** Its login token, if it has one; kept in memory only. */
  readonly token: string | null
  readonly isVersionSupported: boolean
  /** Its door answers each request by its verdict. */
  readonly isToldVerdicts: boolean
  /** In a cluster: what all it asks for rests on, once its inbox has been opened. */
  fence: Fence | undefined
  /** How far its inbox had been sent when it ended; undefined if that is not known. */
  sentTo: number | undefined
  dialect: Dialect
  /** Codec of its latest request. */
  codec: Codec
}

export function newWorkerConnection(parts: Omit<WorkerConnection, 'actionsTopic' | 'clientId' | 'fence' | 'sentTo'>): WorkerConnection {
  const { clientId, userName } = parts.client
  return { ...parts, clientId, actionsTopic: actionsTopic(userName, clientId), fence: undefined, sentTo: undefined }
}

export function callerOf({ client, clientId, dialect, codec, address, token, isToldVerdicts }: WorkerConnection): Caller {
  return { client, clientId, dialect, codec, address, token, isToldVerdicts }
}

/** How the connection is answered. Answers to its own coming and going are for this connection, and enter no inbox. */
export function askerOf(connection: WorkerConnection, qos: 0 | 1 | 2, isRequest: boolean): Asker {
  const { number, clientId, actionsTopic: topic, client } = connection
  return { connection: number, clientId, actionsTopic: topic, hasInbox: isRequest && client.kind === 'device', qos }
}

/** How the connection is answered. */
export function encodingFor({ codec, dialect }: WorkerConnection): Encoding {
  return { codec, dialect }
}
