import type { Socket } from 'node:net'
import { readAll } from '../read-all.js'
import { readProxyHeader } from './proxy-header.js'

const headerTimeoutMs = 5_000

/**
 * Reads the PROXY header at the beginning of a connection, before what it serves otherwise (MQTT, TLS, HTTP). What has none, a malformed one, or none
 * within 5 s is closed: else anyone could say who he is.
 * @param serve told the address the proxy names, undefined where it names none
 * @see broker/listeners/proxy-header.ts
 */
export function readProxyHeaderOf(socket: Socket, serve: (address: string | undefined) => void): void {
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
    const chunk = readAll(socket, () => socket.read() as unknown)
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
