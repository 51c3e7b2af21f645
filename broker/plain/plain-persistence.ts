import { Readable } from 'node:stream'
import { type PlainCluster, type PlainLog, type PlainPacket, packetName } from './plain-cluster.js'
import { newPlainIndex } from './plain-index.js'

export type Method = (...args: never[]) => unknown

/** A client as Aedes hands it to its persistence; `clean` is missing where only the id is known. */
export interface PlainClient {
  readonly id: string
  readonly clean?: boolean
}

interface Subscriber {
  readonly clientId: string
}

/** The methods of a persistence of Aedes, each bound to it: it keeps its state in private fields. */
export function methodsOf(persistence: object): Record<string, Method> {
  const methods: Record<string, Method> = {}
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(persistence))) {
    const method: unknown = (persistence as Record<string, unknown>)[name]
    if (name !== 'constructor' && typeof method === 'function') methods[name] = method.bind(persistence) as Method
  }
  return methods
}

type Ask = (name: string, ...args: unknown[]) => Promise<unknown>

const nothing = (): Readable => Readable.from([])

export interface PlainPersistenceOptions {
  /** Packets kept for a session that is away; beyond it the oldest is dropped. */
  readonly queueLimit: number
  readonly log: PlainLog
  /** A client connects, and has not been answered yet. */
  readonly onConnect: (client: PlainClient) => Promise<void>
}

/**
 * `aedes-persistence-redis` with what it leaves open: its index of subscriptions is right again after the link to Redis was lost, queues are
 * bounded and are delivered as a whole (by {@link newPlainDelivery}, so that Aedes itself finds them empty), a repeated packet has the id it had,
 * and what a clean session leaves is removed. There are no retained messages (docs/protocol/topics.md 10), and no will is stored.
 */
export function plainPersistence(cluster: PlainCluster, { queueLimit, log, onConnect }: PlainPersistenceOptions): Record<string, Method> {
  const inner = methodsOf(cluster.persistence)
  const ask: Ask = async (name, ...args) => inner[name]?.(...(args as never[]))
  const index = newPlainIndex(
    cluster,
    async (client) => (await ask('subscriptionsByClient', { id: client })) as { topic: string; qos: number }[],
  )

  return {
    ...inner,
    createRetainedStream: nothing,
    createRetainedStreamCombi: nothing,
    streamWill: nothing,
    outgoingStream: nothing,
    ...receivedMethods(cluster),
    ...sentMethods(cluster, ask),
    ...subscriptionMethods(cluster, ask),

    async setup() {
      await ask('setup', index.broker)
      await index.refresh()
      cluster.onResubscribed(() => {
        index.refresh().catch((error: unknown) => {
          log.warn({ err: error }, 'subscriptions of other processes could not be read')
        })
      })
    },

    async delWill(client: PlainClient & { readonly brokerId?: string }) {
      // At the end of a connection Aedes names the broker too.
      if (client.brokerId === undefined) await onConnect(client)
    },

    async outgoingEnqueueCombi(subscribers: readonly Subscriber[], packet: PlainPacket) {
      // A client whose subscriptions overlap is owed a packet once.
      const owed = [...new Map(subscribers.map((one) => [one.clientId, one])).values()]
      await ask('outgoingEnqueueCombi', owed, packet)
      const dropped = await Promise.all(owed.map(({ clientId }) => cluster.trimQueue(clientId, queueLimit)))
      owed.forEach(({ clientId }, i) => {
        if (dropped[i] !== 0) log.warn({ event: 'plain-dropped', client: clientId }, 'a queue is full: its oldest packet was dropped')
      })
    },

    async subscriptionsByTopic(topic: string) {
      await index.fresh()
      return ask('subscriptionsByTopic', topic)
    },
  }
}

/** What sessions subscribe to, one change of a client after the other. */
function subscriptionMethods(cluster: PlainCluster, ask: Ask): Record<string, Method> {
  const inTurn = newTurns()
  return {
    // It waits for its own telling of a change by client and first filter: of two at a time one would never end.
    addSubscriptions: (client: PlainClient, subscriptions: unknown) =>
      inTurn(client.id, () => ask('addSubscriptions', client, subscriptions)),
    removeSubscriptions: (client: PlainClient, filters: unknown) => inTurn(client.id, () => ask('removeSubscriptions', client, filters)),

    cleanSubscriptions: (client: PlainClient) =>
      inTurn(client.id, async () => {
        await cluster.forgetSession(client.id)
        await ask('cleanSubscriptions', client)
      }),
  }
}

/** What was sent to sessions and is not acknowledged. */
function sentMethods(cluster: PlainCluster, ask: Ask): Record<string, Method> {
  /** Names of what was sent and is not acknowledged, by packet id. */
  const sent = new WeakMap<PlainClient, Map<number, string>>()
  const noteSent = (client: PlainClient, messageId: number, name: string): void => {
    sent.set(client, (sent.get(client) ?? new Map<number, string>()).set(messageId, name))
  }

  return {
    async outgoingUpdate(client: PlainClient, packet: PlainPacket) {
      const { messageId = 0 } = packet
      if (packet.brokerId !== undefined) noteSent(client, messageId, packetName(packet))
      if (packet.cmd !== 'pubrel') {
        await Promise.all([ask('outgoingUpdate', client, packet), cluster.sentAs.note(client.id, packetName(packet), messageId)])
        return
      }
      // What was sent by another process is not known by its id here: it is sent again, and acknowledged, when the queue is.
      await ask('outgoingUpdate', client, packet).catch(() => undefined)
    },

    // The inner one would count an acknowledgement of what was in no queue against those in whose queues it is.
    async outgoingClearMessageId(client: PlainClient, { messageId = 0 }: PlainPacket) {
      const name = sent.get(client)?.get(messageId)
      if (name === undefined) return
      sent.get(client)?.delete(messageId)
      await cluster.settle(client.id, name)
    },
  }
}

/** Does what concerns one client one after the other. */
function newTurns(): (client: string, work: () => Promise<unknown>) => Promise<unknown> {
  const last = new Map<string, Promise<unknown>>()
  return (client, work) => {
    const turn = (last.get(client) ?? Promise.resolve()).then(work, work)
    last.set(client, turn)
    const forget = (): void => {
      if (last.get(client) === turn) last.delete(client)
    }
    turn.then(forget, forget)
    return turn
  }
}

/** QoS 2 publishes between PUBREC and PUBREL: of a session in Redis, so that it may go on elsewhere; of a clean one with the connection. */
function receivedMethods({ received }: PlainCluster): Record<string, Method> {
  const ofConnections = new WeakMap<PlainClient, Set<number>>()
  const isReceived = async (client: PlainClient, messageId: number): Promise<boolean> =>
    client.clean === true ? ofConnections.get(client)?.has(messageId) === true : received.has(client.id, messageId)

  return {
    async incomingStorePacket(client: PlainClient, { messageId = 0 }: PlainPacket) {
      if (client.clean !== true) await received.add(client.id, messageId)
      else ofConnections.set(client, (ofConnections.get(client) ?? new Set<number>()).add(messageId))
    },
    async incomingGetPacket(client: PlainClient, packet: PlainPacket) {
      if (!(await isReceived(client, packet.messageId ?? 0))) throw new Error('no such packet')
      return packet
    },
    async incomingDelPacket(client: PlainClient, { messageId = 0 }: PlainPacket) {
      if (client.clean === true) ofConnections.get(client)?.delete(messageId)
      else await received.remove(client.id, messageId)
    },
    // Aedes asks at each clean CONNECT and at its end, of devices too: that would be a way to Redis for what is not there.
    async cleanIncoming(client: PlainClient) {
      await Promise.resolve(ofConnections.delete(client))
    },
  }
}
