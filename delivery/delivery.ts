import type { ControlToMain, FrameToMain, WorkerDeath } from '../rpc/index.js'
import { closeFollowed, closeWhenRead } from './close.js'
import { type Connection, type Connections, type ConnectWords, newConnections } from './connection.js'
import { type Decide, Deciding } from './deciding.js'
import type { DeliveryOptions, DeliveryState, DeliveryWorld, Door } from './delivery-state.js'
import { drain } from './drain.js'
import { newEvictedMemory } from './evicted-memory.js'
import { followCodec } from './follow-codec.js'
import { handleFrame } from './frames.js'
import type { Link } from './link.js'
import { newLookAgain } from './look-again.js'
import { newPumpWorld } from './new-pump-world.js'
import { acknowledged, decided, giveUp, introduce, open, openInbox, reopen, welcomed } from './opening.js'
import { reintroduce } from './reintroduce.js'
import { newRequests, type Submitted } from './requests.js'
import { newSentMemory } from './sent-memory.js'

/**
 * What lies between the doors of the server and its workers: who is connected as which client id, requests on their way and their verdicts, and what
 * devices are owed. It knows nothing of how a protocol looks: a door hands in a {@link Link} for each of its connections.
 * @see docs/architecture.md, A door
 */
export interface Delivery {
  readonly connections: Pick<Connections, 'byNumber' | 'byClient'>
  /** A protocol is served from now on. */
  addDoor(door: Door): void
  /** No new connections are taken: whoever comes is to be closed. */
  readonly isDraining: boolean

  /** A peer has said who he is. Nothing is asked yet, and nothing owed. */
  open(link: Link, words: ConnectWords): Connection
  /**
   * Finds out who a peer is.
   * @param decide is told, unless the connection is closed before: he is to be refused, or welcomed
   */
  decide(connection: Connection, decide: Decide): void
  /**
   * A device has everything up to this number of its inbox, sent on this connection or not: that is settled, and not sent any more.
   * @returns how far the inbox is settled
   */
  acknowledged(connection: Connection, number: number): number
  /** He has been told that he is accepted: what is owed to him follows. */
  welcomed(connection: Connection): void
  /**
   * A peer goes on as somebody else on the same link, a registration that has become a device: what he was before has said goodbye. What was still
   * under way for it is not answered any more.
   */
  reopen(connection: Connection, words: ConnectWords): Connection

  /** A request, to be told what has become of it: not where the connection is gone before, or about to be closed. */
  submit(request: Submitted): void
  /** Something else is under way for a connection until this resolves. */
  hold(connection: Connection, work: Promise<unknown>): void
  /** What is asked now is acted on: a connection that is about to be closed, or a process that is about to stop, does not. */
  isServed(connection: Connection): boolean
  /** A device is answered in the codec of its latest request. */
  followCodec(connection: Connection, payload: Uint8Array): void

  onFrame(messages: Iterable<FrameToMain>): void
  /** What a worker tells; what is none of delivery's is passed over. */
  onControl(node: number, message: ControlToMain): void
  onDeath(node: number, death: WorkerDeath): void
  onRestart(node: number): void
  /** News of other processes may have been missed: looks at the inboxes of all devices, some at a time. */
  lookAgain(): void
  /** Takes no new connections from now on, lets what is under way finish, and closes all connections; takes `patienceMs` at most. */
  drain(patienceMs: number): Promise<void>
}

const rememberedDevices = 100_000
/** Epochs of other processes' connections that are remembered. */
const rememberedEvictions = 10_000

/** @param options may change while it is in use, but for the size of the window */
export function newDelivery(options: DeliveryOptions, world: DeliveryWorld): Delivery {
  const state = newState(options, world)
  const { connections, requests } = state
  return {
    connections,
    addDoor: (door) => {
      state.doors.push(door)
    },
    get isDraining() {
      return state.isDraining
    },
    open: (link, words) => open(state, link, words),
    decide: (connection, decide) => {
      state.deciding.add(connection, decide)
    },
    acknowledged: (connection, number) => acknowledged(state, connection, number),
    welcomed: (connection) => {
      welcomed(state, connection)
    },
    reopen: (connection, words) => reopen(state, connection, words),
    submit: requests.submit,
    hold: requests.hold,
    isServed: ({ isClosing }) => !isClosing && !state.isDeaf,
    followCodec: (connection, payload) => {
      followCodec(world.variantsInUse, connection, payload)
    },
    onFrame: (messages) => {
      handleFrame(state, messages)
    },
    onControl: (node, message) => {
      handleControl(state, node, message)
    },
    onDeath: requests.died,
    onRestart: (node) => {
      reintroduce(state, node)
    },
    lookAgain: newLookAgain(connections),
    drain: (patienceMs) => drain(state, patienceMs),
  }
}

function newState(options: DeliveryOptions, world: DeliveryWorld): DeliveryState {
  const connections = newConnections()
  const state: DeliveryState = {
    ...{ options, world, doors: [], connections, departing: new Map(), isDraining: false, isDeaf: false, lastConnection: 0 },
    deciding: new Deciding({
      patienceMs: options.connectPatienceMs,
      ask: (connection) => {
        introduce(state, connection, connection.node)
      },
      giveUp: (connection, because) => {
        giveUp(state, connection, because)
      },
    }),
    requests: newRequests({
      ring: world.ring,
      introduce: (connection, node) => {
        introduce(state, connection, node)
      },
      onCondemned: tellCondemned(world),
    }),
    pumpWorld: newPumpWorld(options, world, connections),
    evicted: newEvictedMemory(rememberedEvictions),
    sent: newSentMemory(rememberedDevices),
  }
  return state
}

function tellCondemned({ log }: DeliveryWorld): (request: { readonly connection: Connection; readonly node: number }) => void {
  return ({ connection: { words }, node }) => {
    log.warn({ event: 'request-condemned', client: words.clientId, node }, 'a worker died of a request that it had alone: it is refused')
  }
}

function handleControl(state: DeliveryState, node: number, message: ControlToMain): void {
  const { connections, departing, world } = state
  switch (message.kind) {
    case 'connect-result':
      decided(state, message.connection, message.result)
      return
    case 'open-inbox':
      openInbox(state, message.connection)
      return
    case 'left':
      if (departing.get(message.connection)?.node === node) departing.delete(message.connection)
      return
    case 'close':
      closeWhenRead(state, connections.byClient.get(message.client), message.because)
      return
    case 'followed':
      closeFollowed(state, connections.byNumber.get(message.connection))
      return
    case 'perform':
      world.onPerform(message, node)
      return
    default:
  }
}
