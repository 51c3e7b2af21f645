import { randomBytes } from 'node:crypto'
import type { AuthenticateError, Client as AedesClient, ConnectPacket } from 'aedes'
import type { Duplex } from 'node:stream'
import { type ConnectionEnd, type ConnectResult, writePage, writeSettle } from '../rpc/index.js'
import { clientKind, maskedPhone, selectNode } from '../topics/index.js'
import type { BrokerState, MessengerOptions, MessengerWorld, Origin } from './broker-state.js'
import {
  type AcceptedConnect,
  type Connection,
  type Connections,
  type ConnectWords,
  type PumpOwner,
  enter,
  leave,
} from './delivery/connection.js'
import type { Decide, Deciding } from './delivery/deciding.js'
import { gatePackets, type GateWorld, packetGateOf, tellWhenReadable } from './packets/packet-gate.js'
import { Pump, type PumpWorld } from './delivery/pump.js'
import { ReadingTurns } from './packets/reading-turns.js'
import { refuseLater } from './packets/refuse-later.js'
import type { SocketWriter } from './packets/socket-writer.js'
import { newKeptLedger } from './delivery/kept-ledger.js'

/** MQTT 3.1.1, 3.2.2.3. Only what is final is one of these: what will pass is waited for, or the connection is closed (topics.md 12). */
const refusals = { 2: 'identifier rejected', 4: 'bad user name or password' } as const
const queueLimit = 128
const queueBytes = 2 * 1024 * 1024
const answerBytes = 16 * 1024 * 1024
const maxBufferedBytes = 256 * 1024
/** What one connection may have under way, and leave unread, before no more of what it sends is acted on. */
const publishesUnderWay = 128
const unreadBytes = 1024 * 1024
/** What is kept for all connections together: unread answers, and packets that are not whole. */
const allKeptBytes = 256 * 1024 * 1024
/** Entries asked for at once; what is more comes with the next page. */
const pageSize = 64

/** Serves a socket that a listener has accepted: guards its packet sizes, then hands it to Aedes. */
export function serveSocket(state: BrokerState, socket: Duplex, origin: Origin): void {
  if (state.isDraining) {
    state.world.counts.connect('draining')
    socket.destroy()
    return
  }
  if (!state.world.places.hasRoomFor(origin.place)) {
    state.world.counts.connect('full')
    return
  }
  const gate = gatePackets(socket, state.gateWorld)
  state.origins.set(socket, origin)
  state.world.counts.openConnections(origin.listener, 1)
  socket.once('close', () => {
    state.world.counts.openConnections(origin.listener, -1)
  })
  state.aedes.handle(socket)
  tellWhenReadable(socket, gate)
}

/** Before anything is decided: whether there is a place for one like it, and what of CONNECT Aedes must not see. */
export function admitConnect(state: BrokerState, client: AedesClient, packet: ConnectPacket): boolean {
  const origin = state.origins.get(client.conn)
  const isLost = origin === undefined || client.closed
  const hasPlace = !state.isDraining && !isLost && state.world.places.move(origin.place, isGuest(packet) ? 'guest' : 'claimant')
  if (!hasPlace) {
    state.world.counts.connect(state.isDraining ? 'draining' : isLost ? 'lost' : 'full')
    client.conn.destroy()
    return false
  }
  const words = wordsOf(packet, origin.address)
  if (packet.clientId === '' && packet.clean === true) packet.clientId = `emqttd_${randomBytes(16).toString('hex')}`
  // A will on version/N only tells the protocol version: it is never published [topics.md 13].
  if (packet.will?.topic.startsWith('version/') === true) delete packet.will
  open(state, client, { ...words, clientId: packet.clientId })
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

function open(state: BrokerState, aedes: AedesClient, words: ConnectWords): void {
  const gate = packetGateOf(aedes.conn)
  if (gate === undefined) throw new Error('a connection is served through its gate')
  const number = (state.lastConnection = (state.lastConnection % 0xffff_fffe) + 1)
  const node = selectNode(words.clientId, state.world.ring().size)
  const connection: Connection = {
    number,
    aedes,
    socket: aedes.conn,
    words,
    node,
    knownTo: [node],
    gate,
    pump: new Pump(state.pumpWorld, { connection: number, node, client: words.clientId, socket: aedes.conn }, aedes.conn),
    state: 'connecting',
    accepted: undefined,
    variant: 0,
    isClosing: false,
    sentTo: undefined,
    awaitingPubrel: undefined,
    plainFilters: undefined,
    unstoredFilters: [],
  }
  state.connections.byNumber.set(number, connection)
  state.connections.byAedes.set(aedes, connection)
  aedes.conn.once('close', () => {
    closed(state, connection)
  })
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

/** What the pumps of a broker share. */
export function newPumpWorld(options: MessengerOptions, { ring, log, counts }: MessengerWorld, parts: PumpParts): PumpWorld<PumpOwner> {
  const onStuck = ({ client, socket }: PumpOwner, because: string): void => {
    log.info({ client, because }, 'connection closed')
    socket.destroy()
  }
  const kept = newKeptLedger<PumpOwner>({
    limitBytes: allKeptBytes,
    bytesOf: ({ connection: number }) => {
      const connection = parts.connections.byNumber.get(number)
      return connection === undefined ? 0 : connection.pump.unreadBytes + connection.gate.keptBytes
    },
    onMost: (owner) => {
      onStuck(owner, 'more is kept for it than for anyone else, and all of it is too much')
    },
  })
  return {
    writer: parts.writer,
    windowSize: options.windowSize,
    queueLimit,
    queueBytes,
    answerBytes,
    maxBufferedBytes,
    drainTimeoutMs: options.drainTimeoutMs,
    requestPage({ connection, node, client }, after) {
      const variant = parts.connections.byNumber.get(connection)?.variant ?? 0
      writePage(ring().frameOf(node), { connection, client, after, limit: pageSize, variant })
    },
    settle({ connection, node, client }, settledTo, releasedTo) {
      writeSettle(ring().laterFrameOf(node), { connection, client, settledTo, releasedTo })
    },
    onStuck,
    onSent: counts.sent,
    onKept: kept.note,
  }
}

interface PumpParts {
  readonly writer: SocketWriter
  readonly connections: Connections
}

/** Asks the worker of the client id who this is; the answer comes as `connect-result`. */
export function askWho(state: BrokerState, deciding: Deciding, client: AedesClient, decide: Decide): void {
  const connection = state.connections.byAedes.get(client)
  // It is closed already.
  if (connection === undefined) client.conn.destroy()
  else deciding.add(connection, decide)
}

/** Gives a CONNECT up that could not be decided: its client, which has got no code, tries again. */
export function closeUndecided({ world }: BrokerState, { words, socket }: Connection, because: string): void {
  world.counts.connect('undecided')
  world.log.debug({ client: words.clientId, because }, 'connection closed before CONNACK')
  socket.destroy()
}

/** Tells a node of a connection; it finds out by itself who that is. Only its first introduction may begin a clean session. */
export function introduce(state: BrokerState, connection: Connection, node: number): void {
  const { number, words, accepted } = connection
  const stands = connection.state !== 'connecting'
  const isClean = words.isClean && !stands
  state.world.ring().control(node, { kind: 'connect', connection: number, ...words, isClean, stands, epoch: accepted?.epoch ?? null })
}

export function decideConnect(state: BrokerState, deciding: Deciding, number: number, result: ConnectResult): void {
  const waiting = deciding.take(number)
  if (waiting === undefined) {
    // A node that could not find out who it is can serve nothing of a connection that stands: what it has asked there it repeats.
    if (result.kind === 'undecided') state.connections.byNumber.get(number)?.socket.destroy()
    return
  }
  const { connection, decide } = waiting
  if (result.kind === 'accepted') {
    closeOlder(state, connection)
    // Another process has taken its place while this was being decided.
    if (state.evicted.isEvicted(connection.words.clientId, result.epoch)) connection.socket.destroy()
  }
  if (connection.state === 'closed') {
    // It has the inbox, though nobody was told: what it took the place of is its own to announce.
    state.world.ring().control(connection.node, { kind: 'disconnected', connection: number, isTakenOver: false, end: 'lost' })
    return
  }
  if (result.kind === 'undecided') {
    closeUndecided(state, connection, result.because)
    return
  }
  if (result.kind === 'refused') {
    state.world.counts.connect(refusals[result.returnCode])
    state.world.log.debug({ client: connection.words.clientId, because: result.because }, 'connect refused')
    refuseLater(connection.socket, result.delayMs, () => {
      decide(refusal(result.returnCode), null)
    })
    return
  }
  state.world.counts.connect(isPlaced(state, connection, result) ? 'accepted' : 'full')
  if (result.client === 'device') tellLogin(state, connection, result.number)
  connection.state = 'accepted'
  connection.variant = result.variant
  if (result.client === 'device') Atomics.add(state.world.variantsInUse, result.variant, 1)
  enter(state.connections, connection, result)
  decide(null, true)
}

/** Who has proved something takes a place of his own. Where there is none left he is closed, after all that belongs to being accepted. */
function isPlaced(state: BrokerState, { socket }: Connection, { client }: AcceptedConnect): boolean {
  const place = state.origins.get(socket)?.place
  const hasProved = client === 'device' || client === 'service'
  const isIn = place?.isOver === false && (!hasProved || state.world.places.move(place, 'proven'))
  if (!isIn) socket.destroy()
  return isIn
}

function tellLogin({ world }: BrokerState, { words: { clientId, address } }: Connection, phone: string): void {
  world.log.info({ event: 'login', client: clientId, phone: maskedPhone(phone), address }, 'a device has logged in')
}

/**
 * The worker counts acknowledgements of the newest connection only, and deliveries go to it: an older one is closed now, whether or not the
 * new one lives to see its CONNACK. [MQTT-3.1.4-2] of MQTT 3.1.1
 */
function closeOlder(state: BrokerState, { words }: Connection): void {
  state.connections.byClient.get(words.clientId)?.socket.destroy()
}

function refusal(returnCode: keyof typeof refusals): AuthenticateError {
  // Aedes declares its return codes as a const enum, which other modules cannot name.
  const error: unknown = Object.assign(new Error(refusals[returnCode]), { returnCode })
  return error as AuthenticateError
}

/** CONNACK has been written: the worker sends what is owed at connect, and announces presence. */
export function connected(state: BrokerState, connection: Connection): void {
  if (connection.state !== 'accepted') return
  connection.state = 'connected'
  const isProven = connection.accepted?.client === 'device' || connection.accepted?.client === 'service'
  if (isProven) state.origins.get(connection.socket)?.onProven?.()
  connection.gate.open(isProven, connection.pump)
  state.world.ring().control(connection.node, { kind: 'connected', connection: connection.number })
}

/** What was owed at connect is on its way: a device's inbox follows. */
export function openInbox(state: BrokerState, number: number): void {
  const connection = state.connections.byNumber.get(number)
  if (connection?.state !== 'connected') return
  connection.state = 'open'
  if (connection.accepted === undefined) return
  const { inbox, isSessionPresent, epoch, wasHeld } = connection.accepted
  if (inbox === null) return
  // To a device that was never here, nothing can have been sent before [MQTT-3.3.1-1].
  const sentTo = isSessionPresent ? state.sent.recall(connection.words.clientId, { ...inbox, epoch, wasHeld }) : inbox.settledTo
  connection.pump.open({ ...inbox, sentTo })
}

function closed(state: BrokerState, connection: Connection): void {
  const wasAccepted = connection.accepted !== undefined
  const sentTo = connection.pump.close()
  if (connection.state === 'open') connection.sentTo = sentTo
  connection.state = 'closed'
  const isTakenOver = leave(state.connections, connection)
  state.requests.forget(connection)
  if (!wasAccepted) return
  if (connection.accepted?.client === 'device') {
    Atomics.sub(state.world.variantsInUse, connection.variant, 1)
    if (sentTo > 0) state.sent.remember(connection.words.clientId, sentTo, connection.accepted.epoch)
  }
  state.departing.set(connection.number, connection)
  const end = endOf(state, connection)
  for (const node of connection.knownTo) {
    const isOthers = isTakenOver || node !== connection.node
    state.world.ring().control(node, {
      ...{ kind: 'disconnected', connection: connection.number, isTakenOver: isOthers, end },
      sentTo: connection.sentTo,
    })
  }
}

/** A device that sends DISCONNECT is not coming back at once [MQTT-3.14.4-3]; Aedes notes it, and keeps the will for itself then. */
function endOf({ isDraining }: BrokerState, { aedes, isClosing }: Connection): ConnectionEnd {
  const { _disconnected: hasSaidSo } = aedes as AedesClient & { readonly _disconnected?: boolean }
  if (hasSaidSo === true || isClosing) return 'asked'
  return isDraining ? 'stopping' : 'lost'
}

/** The old worker may have died with the end of these connections untold. They come before those that stand: they are older. */
function departAgain(state: BrokerState, node: number): void {
  for (const connection of state.departing.values()) {
    if (connection.node !== node) continue
    introduce(state, connection, node)
    const isTakenOver = state.connections.byClient.has(connection.words.clientId)
    state.world.ring().control(node, {
      ...{ kind: 'disconnected', connection: connection.number, isTakenOver, end: endOf(state, connection) },
      sentTo: connection.sentTo,
    })
  }
}

/** A new worker serves `node`: it learns of the connections it has to know, and what it had not finished for them. */
export function reintroduce(state: BrokerState, deciding: Deciding, node: number): void {
  departAgain(state, node)
  deciding.askAgain(node)
  for (const connection of state.connections.byNumber.values()) {
    if (connection.state === 'connecting' || !connection.knownTo.includes(node)) continue
    introduce(state, connection, node)
    if (connection.node === node && connection.state === 'connected') {
      state.world.ring().control(node, { kind: 'connected', connection: connection.number })
    }
  }
  state.requests.repeat(node)
  // Commits of the dead worker may not have been told: every inbox is looked at again, whichever node its device belongs to.
  for (const connection of state.connections.byNumber.values()) if (connection.state === 'open') connection.pump.refresh(true)
}
