import type { Client as AedesClient } from 'aedes'
import { generate } from 'mqtt-packet'
import { matches, parseFilter } from '../../topics/index.js'
import { allLinks, type Links } from '../links.js'
import { type PlainCluster, type PlainLog, type PlainPacket, packetName } from './plain-cluster.js'
import type { Method } from './plain-persistence.js'

/** The parts of Aedes' client that its types do not tell of. */
interface Receiver extends AedesClient {
  readonly subscriptions: Readonly<Record<string, { readonly qos: number }>>
  readonly duplicates: Record<string, number>
  deliverQoS(packet: PlainPacket, done: () => void): void
}

/**
 * How far the queue of a session has been delivered. While it is *catching up*, what others publish is held back, and follows what is in the
 * queue; then it goes out at once. It begins so, and does so again when listening to the others has been interrupted.
 */
interface Session {
  readonly client: Receiver
  isCatchingUp: boolean
  isRunning: boolean
  /** More was published than is held back, or listening was interrupted: the queue has to be read again. */
  isToRead: boolean
  readonly held: Map<string, PlainPacket>
  /** Packets that have been sent on this connection, the latest of them. */
  readonly sent: Set<string>
  /** What is being delivered out of the queue or out of what was held back. */
  passing: PlainPacket | undefined
}

export interface PlainDelivery {
  /** What Aedes may write to a client at once; null for what it has had, or will have out of its queue. */
  forward(client: AedesClient, packet: PlainPacket): PlainPacket | null
  /** A client has been answered: what is in its queue is sent, before anything else of QoS 1 and 2. */
  begin(client: AedesClient): void
}

const maxHeld = 1_000
const maxSent = 10_000

/** What the functions here share. */
interface Worlds {
  readonly cluster: PlainCluster
  readonly links: Links
  readonly log: PlainLog
  /** Whether a client has the right to what was published to a topic, as things stand. */
  readonly mayReceive: (client: AedesClient, topic: string) => boolean
  readonly queueOf: (client: AedesClient) => AsyncIterable<PlainPacket>
  readonly update: (client: AedesClient, packet: PlainPacket) => Promise<void>
  readonly sessions: Map<Receiver, Session>
  /** Clients whose queue is being sent or has been; of most there is nothing more to remember. */
  readonly begun: WeakSet<Receiver>
}

/**
 * Delivers queues of sessions in a cluster. In each, what was queued comes before what is published later, and everything once on a connection,
 * whether it comes out of the queue, from another process, or both.
 */
export function newPlainDelivery(
  cluster: PlainCluster,
  persistence: Record<string, Method>,
  { links, log, mayReceive }: Pick<Worlds, 'links' | 'log' | 'mayReceive'>,
): PlainDelivery {
  const { outgoingStream } = cluster.persistence as { outgoingStream: Worlds['queueOf'] }
  const worlds: Worlds = {
    cluster,
    links,
    log,
    mayReceive,
    queueOf: outgoingStream.bind(cluster.persistence),
    update: persistence['outgoingUpdate'] as Worlds['update'],
    sessions: new Map(),
    begun: new WeakSet(),
  }
  cluster.onInterrupted(() => {
    for (const session of interrupted(worlds)) session.isCatchingUp = session.isToRead = true
  })
  cluster.onResubscribed(() => {
    for (const session of interrupted(worlds)) {
      session.isCatchingUp = session.isToRead = true
      if (worlds.begun.has(session.client)) run(worlds, session)
    }
  })
  return {
    forward: (client, packet) => forward(worlds, client as Receiver, packet),
    begin(aedesClient) {
      const client = aedesClient as Receiver
      if (client.clean) return
      if (Object.keys(client.subscriptions).length > 0) run(worlds, sessionOf(worlds, client))
      worlds.begun.add(client)
    },
  }
}

function sessionOf({ sessions, begun }: Worlds, client: Receiver): Session {
  const known = sessions.get(client)
  if (known !== undefined) return known
  const isNew = !begun.has(client)
  const session: Session = {
    client,
    isCatchingUp: isNew,
    isRunning: false,
    isToRead: isNew,
    held: new Map(),
    sent: new Set(),
    passing: undefined,
  }
  sessions.set(client, session)
  client.conn.once('close', () => sessions.delete(client))
  return session
}

/** Sessions that are owed what is published. */
function interrupted(worlds: Worlds): readonly Session[] {
  const owed = allLinks(worlds.links).filter(({ aedes, plainFilters }) => !aedes.clean && plainFilters !== undefined)
  return owed.map(({ aedes }) => sessionOf(worlds, aedes as Receiver))
}

function forward(worlds: Worlds, client: Receiver, packet: PlainPacket): PlainPacket | null {
  if (!worlds.mayReceive(client, packet.topic)) return null
  if (client.clean || packet.qos === 0 || !isQueued(client, packet.topic)) return packet
  const session = sessionOf(worlds, client)
  if (session.passing === packet) return packet
  const name = packetName(packet)
  if (session.sent.has(name)) return null
  if (session.isCatchingUp) {
    if (session.held.size < maxHeld) session.held.set(name, packet)
    else session.isToRead = true
    return null
  }
  remember(session, name)
  return packet
}

function run(worlds: Worlds, session: Session): void {
  if (session.isRunning) return
  session.isRunning = true
  catchUp(worlds, session).catch((error: unknown) => {
    worlds.log.warn({ client: session.client.id, err: error }, 'a queue could not be delivered')
    session.client.conn.destroy()
  })
}

/** Whether what is published to a topic is put in the client's queue: one of its subscriptions is of QoS 1 or 2. */
function isQueued({ subscriptions }: Receiver, topic: string): boolean {
  return Object.entries(subscriptions).some(([text, { qos }]) => {
    const filter = qos > 0 ? parseFilter(text) : undefined
    return filter !== undefined && matches(filter, topic)
  })
}

function remember({ sent }: Session, name: string): void {
  sent.add(name)
  for (const oldest of sent) {
    if (sent.size <= maxSent) return
    sent.delete(oldest)
  }
}

async function catchUp(worlds: Worlds, session: Session): Promise<void> {
  const { client, held, sent } = session
  while (!client.closed && (session.isToRead || held.size > 0)) {
    if (session.isToRead) await deliverQueue(worlds, session)
    for (const [name, packet] of held) {
      held.delete(name)
      if (!sent.has(name)) await deliver(worlds, session, packet)
    }
  }
  session.isCatchingUp = false
  session.isRunning = false
}

async function deliverQueue(worlds: Worlds, session: Session): Promise<void> {
  const { client, sent } = session
  session.isToRead = false
  const sentAs = await worlds.cluster.sentAs.all(client.id)
  for await (const packet of worlds.queueOf(client)) {
    const name = packetName(packet)
    if (client.closed) return
    if (packet.cmd !== 'pubrel' && !worlds.mayReceive(client, packet.topic)) await worlds.cluster.settle(client.id, name)
    else if (!sent.has(name)) await deliver(worlds, session, repeated(packet, sentAs.get(name)))
  }
}

/** What has been sent before is sent under the same packet id, and says so. [MQTT-3.3.1-1], [MQTT-4.4.0-1] of MQTT 3.1.1 */
function repeated(packet: PlainPacket, messageId: number | undefined): PlainPacket {
  if (messageId === undefined) return packet
  return packet.cmd === 'pubrel' ? { ...packet, messageId } : { ...packet, messageId, dup: true }
}

async function deliver({ update }: Worlds, session: Session, packet: PlainPacket): Promise<void> {
  const { client } = session
  remember(session, packetName(packet))
  if (packet.cmd === 'pubrel') {
    await update(client, packet)
    if (!client.closed) client.conn.write(generate({ cmd: 'pubrel', messageId: packet.messageId ?? 0 }))
    return
  }
  // Aedes takes for a duplicate what has a lower number than what it has seen of the same broker.
  client.duplicates[packet.brokerId ?? ''] = 0
  await new Promise<void>((resolve) => {
    session.passing = packet
    client.deliverQoS(packet, resolve)
    session.passing = undefined
  })
}
