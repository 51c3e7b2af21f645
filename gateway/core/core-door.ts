import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { MessengerCounts, Origin, Places } from '../../broker/index.js'
import { namesAt } from '../../cadmium/index.js'
import { monotonicMs } from '../../clock/index.js'
import type { Delivery, DeliveryLog } from '../../delivery/index.js'
import { closeCodes, CoreLink, type CoreLinks } from './core-link.js'
import { CoreSession, type SessionWorld } from './core-session.js'

export interface CoreDoorOptions {
  /** What EntityIDs of this server end in. */
  readonly serverName: string
}

export interface CoreDoorWorld {
  readonly delivery: Delivery
  readonly places: Places
  readonly counts: Pick<MessengerCounts, 'connect' | 'openConnections'>
  readonly log: DeliveryLog & { error(fields: object, text: string): void }
  /** What keeps the requests of one session apart in time; asked for each session. */
  readonly newPace: () => () => number
}

/** The door of Protocol Core. @see docs/protocol/core.md */
export interface CoreDoor {
  /** Serves a WebSocket that a listener has accepted. @param below the socket that it lies on */
  serve(socket: WebSocket, below: Socket, origin: Origin): void
}

const sweepMs = 5_000
/** As MQTT calls them, for one counter of all doors. */
const refusals = { 2: 'identifier rejected', 4: 'bad user name or password' } as const

/** What all sessions of the door share. */
interface CoreDoorState {
  readonly world: CoreDoorWorld
  readonly sessions: Map<CoreLink, CoreSession>
  readonly links: CoreLinks
  readonly sessionWorld: SessionWorld
  readonly flush: () => void
}

/** Opens the door: what it serves is known to `world.delivery` from then on. */
export function startCoreDoor(options: CoreDoorOptions, world: CoreDoorWorld): CoreDoor {
  const state = newState(options, world)
  const { sessions, flush } = state
  const sweep = setInterval(() => {
    const now = monotonicMs()
    for (const session of sessions.values()) session.sweep(now)
    flush()
  }, sweepMs).unref()
  world.delivery.addDoor({
    flush,
    askAgain: () => undefined,
    close: async () => {
      clearInterval(sweep)
      flush()
      await Promise.all([...sessions.keys()].map((link) => link.end()))
    },
  })
  return {
    serve(socket, below, origin) {
      const { delivery, places, counts } = world
      // What is wrong with a frame (its size, say) is followed by 'close'.
      socket.on('error', () => undefined)
      if (delivery.isDraining) {
        counts.connect('draining')
        socket.close(closeCodes.stopping)
      } else if (places.hasRoomFor(origin.place) && places.move(origin.place, 'guest')) begin(state, socket, below, origin)
      else counts.connect('full')
    },
  }
}

function newState({ serverName }: CoreDoorOptions, world: CoreDoorWorld): CoreDoorState {
  const { delivery, places, counts, log, newPace } = world
  const written = new Set<Socket>()
  const atFlush: (() => void)[] = []
  const flush = (): void => {
    for (const tell of atFlush.splice(0)) tell()
    for (const socket of written) socket.uncork()
    written.clear()
  }
  return {
    ...{ world, flush, sessions: new Map() },
    // What is written between ticks of workers leaves at the end of its own turn.
    links: { places, written, laterFlush: () => setImmediate(flush) },
    sessionWorld: {
      ...{ delivery, newPace, names: namesAt(serverName.toLowerCase()) },
      atFlush: (tell) => {
        atFlush.push(tell)
      },
      onRefused: (returnCode) => {
        counts.connect(refusals[returnCode])
      },
      onFault: (fault) => {
        log.error({ err: fault, event: 'core-request' }, 'a request of Protocol Core failed')
      },
    },
  }
}

function begin({ world, sessions, links, sessionWorld }: CoreDoorState, socket: WebSocket, below: Socket, origin: Origin): void {
  const link = new CoreLink(socket, below, origin, links)
  const session = new CoreSession(link, sessionWorld, socket)
  sessions.set(link, session)
  world.counts.openConnections('core', 1)
  socket.on('message', (data: Buffer, isBinary) => {
    session.receive(isBinary ? null : data.toString())
  })
  socket.on('ping', () => {
    session.heard()
  })
  socket.on('pong', (data: Buffer) => {
    session.pong(data)
  })
  socket.once('close', () => {
    sessions.delete(link)
    world.counts.openConnections('core', -1)
  })
}
