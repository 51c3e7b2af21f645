import type { Server, Socket } from 'node:net'
import { readProxyHeader } from './proxy-header.js'

/** Addresses of those behind a proxy, by the connection they came through. */
export interface ProxiedAddresses {
  /** The address the proxy told, else that of the socket itself. */
  of(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string
}

const headerTimeoutMs = 5_000

/**
 * Makes a server expect the PROXY header at the beginning of each connection, before what it serves otherwise (MQTT, TLS, HTTP). What has
 * none, a malformed one, or none within 5 s is closed: else anyone could say who he is.
 * @param server one that does not listen yet
 * @see broker/proxy-header.ts
 */
export function expectProxyHeaders(server: Server): ProxiedAddresses {
  const known = new Map<string, string>()
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    readHeader(socket, (address) => {
      const name = nameOf(socket)
      if (address !== undefined) {
        known.set(name, address)
        socket.once('close', () => known.delete(name))
      }
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
    })
  })
  return { of: (socket) => known.get(nameOf(socket)) ?? socket.remoteAddress ?? '' }
}

/** A TLS socket is another object than the one it lies on, but has the same peer. */
function nameOf({ remoteAddress = '', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}

function readHeader(socket: Socket, serve: (address: string | undefined) => void): void {
  let read = Buffer.alloc(0)
  const end = (): void => {
    socket.destroy()
  }
  const timer = setTimeout(end, headerTimeoutMs)
  socket.on('error', end)
  socket.once('close', () => {
    clearTimeout(timer)
  })
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    read = Buffer.concat([read, chunk])
    const header = readProxyHeader(read)
    if (header.kind === 'incomplete') return
    clearTimeout(timer)
    socket.off('readable', onReadable)
    if (header.kind === 'malformed') {
      end()
      return
    }
    socket.off('error', end)
    if (read.length > header.length) socket.unshift(read.subarray(header.length))
    serve(header.address)
  }
  socket.on('readable', onReadable)
}
