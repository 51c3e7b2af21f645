import type { ConnectResult } from '../rpc/index.js'
import { maskedPhone, selectNode } from '../topics/index.js'
import { type AcceptedConnect, type Connection, type ConnectWords, enter } from './connection.js'
import type { Decide } from './deciding.js'
import type { DeliveryState } from './delivery-state.js'
import { ended } from './ending.js'
import type { Link } from './link.js'
import { Pump } from './pump.js'

/** A peer has said who he is. Nothing is asked yet, and nothing owed. */
export function open(state: DeliveryState, link: Link, words: ConnectWords): Connection {
  const number = (state.lastConnection = (state.lastConnection % 0xffff_fffe) + 1)
  const node = selectNode(words.clientId, state.world.ring().size)
  const connection: Connection = {
    number,
    link,
    words,
    node,
    knownTo: [node],
    pump: new Pump(state.pumpWorld, { connection: number, node, client: words.clientId, link }),
    state: 'connecting',
    accepted: undefined,
    variant: 0,
    isClosing: false,
    sentTo: undefined,
  }
  state.connections.byNumber.set(number, connection)
  link.onceClosed(() => {
    ended(state, connection)
  })
  return connection
}

/** Tells a node of a connection; it finds out by itself who that is. Only its first introduction may begin a clean session. */
export function introduce(state: DeliveryState, connection: Connection, node: number): void {
  const { number, words, accepted } = connection
  const stands = connection.state !== 'connecting'
  const isClean = words.isClean && !stands
  state.world.ring().control(node, { kind: 'connect', connection: number, ...words, isClean, stands, epoch: accepted?.epoch ?? null })
}

/** Gives up a connection of which it could not be decided who it is: its peer, who is told nothing final, tries again. */
export function giveUp({ world }: DeliveryState, { words, link }: Connection, because: string): void {
  world.counts.connect('undecided')
  world.log.debug({ client: words.clientId, because }, 'connection closed before it was accepted')
  link.close('undecided')
}

/** Its worker has found out who it is. */
export function decided(state: DeliveryState, number: number, result: ConnectResult): void {
  const waiting = state.deciding.take(number)
  if (waiting === undefined) {
    // A node that could not find out who it is can serve nothing of a connection that stands: what it has asked there it repeats.
    if (result.kind === 'undecided') state.connections.byNumber.get(number)?.link.close('undecided')
    return
  }
  const { connection, decide } = waiting
  if (result.kind === 'accepted') {
    closeOlder(state, connection)
    // Another process has taken its place while this was being decided.
    if (state.evicted.isEvicted(connection.words.clientId, result.epoch)) connection.link.close('followed')
  }
  if (connection.state === 'closed') {
    // It has the inbox, though nobody was told: what it took the place of is its own to announce.
    state.world.ring().control(connection.node, { kind: 'disconnected', connection: number, isTakenOver: false, end: 'lost' })
  } else if (result.kind === 'undecided') giveUp(state, connection, result.because)
  else if (result.kind === 'refused') {
    state.world.log.debug({ client: connection.words.clientId, because: result.because }, 'connect refused')
    decide(result)
  } else accept(state, connection, result, decide)
}

function accept(state: DeliveryState, connection: Connection, result: AcceptedConnect, decide: Decide): void {
  state.world.counts.connect(connection.link.takePlace(result.client) ? 'accepted' : 'full')
  if (result.client === 'device') tellLogin(state, connection, result.number)
  connection.state = 'accepted'
  connection.variant = result.variant
  if (result.client === 'device') Atomics.add(state.world.variantsInUse, result.variant, 1)
  enter(state.connections, connection, result)
  decide(result)
}

function tellLogin({ world }: DeliveryState, { words: { clientId, address } }: Connection, phone: string): void {
  world.log.info({ event: 'login', client: clientId, phone: maskedPhone(phone), address }, 'a device has logged in')
}

/**
 * The worker counts acknowledgements of the newest connection only, and deliveries go to it: an older one is closed now, whether or not the
 * peer of the new one lives to be told.
 */
function closeOlder(state: DeliveryState, { words }: Connection): void {
  state.connections.byClient.get(words.clientId)?.link.close('followed')
}

/** All entries up to a number are acknowledged, sent here or not, the inbox open or still to be opened. @returns how far it is settled */
export function acknowledged(state: DeliveryState, connection: Connection, number: number): number {
  const { pump } = connection
  if (connection.state === 'open') {
    pump.acknowledgedTo(number)
    return pump.settledTo
  }
  alreadyHas(state, connection, number)
  return connection.accepted?.inbox?.settledTo ?? 0
}

/** A device says what it has: its inbox begins behind that. */
export function alreadyHas(state: DeliveryState, connection: Connection, number: number): void {
  const { accepted, node, link, words } = connection
  if (accepted === undefined || accepted.inbox === null) return
  const settledTo = Math.min(number, accepted.inbox.last)
  if (settledTo <= accepted.inbox.settledTo) return
  const releasedTo = Math.max(accepted.inbox.releasedTo, settledTo)
  connection.accepted = { ...accepted, inbox: { ...accepted.inbox, settledTo, releasedTo } }
  state.pumpWorld.settle({ connection: connection.number, node, client: words.clientId, link }, settledTo, releasedTo)
}

/** Its peer has been told that he is accepted: the worker sends what is owed at connect, and announces presence. */
export function welcomed(state: DeliveryState, connection: Connection): void {
  if (connection.state !== 'accepted') return
  connection.state = 'connected'
  state.world.ring().control(connection.node, { kind: 'connected', connection: connection.number })
}

/** What was owed at connect is on its way: a device's inbox follows. */
export function openInbox(state: DeliveryState, number: number): void {
  const connection = state.connections.byNumber.get(number)
  if (connection?.state !== 'connected') return
  connection.state = 'open'
  if (connection.accepted === undefined) return
  const { inbox, isSessionPresent, epoch, wasHeld } = connection.accepted
  if (inbox === null) return
  // To a device that was never here, nothing can have been sent before.
  const sentTo = isSessionPresent ? state.sent.recall(connection.words.clientId, { ...inbox, epoch, wasHeld }) : inbox.settledTo
  connection.pump.open({ ...inbox, sentTo })
}

/**
 * A peer goes on as somebody else on the same link, a registration that has become a device: what he was before has said goodbye. What was still
 * under way for it is not answered any more.
 */
export function reopen(state: DeliveryState, connection: Connection, words: ConnectWords): Connection {
  connection.isClosing = true
  ended(state, connection)
  return open(state, connection.link, words)
}
