import { Aedes, type AedesPublishPacket } from 'aedes'
import type { Duplex } from 'node:stream'
import { admitConnect, askWho, connected, newGateWorld, serveSocket } from './accept.js'
import type { BrokerState, MessengerOptions, MessengerWorld } from './broker-state.js'
import type { Links } from './links.js'
import type { Origin } from './origin.js'
import { newSocketWriter } from './packets/socket-writer.js'
import { newPersistence, type PlainPublishes } from './plain/persistence.js'
import { newPlainBroker, takeOver } from './plain/plain-broker.js'
import type { PlainCluster, Publish } from './plain/plain-cluster.js'
import { keepPacketIdsApart } from './plain/plain-packet-ids.js'
import { type Method, plainPersistence } from './plain/plain-persistence.js'
import { takesPlain } from './plain/plain-reading.js'
import { mayReceivePlain } from './plain/plain-right.js'
import { newPublishOrder } from './plain/publish-order.js'
import { acceptPublish, publishPlain } from './publishes.js'
import { acceptSubscribe, forgetFilters, Subscribing } from './subscriptions.js'

/** The MQTT side of the server: a door of delivery, and plain MQTT use. Decisions are the ring's. */
export interface Messenger {
  /** Serves a socket that a listener has accepted. */
  serve(socket: Duplex, origin: Origin): void
  /** A worker has decided on a SUBSCRIBE to a chat topic. */
  onSubscribed(request: number, isAllowed: boolean): void
}

/** Packets a client may send before its CONNACK; MQTT lets it send as soon as it has sent CONNECT. */
const queuedBeforeConnack = 256

/** Opens the door: what it serves is known to `world.delivery` from then on. */
export async function startMessenger(options: MessengerOptions, world: MessengerWorld): Promise<Messenger> {
  const { delivery } = world
  const links: Links = { byAedes: new WeakMap(), connections: delivery.connections }
  const plain: PlainPublishes = new WeakSet()
  const plainMethods = world.plain === undefined ? undefined : sharedPersistence(options, world, world.plain, links)
  const aedes = newAedes(options, newPersistence(options, links, plain, plainMethods), world.plain)
  const state: BrokerState = {
    ...{ options, world, aedes, links, plain },
    published: new WeakSet(),
    plainBroker: undefined,
    writer: newSocketWriter(),
    gateWorld: newGateWorld(options, world),
    origins: new WeakMap(),
  }
  const subscribing = new Subscribing((connection, request, filter) => {
    world.askSubscribe(connection.node, connection.number, request, filter)
  })
  await hook(state, subscribing, plainMethods)
  delivery.addDoor({
    flush: state.writer.flush,
    askAgain: (node) => {
      subscribing.askAgain(node)
    },
    close: () =>
      new Promise((resolve) => {
        aedes.close(resolve)
      }),
  })
  return {
    serve: (socket, origin) => {
      serveSocket(state, socket, origin)
    },
    onSubscribed: (request, isAllowed) => {
      subscribing.decided(request, isAllowed)
    },
  }
}

/** Packets of plain MQTT use kept for a session that is away, unless the options say otherwise. */
const defaultQueueLimit = 1_000
/** All of a queue may be unacknowledged at a time, and has packet ids of its own then. */
const mostQueued = 10_000

function sharedPersistence(
  { queueLimit = defaultQueueLimit }: MessengerOptions,
  { log }: MessengerWorld,
  cluster: PlainCluster,
  links: Links,
): Record<string, Method> {
  return plainPersistence(cluster, {
    queueLimit: Math.min(queueLimit, mostQueued),
    log,
    onConnect: (client) => takeOver({ links }, cluster, client),
  })
}

function newAedes(
  { connectTimeoutMs, drainTimeoutMs }: MessengerOptions,
  persistence: ReturnType<typeof newPersistence>,
  cluster: PlainCluster | undefined,
): Aedes {
  return new Aedes({
    persistence,
    ...(cluster === undefined ? {} : { id: cluster.brokerId, mq: cluster.mq as never }),
    // 0: one frozen subscriber cannot stop the delivery to others (docs/decisions/0003).
    concurrency: 0,
    connectTimeout: connectTimeoutMs,
    drainTimeout: drainTimeoutMs,
    queueLimit: queuedBeforeConnack,
    maxClientsIdLength: 128,
  })
}

async function hook(state: BrokerState, subscribing: Subscribing, plainMethods: Record<string, Method> | undefined): Promise<void> {
  const { aedes } = state
  aedes.preConnect = (client, packet, callback) => {
    keepPacketIdsApart(client)
    callback(null, admitConnect(state, client, packet))
  }
  aedes.authenticate = (client, _userName, _password, decide) => {
    askWho(state, client, decide)
  }
  aedes.authorizePublish = (client, packet, done) => {
    if (client === null) done(null)
    else acceptPublish(state, client, packet, done)
  }
  aedes.authorizeSubscribe = (client, subscription, granted) => {
    acceptSubscribe(state, subscribing, client, subscription, granted)
  }
  aedes.on('unsubscribe', (filters, client) => {
    forgetFilters(state.links.byAedes.get(client), filters)
  })
  aedes.authorizeForward = (client, packet) =>
    mayReceivePlain(state.links.byAedes.get(client)?.connection, packet.topic, state.options) ? packet : null
  const { plain: cluster } = state.world
  const publish = inOrder(aedes, cluster !== undefined)
  if (cluster !== undefined && plainMethods !== undefined) state.plainBroker = newPlainBroker(state, cluster, plainMethods, publish)
  const { authorizeForward } = aedes
  aedes.authorizeForward = (client, packet) =>
    takesPlain(state.links.byAedes.get(client)?.connection, packet) ? authorizeForward(client, packet) : null
  Object.assign(aedes, { publish: publishPlain(state, publish) satisfies (packet: AedesPublishPacket, ...rest: never[]) => void })
  aedes.on('clientReady', (client) => {
    const link = state.links.byAedes.get(client)
    if (link !== undefined) connected(state, link)
  })
  // A keep-alive is the moment to look whether anything was missed.
  aedes.on('ping', (_packet, client) => {
    const pump = state.links.byAedes.get(client)?.connection.pump
    if (pump?.isIdle === true) pump.refresh()
  })
  aedes.on('clientError', (client, error) => {
    state.world.log.debug({ client: client.id, because: error.message }, 'connection lost')
  })
  // Aedes' types do not know of it.
  const events: NodeJS.EventEmitter = aedes
  events.on('error', (error: unknown) => {
    state.world.log.warn({ err: error }, 'plain MQTT use failed')
  })
  aedes.on('connectionError', (_client, error) => {
    state.world.log.debug({ because: error.message }, 'connection lost before CONNECT')
  })
  await aedes.listen()
}

/** Aedes' own publishing, in the order in which it numbers packets. */
function inOrder(aedes: Aedes, isShared: boolean): Publish {
  const publish = aedes.publish.bind(aedes) as unknown as Publish
  const order = newPublishOrder(aedes, { isShared })
  return (packet, client, done) => {
    order.publish((finish) => {
      publish(packet, client, finish)
    }, done)
  }
}
