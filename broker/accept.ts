import { randomBytes } from 'node:crypto'
import type { AuthenticateError, Client as AedesClient, ConnectPacket } from 'aedes'
import type { Duplex } from 'node:stream'
import type { ConnectWords, Decided } from '../delivery/index.js'
import { clientKind } from '../topics/index.js'
import type { BrokerState, MessengerOptions, MessengerWorld } from './broker-state.js'
import { isProven, MqttLink } from './mqtt-link.js'
import type { Origin } from './origin.js'
import { gatePackets, packetGateOf, tellWhenReadable } from './packets/gate-packets.js'
import type { GateWorld } from './packets/gate-world.js'
import { ReadingTurns } from './packets/reading-turns.js'
import { refuseLater } from './packets/refuse-later.js'

/** What Aedes waits for before it writes CONNACK. */
export type Authenticated = (error: AuthenticateError | null, success: boolean | null) => void

/** MQTT 3.1.1, 3.2.2.3. Only what is final is one of these: what will pass is waited for, or the connection is closed (topics.md 12). */
const refusals = { 2: 'identifier rejected', 4: 'bad user name or password' } as const
/** What one connection may have under way, and leave unread, before no more of what it sends is acted on. */
const publishesUnderWay = 128
const unreadBytes = 1024 * 1024

/** Serves a socket that a listener has accepted: guards its packet sizes, then hands it to Aedes. */
export function serveSocket(state: BrokerState, socket: Duplex, origin: Origin): void {
  const { counts, delivery, places } = state.world
  if (delivery.isDraining) {
    counts.connect('draining')
    socket.destroy()
    return
  }
  if (!places.hasRoomFor(origin.place)) {
    counts.connect('full')
    return
  }
  const gate = gatePackets(socket, state.gateWorld)
  state.origins.set(socket, origin)
  counts.openConnections(origin.listener, 1)
  socket.once('close', () => {
    counts.openConnections(origin.listener, -1)
  })
  state.aedes.handle(socket)
  tellWhenReadable(socket, gate)
}

/** Before anything is decided: whether there is a place for one like it, and what of CONNECT Aedes must not see. */
export function admitConnect(state: BrokerState, client: AedesClient, packet: ConnectPacket): boolean {
  const { counts, delivery, places } = state.world
  const origin = state.origins.get(client.conn)
  const gate = packetGateOf(client.conn)
  const isLost = origin === undefined || gate === undefined || client.closed
  if (delivery.isDraining || isLost || !places.move(origin.place, isGuest(packet) ? 'guest' : 'claimant')) {
    counts.connect(delivery.isDraining ? 'draining' : isLost ? 'lost' : 'full')
    client.conn.destroy()
    return false
  }
  const words = wordsOf(packet, origin.address)
  if (packet.clientId === '' && packet.clean === true) packet.clientId = `emqttd_${randomBytes(16).toString('hex')}`
  // A will on version/N only tells the protocol version: it is never published [topics.md 13].
  if (packet.will?.topic.startsWith('version/') === true) delete packet.will
  const link = new MqttLink(client, gate, origin, { writer: state.writer, places })
  state.links.byAedes.set(client, link)
  link.connection = delivery.open(link, { ...words, clientId: packet.clientId })
  return true
}

/** Whether it proves nothing, whatever is decided: topics.md 12. */
function isGuest({ clientId, password }: ConnectPacket): boolean {
  return clientKind(clientId) === 'registration' || (password?.length ?? 0) === 0
}

function wordsOf(packet: ConnectPacket, address: string): ConnectWords {
  return {
    clientId: packet.clientId,
    userName: packet.username ?? '',
    password: packet.password?.toString('utf8') ?? null,
    isClean: packet.clean === true,
    willTopic: packet.will?.topic ?? null,
    address,
  }
}

/** What the gates of a broker share. */
export function newGateWorld({ maxPacketBytes, publishRate }: MessengerOptions, { counts }: MessengerWorld): GateWorld {
  return {
    maxPacketBytes,
    publishRate,
    pace: { underWay: publishesUnderWay, unreadBytes },
    turns: new ReadingTurns(),
    onRefused: counts.denied,
  }
}

/** Finds out who this is, then lets Aedes answer. */
export function askWho(state: BrokerState, client: AedesClient, authenticated: Authenticated): void {
  const link = state.links.byAedes.get(client)
  // It is closed already.
  if (link === undefined) client.conn.destroy()
  else {
    state.world.delivery.decide(link.connection, (result) => {
      answerConnect(state, client, result, authenticated)
    })
  }
}

function answerConnect({ world }: BrokerState, { conn }: AedesClient, result: Decided, authenticated: Authenticated): void {
  if (result.kind === 'accepted') {
    authenticated(null, true)
    return
  }
  world.counts.connect(refusals[result.returnCode])
  refuseLater(conn, result.delayMs, () => {
    authenticated(refusal(result.returnCode), null)
  })
}

function refusal(returnCode: keyof typeof refusals): AuthenticateError {
  // Aedes declares its return codes as a const enum, which other modules cannot name.
  const error: unknown = Object.assign(new Error(refusals[returnCode]), { returnCode })
  return error as AuthenticateError
}

/** CONNACK has been written. */
export function connected({ world }: BrokerState, { connection, gate, origin }: MqttLink): void {
  if (connection.state !== 'accepted') return
  const hasProved = isProven(connection.accepted?.client)
  if (hasProved) origin.onProven?.()
  gate.open(hasProved, connection.pump)
  world.delivery.welcomed(connection)
}
