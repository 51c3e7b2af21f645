import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:tls'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { limits } from '../../protocol/index.js'
import { type Arrival, type Arrivals, takePlaces } from './arrivals.js'
import type { Origin } from '../origin.js'
import type { Places } from './places.js'
import { sliceHttp } from './sliced-reading.js'
import { webSocketStream } from './web-socket-stream.js'

/** A socket server that is open. */
export interface Listener {
  /** The port in use. */
  readonly port: number
  /** Takes no new connections; those that stand are not touched. */
  close(): Promise<void>
}

export interface ListenAddress {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Connections begin with a PROXY header, which names who is behind the proxy. */
  readonly isProxied?: boolean
  /** Asked for each connection as soon as it is there. */
  readonly gate?: ConnectionGate
}

/** Who has a place, and how long whoever takes one may take to say what he is. */
export interface ArrivalHall {
  readonly places: Places
  /** For a TLS handshake, and the head of an HTTP request, ms. */
  readonly connectDeadlineMs: number
}

/** Private key and certificate chain, PEM. */
export interface TlsPair {
  readonly key: Buffer
  readonly cert: Buffer
}

export interface TlsListener extends Listener {
  /** Shows another certificate to whoever comes from now on; connections that stand are not touched. @throws if the pair cannot be used */
  renew(pair: TlsPair): void
}

/** Whether there is room for one more connection. */
export interface ConnectionGate {
  /** @returns false for one that is to be closed at once */
  takes(): boolean
  /** One that was taken has been closed. */
  left(): void
}

/** Lets a gate decide on each connection before anything else is done with it. @param server one that does not listen yet */
export function guardConnections(server: Server, gate: ConnectionGate): void {
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (!gate.takes()) {
      socket.destroy()
      return
    }
    socket.once('close', () => {
      gate.left()
    })
    for (const listener of listeners) Reflect.apply(listener, server, [socket])
  })
}

/** Serves one accepted socket. */
export type Serve = (socket: Duplex, origin: Origin) => void

/** Serves one accepted WebSocket of the endpoint `/ws`. */
export type ServeTransfers = (socket: WebSocket, origin: Origin) => void

/** Serves one accepted WebSocket of the endpoint `/core`. @param below the socket that it lies on */
export type ServeCore = (socket: WebSocket, below: Socket, origin: Origin) => void

/** Who serves what comes to the WebSocket port, by path. */
export interface WebSocketServices {
  readonly serve: Serve
  readonly serveTransfers: ServeTransfers
  readonly serveCore: ServeCore
}

const backlog = 4_096
/** One message may hold a packet and its fixed header. */
const packetHeaderBytes = 8
/** A message of whoever has not proved who he is: a publish of the usual size may follow CONNECT at once. */
const unprovenMessageBytes = 96 * 1024
/** Of a WebSocket message, and of what waits to be one: each part takes memory of its own, however small it is. */
const partLimits = { maxFragments: 1_024, maxBufferedChunks: 4_096 } as const
/** A message of Protocol Core, as docs/protocol/core.md 1 says. */
const coreMessageBytes = 65_536
const coreSubprotocol = 'nynja.core.v1'
const minVersion = 'TLSv1.2'
/** Names of MQTT as a subprotocol, the one that is answered where several are offered first. */
const subprotocols: readonly string[] = ['mqtt', 'mqttv3.1']

/** MQTT over TCP. @throws if the port cannot be opened */
export async function listenTcp(address: ListenAddress, hall: ArrivalHall, serve: Serve): Promise<Listener> {
  const server = createTcpServer({ noDelay: true, keepAlive: true }, (socket) => {
    const arrival = arrivals.of(socket)
    if (arrival === undefined) socket.destroy()
    else serve(socket, { listener: 'mqtt', ...arrival })
  })
  const arrivals = arrivalsAt(server, address, hall)
  return opened(server, address)
}

/** MQTT over TLS 1.2 or newer. @throws if the port cannot be opened, or key and certificate do not fit */
export async function listenTls(address: ListenAddress, { key, cert }: TlsPair, hall: ArrivalHall, serve: Serve): Promise<TlsListener> {
  const options = { key, cert, minVersion, noDelay: true, keepAlive: true, handshakeTimeout: hall.connectDeadlineMs } as const
  const server = createTlsServer(options, (socket) => {
    const arrival = arrivals.of(socket)
    if (arrival === undefined) socket.destroy()
    else serve(socket, { listener: 'tls', ...arrival })
  })
  const arrivals = arrivalsAt(server, address, hall)
  server.on('tlsClientError', (_error, socket) => {
    socket.destroy()
  })
  const listener = await opened(server, address)
  return {
    ...listener,
    renew(pair) {
      server.setSecureContext({ ...pair, minVersion })
    },
  }
}

/**
 * MQTT over WebSocket: path `/mqtt`, binary frames, subprotocol `mqtt` [MQTT-6.0.0-3] of MQTT 3.1.1. Clients that do not know that name are served
 * as well: with `mqttv3.1`, which is older than the standard, or none.
 * Beside it file transfers, path `/ws`, and Protocol Core, path `/core`; any subprotocol or none.
 */
export async function listenWebSocket(
  address: ListenAddress,
  { maxPacketBytes, trustProxy }: { readonly maxPacketBytes: number; readonly trustProxy: boolean },
  hall: ArrivalHall,
  { serve, serveTransfers, serveCore }: WebSocketServices,
): Promise<Listener> {
  const http = createHttpServer({ noDelay: true, keepAlive: true }, (_request, response) => {
    response
      .writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' })
      .end('MQTT over WebSocket, path /mqtt; file transfers, path /ws; Protocol Core, path /core\n')
  })
  http.headersTimeout = hall.connectDeadlineMs
  const reading = sliceHttp(http)
  const messageBytes = maxPacketBytes + packetHeaderBytes
  const arrivals = arrivalsAt(http, address, hall, trustProxy)
  const sockets = webSockets(messageBytes, subprotocols)
  const transferSockets = new WebSocketServer({ noServer: true, maxPayload: limits.ftpFrameBytes, ...partLimits })
  const coreSockets = webSockets(coreMessageBytes, [coreSubprotocol])
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refusal = refuseUpgrade(request)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`)
      return
    }
    const origin = originOf(request, arrivals.of(socket), trustProxy ? hall.places : undefined)
    if (origin === undefined) return
    if (pathOf(request) === '/ws') {
      reading.upgraded(socket, head, Infinity)
      transferSockets.handleUpgrade(request, socket, head, (webSocket) => {
        serveTransfers(webSocket, origin)
      })
    } else if (pathOf(request) === '/core') {
      // What is too long is told so: the library closes with 1009.
      reading.upgraded(socket, head, Infinity)
      coreSockets.handleUpgrade(request, socket, head, (webSocket) => {
        serveCore(webSocket, socket, { ...origin, listener: 'core' })
      })
    } else {
      const guard = reading.upgraded(socket, head, Math.min(unprovenMessageBytes, messageBytes))
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const onProven = (): void => void (guard.maxMessageBytes = Infinity)
        serve(webSocketStream(webSocket), { ...origin, onProven })
      })
    }
  })
  const listener = await opened(http, address)
  return {
    port: listener.port,
    async close() {
      http.closeIdleConnections()
      await listener.close()
    },
  }
}

/** Who it is that an upgrade comes from. @param places of whom a proxy names, where one does */
function originOf(request: IncomingMessage, arrival: Arrival | undefined, places: Places | undefined): Origin | undefined {
  if (arrival === undefined || places === undefined) return arrival && { listener: 'ws', ...arrival }
  const address = forwardedFor(request) ?? arrival.address
  return places.tell(arrival.place, address) ? { listener: 'ws', place: arrival.place, address } : undefined
}

/** Without compression: it takes memory of its own for each connection. @param known subprotocols, the first that is offered is selected */
function webSockets(maxPayload: number, known: readonly string[]): WebSocketServer {
  return new WebSocketServer({
    ...{ noServer: true, maxPayload, ...partLimits, perMessageDeflate: false },
    handleProtocols: (offered) => known.find((name) => offered.has(name)) ?? false,
  })
}

/** The address the nearest proxy saw: the last entry of X-Forwarded-For. */
function forwardedFor({ headers }: IncomingMessage): string | undefined {
  const forwarded = headers['x-forwarded-for']
  const text = Array.isArray(forwarded) ? forwarded.at(-1) : forwarded
  return text?.split(',').at(-1)?.trim()
}

function pathOf({ url }: IncomingMessage): string | undefined {
  return url?.split('?')[0]
}

function refuseUpgrade(request: IncomingMessage): string | undefined {
  const { headers } = request
  if (pathOf(request) === '/ws' || pathOf(request) === '/core') return undefined
  if (pathOf(request) !== '/mqtt' && pathOf(request) !== '/mqtt/') return '404 Not Found'
  const offer = headers['sec-websocket-protocol']
  const offered = (offer ?? '').split(',').map((name) => name.trim())
  return offer === undefined || subprotocols.some((known) => offered.includes(known)) ? undefined : '400 Bad Request'
}

function arrivalsAt(server: Server, { isProxied = false }: ListenAddress, { places }: ArrivalHall, isForwarded = false): Arrivals {
  return takePlaces(server, places, { isProxied, isForwarded })
}

async function opened(server: Server, { host, port, gate }: ListenAddress): Promise<Listener> {
  if (gate !== undefined) guardConnections(server, gate)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Accepting may fail for a while (out of descriptors); the server goes on.
  server.on('error', () => undefined)
  return {
    port: (server.address() as AddressInfo).port,
    // Resolves when the port is free; connections that stand are closed by their owner and are not waited for.
    close: () => {
      server.close()
      return Promise.resolve()
    },
  }
}
