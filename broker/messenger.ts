import { Aedes, type AedesPublishPacket } from 'aedes'
import type { Duplex } from 'node:stream'
import type { ControlToMain, FrameToMain, WorkerDeath } from '../rpc/index.js'
import {
  admitConnect,
  askWho,
  closeUndecided,
  connected,
  decideConnect,
  introduce,
  newGateWorld,
  newPumpWorld,
  openInbox,
  reintroduce,
  serveSocket,
} from './accept.js'
import type { BrokerState, MessengerOptions, MessengerWorld, Origin } from './broker-state.js'
import { type Connection, type Connections, newConnections } from './delivery/connection.js'
import { Deciding } from './delivery/deciding.js'
import { drain } from './delivery/drain.js'
import { handleFrame } from './delivery/frames.js'
import { newLookAgain } from './delivery/look-again.js'
import { newPersistence, type PlainPublishes } from './plain/persistence.js'
import { newPlainBroker, takeOver } from './plain/plain-broker.js'
import type { PlainCluster, Publish } from './plain/plain-cluster.js'
import { keepPacketIdsApart } from './plain/plain-packet-ids.js'
import { type Method, plainPersistence } from './plain/plain-persistence.js'
import { takesPlain } from './plain/plain-reading.js'
import { mayReceivePlain } from './plain/plain-right.js'
import { newPublishOrder } from './plain/publish-order.js'
import { acceptPublish, publishPlain } from './publishes.js'
import { newRequests } from './delivery/requests.js'
import { closeFollowed, closeWhenRead } from './delivery/close.js'
import { newEvictedMemory } from './delivery/evicted-memory.js'
import { newSentMemory } from './delivery/sent-memory.js'
import { newSocketWriter } from './packets/socket-writer.js'
import { acceptSubscribe, forgetFilters, Subscribing } from './subscriptions.js'

/** The MQTT side of the server: connections, acknowledgements, deliveries. Decisions are the ring's. */
export interface Messenger {
  /** Serves a socket that a listener has accepted. */
  serve(socket: Duplex, origin: Origin): void
  onFrame(messages: Iterable<FrameToMain>): void
  onControl(node: number, message: ControlToMain): void
  onDeath(node: number, death: WorkerDeath): void
  onRestart(node: number): void
  /** News of other processes may have been missed: looks at the inboxes of all devices, some at a time. */
  lookAgain(): void
  /** Takes no new connections from now on, lets what is under way finish, and closes all connections; takes `patienceMs` at most. */
  drain(patienceMs: number): Promise<void>
  readonly connectionCount: number
}

const rememberedDevices = 100_000
/** Packets a client may send before its CONNACK; MQTT lets it send as soon as it has sent CONNECT. */
const queuedBeforeConnack = 256
/** Epochs of other processes' connections that are remembered. */
const rememberedEvictions = 10_000

export async function startMessenger(options: MessengerOptions, world: MessengerWorld): Promise<Messenger> {
  const connections = newConnections()
  const plain: PlainPublishes = new WeakSet()
  const plainMethods = world.plain === undefined ? undefined : sharedPersistence(options, world, world.plain, connections)
  const aedes = newAedes(options, newPersistence(options, connections, plain, plainMethods), world.plain)
  const writer = newSocketWriter()
  const state: BrokerState = {
    options,
    world,
    aedes,
    connections,
    plain,
    published: new WeakSet(),
    plainBroker: undefined,
    departing: new Map(),
    requests: newRequests({
      ring: world.ring,
      introduce: (connection, node) => {
        introduce(state, connection, node)
      },
      onCondemned: tellCondemned(world),
    }),
    writer,
    gateWorld: newGateWorld(options, world),
    pumpWorld: newPumpWorld(options, world, { writer, connections }),
    evicted: newEvictedMemory(rememberedEvictions),
    sent: newSentMemory(rememberedDevices),
    origins: new WeakMap(),
    isDraining: false,
    isDeaf: false,
    lastConnection: 0,
  }
  const deciding = newDeciding(state)
  const subscribing = new Subscribing((connection, request, filter) => {
    world.ring().control(connection.node, { kind: 'subscribe', connection: connection.number, request, filter })
  })
  await hook(state, deciding, subscribing, plainMethods)
  return {
    serve: (socket, origin) => {
      serveSocket(state, socket, origin)
    },
    onFrame: (messages) => {
      handleFrame(state, messages)
    },
    onControl: (node, message) => {
      handleControl(state, { deciding, subscribing }, node, message)
    },
    onDeath: state.requests.died,
    onRestart: (node) => {
      reintroduce(state, deciding, node)
      subscribing.askAgain(node)
    },
    lookAgain: newLookAgain(connections),
    drain: (patienceMs) => drain(state, patienceMs),
    get connectionCount() {
      return connections.byNumber.size
    },
  }
}

function tellCondemned({ log }: MessengerWorld): (request: { readonly connection: Connection; readonly node: number }) => void {
  return ({ connection: { words }, node }) => {
    log.warn({ event: 'request-condemned', client: words.clientId, node }, 'a worker died of a request that it had alone: it is refused')
  }
}

function newDeciding(state: BrokerState): Deciding {
  const { connectPatienceMs } = state.options
  return new Deciding({
    patienceMs: connectPatienceMs,
    ask: (connection) => {
      introduce(state, connection, connection.node)
    },
    giveUp: (connection, because) => {
      closeUndecided(state, connection, because)
    },
  })
}

/** Packets of plain MQTT use kept for a session that is away, unless the options say otherwise. */
const defaultQueueLimit = 1_000
/** All of a queue may be unacknowledged at a time, and has packet ids of its own then. */
const mostQueued = 10_000

function sharedPersistence(
  { queueLimit = defaultQueueLimit }: MessengerOptions,
  { log }: MessengerWorld,
  cluster: PlainCluster,
  connections: Connections,
): Record<string, Method> {
  return plainPersistence(cluster, {
    queueLimit: Math.min(queueLimit, mostQueued),
    log,
    onConnect: (client) => takeOver({ connections }, cluster, client),
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

async function hook(
  state: BrokerState,
  deciding: Deciding,
  subscribing: Subscribing,
  plainMethods: Record<string, Method> | undefined,
): Promise<void> {
  const { aedes } = state
  aedes.preConnect = (client, packet, callback) => {
    keepPacketIdsApart(client)
    callback(null, admitConnect(state, client, packet))
  }
  aedes.authenticate = (client, _userName, _password, decide) => {
    askWho(state, deciding, client, decide)
  }
  aedes.authorizePublish = (client, packet, done) => {
    if (client === null) done(null)
    else acceptPublish(state, client, packet, done)
  }
  aedes.authorizeSubscribe = (client, subscription, granted) => {
    acceptSubscribe(state, subscribing, client, subscription, granted)
  }
  aedes.on('unsubscribe', (filters, client) => {
    forgetFilters(state.connections.byAedes.get(client), filters)
  })
  aedes.authorizeForward = (client, packet) =>
    mayReceivePlain(state.connections.byAedes.get(client), packet.topic, state.options) ? packet : null
  const { plain: cluster } = state.world
  const publish = inOrder(aedes, cluster !== undefined)
  if (cluster !== undefined && plainMethods !== undefined) state.plainBroker = newPlainBroker(state, cluster, plainMethods, publish)
  const { authorizeForward } = aedes
  aedes.authorizeForward = (client, packet) =>
    takesPlain(state.connections.byAedes.get(client), packet) ? authorizeForward(client, packet) : null
  Object.assign(aedes, { publish: publishPlain(state, publish) satisfies (packet: AedesPublishPacket, ...rest: never[]) => void })
  aedes.on('clientReady', (client) => {
    const connection = state.connections.byAedes.get(client)
    if (connection !== undefined) connected(state, connection)
  })
  // A keep-alive is the moment to look whether anything was missed.
  aedes.on('ping', (_packet, client) => {
    const pump = state.connections.byAedes.get(client)?.pump
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

interface Waiting {
  readonly deciding: Deciding
  readonly subscribing: Subscribing
}

function handleControl(state: BrokerState, { deciding, subscribing }: Waiting, node: number, message: ControlToMain): void {
  switch (message.kind) {
    case 'connect-result':
      decideConnect(state, deciding, message.connection, message.result)
      return
    case 'open-inbox':
      openInbox(state, message.connection)
      return
    case 'left':
      if (state.departing.get(message.connection)?.node === node) state.departing.delete(message.connection)
      return
    case 'subscribe-result':
      subscribing.decided(message.request, message.isAllowed)
      return
    case 'close':
      closeWhenRead(state, state.connections.byClient.get(message.client), message.because)
      return
    case 'followed':
      closeFollowed(state, state.connections.byNumber.get(message.connection))
      return
    case 'perform':
      state.world.onPerform(message, node)
      return
    default:
  }
}
