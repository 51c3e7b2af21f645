import { decode, type Decoded } from '../../../protocol/index.js'
import { parseTopic, isEventsTopic } from '../../../topics/index.js'
import type { RpcContext } from '../../context.js'
import { dispatch, nameOf, refuseMalformed } from '../../dispatcher.js'
import type { FactReader } from '../../facts.js'
import { connected, type ConnectedEvent, greetUnstored } from '../../handlers/connect/connected.js'
import { disconnected } from '../../handlers/connect/disconnected.js'
import { lost } from '../../handlers/connect/lost.js'
import { remained } from '../../handlers/connect/remained.js'
import { directPublish } from '../../handlers/direct-publish.js'
import type { RequestMessage } from '../link/to-worker.js'
import { filedRecord } from '../../names/rename-record.js'
import { filedTopic } from '../../names/rename-topic.js'
import { drop, type Outcome, refuse } from '../../outcome.js'
import { readPresentClient } from '../../present-client.js'
import type { KnownNames } from './known-names.js'
import { digestOf } from './marks.js'
import type { BatchItem } from './batch.js'
import { askerOf, callerOf, type WorkerConnection } from './worker-connection.js'

/** A request, and the name under which it is counted. */
export interface NamedItem extends BatchItem {
  /** `Friend/request`, `publish`, `connected` …: of few kinds, never from a peer. */
  readonly name: () => string
}

export interface RequestWorld {
  readonly context: RpcContext
  readonly names: KnownNames
  readonly now: () => number
}

/** A PUBLISH as a batch item: a request on `events/`, or a direct publish to a topic. */
export function requestItem(message: RequestMessage, connection: WorkerConnection, world: RequestWorld): NamedItem {
  const { request, packetId, qos, isRepeated, topic, payload } = message
  const isEvent = isEventsTopic(topic)
  const hasMarks = packetId !== 0 && (connection.client.kind === 'device' || connection.client.kind === 'service')
  let name = isEvent ? 'malformed' : 'publish'
  return {
    asker: askerOf(connection, qos, true),
    request,
    isRepeated,
    bytes: payload.byteLength,
    answersRefusals: isEvent,
    ...fenceOf(connection),
    ...(hasMarks ? { mark: { packetId, digest: digestOf(topic, payload) } } : {}),
    name: () => name,
    async evaluate(reader) {
      if (message.isCondemned) return refuse('internal', 'workers have died of it')
      const decoded = decode(payload, connection.dialect)
      if (decoded.kind === 'record') name = isEvent ? nameOf(decoded.record) : 'publish'
      return isEvent
        ? evaluateEvent(decoded, connection, topic, reader, world)
        : evaluateDirect(message, decoded, connection, reader, world)
    },
  }
}

async function evaluateEvent(
  decoded: Decoded,
  connection: WorkerConnection,
  topic: string,
  reader: FactReader,
  { context, names, now }: RequestWorld,
): Promise<Outcome> {
  if (parseTopic(topic).kind !== 'events') return drop('not a topic of version 1')
  if (decoded.encoding.codec !== connection.codec) connection.codec = decoded.encoding.codec
  if (decoded.kind === 'refusal') return refuseMalformed(decoded.because)
  // The arity of an Auth tells the dialect of the device, whatever its will said [topics.md 14].
  if (decoded.record.tag === 'Auth') connection.dialect = decoded.encoding.dialect
  const record = filedRecord(decoded.record, await names.asOf(reader))
  return dispatch({ record, caller: callerOf(connection), now: now(), context }, reader, decoded.misfits)
}

async function evaluateDirect(
  { topic, payload }: RequestMessage,
  decoded: Decoded,
  connection: WorkerConnection,
  reader: FactReader,
  { context, names, now }: RequestWorld,
): Promise<Outcome> {
  const known = await names.asOf(reader)
  const filed = decoded.kind === 'record' ? { ...decoded, record: filedRecord(decoded.record, known) } : decoded
  const caller = { ...callerOf(connection), client: await readPresentClient(connection.client, reader) }
  const publish = { topic: parseTopic(filedTopic(topic, known)), payload, decoded: filed, caller, now: now(), context }
  return directPublish(publish, reader)
}

/** What follows CONNACK. In a cluster the inbox has been opened before it. */
export function connectedItem(connection: WorkerConnection, { context, now }: RequestWorld): NamedItem {
  const eventOf = (): ConnectedEvent => {
    return { caller: callerOf(connection), isVersionSupported: connection.isVersionSupported, now: now(), context }
  }
  const item = eventItem('connected', connection, async (reader) => {
    const event = eventOf()
    return connected.decide(event, await connected.read(event, reader))
  })
  const evaluateUnstored = async (reader: FactReader): Promise<Outcome> => {
    const event = eventOf()
    return greetUnstored(event, await connected.read(event, reader))
  }
  return { ...item, ...opening(connection, context), evaluateUnstored }
}

/** What follows at once when a connection is lost. */
export function lostItem(connection: WorkerConnection, { now }: RequestWorld): NamedItem {
  const item = eventItem('lost', connection, async (reader) => {
    const event = { caller: callerOf(connection), now: now() }
    return lost.decide(event, await lost.read(event, reader))
  })
  return connection.fence === undefined ? item : { ...item, ...givingUp(connection) }
}

/** What follows the end of a connection. @param fence of the inbox, if that has been given up since */
export function disconnectedItem(connection: WorkerConnection, { now }: RequestWorld, fence = connection.fence): NamedItem {
  const item = eventItem('disconnected', connection, async (reader) => {
    const event = { caller: callerOf(connection), now: now() }
    return disconnected.decide(event, await disconnected.read(event, reader))
  })
  if (fence === undefined) return { ...item, ...givingUp(connection) }
  return { ...item, fence, ...(fence.epoch === connection.fence?.epoch ? givingUp(connection) : {}) }
}

/** The process was taken for dead, or could not store that a device had come; the connection stands. */
export function remainedItem(connection: WorkerConnection, { context, now }: RequestWorld): NamedItem {
  const item = eventItem('remained', connection, async (reader) => {
    const event = { caller: callerOf(connection), now: now() }
    return remained.decide(event, await remained.read(event, reader))
  })
  return { ...item, ...opening(connection, context) }
}

/** From now on the inbox of a device may be sent. In a cluster that was stored before its CONNACK. */
function opening({ client, clientId, fence }: WorkerConnection, { boot }: RpcContext): Pick<BatchItem, 'opens'> {
  return fence !== undefined || client.kind !== 'device' ? {} : { opens: { client: clientId, holder: boot } }
}

/** Nobody holds the inbox from now on. */
function givingUp({ client, clientId, fence, sentTo }: WorkerConnection): Pick<BatchItem, 'opens'> {
  if (fence === undefined && client.kind !== 'device') return {}
  return { opens: { client: clientId, holder: '', ...(sentTo === undefined ? {} : { sentTo }) } }
}

function eventItem(name: string, connection: WorkerConnection, evaluate: BatchItem['evaluate']): NamedItem {
  const asker = askerOf(connection, 1, false)
  const evaluateUnstored = (): Promise<Outcome> => Promise.resolve(drop('nothing can be stored'))
  return {
    asker,
    request: 0,
    isRepeated: false,
    answersRefusals: false,
    ...fenceOf(connection),
    name: () => name,
    evaluate,
    evaluateUnstored,
  }
}

function fenceOf({ fence }: WorkerConnection): Pick<BatchItem, 'fence'> {
  return fence === undefined ? {} : { fence }
}
