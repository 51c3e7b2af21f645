import type { Server, Socket } from 'node:net'
import type { Place, Places } from './places.js'
import { readProxyHeaderOf } from './proxy-listener.js'

/** A socket that has a place, and who is at its other end. */
export interface Arrival {
  readonly place: Place
  /** As the socket or the PROXY header tells it. */
  readonly address: string
}

export interface Arrivals {
  /** @param socket the one that was accepted, or one that lies on it (TLS) @returns undefined if it is closed */
  of(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): Arrival | undefined
}

/** How a listener learns who is at the other end. */
export interface ArrivalRules {
  /** Connections begin with a PROXY header. */
  readonly isProxied: boolean
  /** What is served says it later; see {@link Places.tell}. */
  readonly isForwarded: boolean
}

/**
 * Gives each connection to a server a place before anything else is done with it, so that what never says who it is, never finishes TLS or HTTP, or
 * never sends CONNECT is counted and ended like everything else.
 * @param server one that does not listen yet
 */
export function takePlaces(server: Server, places: Places, { isProxied, isForwarded }: ArrivalRules): Arrivals {
  const known = new Map<string, Arrival>()
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const end = (): void => void socket.destroy()
    const { remoteAddress: address = '' } = socket
    const place = places.enter(isProxied || isForwarded ? undefined : address, end)
    if (place === undefined) {
      end()
      return
    }
    const name = nameOf(socket)
    const arrive = (arrival: Arrival): void => {
      known.set(name, arrival)
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
    }
    socket.once('close', () => {
      places.leave(place)
      if (known.get(name)?.place === place) known.delete(name)
    })
    if (!isProxied) {
      arrive({ place, address })
      return
    }
    readProxyHeaderOf(socket, (told = address) => {
      if (isForwarded || places.tell(place, told)) arrive({ place, address: told })
    })
  })
  return { of: (socket) => known.get(nameOf(socket)) }
}

/** A TLS socket is another object than the one it lies on, but has the same peer. */
function nameOf({ remoteAddress = '', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}
