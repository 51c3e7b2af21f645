import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { FrameGuard } from '../packets/frame-guard.js'
import { type Reader, ReadingTurns } from '../packets/reading-turns.js'

/** A request of a browser has about so many bytes, the shortest have 20. */
const httpSliceBytes = 512
/** Of a socket that serves a WebSocket now. */
const webSocketSliceBytes = 16 * 1_024

/** How a socket is read that hands on what it reads a little at a time. */
export interface SlicedReading {
  sliceBytes: number
  /** Asked before a slice is handed on; false ends the connection. */
  inspect: (slice: Uint8Array) => boolean
}

/**
 * What is read of a socket is handed on in slices, one in a turn of the event loop: a parser works on all it is given at once, and 64 KiB, which is
 * what the system reads, hold two thousand requests. While slices wait, or the socket is paused, nothing more is read.
 * @param socket one that is not being read yet, or whose reader takes what it pushes
 */
export function readInSlices(socket: Socket, turns: ReadingTurns, sliceBytes: number): SlicedReading {
  const push = socket.push.bind(socket)
  const reading: SlicedReading = { sliceBytes, inspect: () => true }
  let rest: Buffer | undefined
  let hasEnded = false
  const reader: Reader = { isKnown: false, level: 0, wake: goOn }

  /** @returns whether nothing waits any more */
  function handOn(): boolean {
    if (rest === undefined || socket.destroyed) return true
    if (socket.isPaused()) {
      socket.once('resume', goOn)
      return false
    }
    if (!turns.begin(reader)) return false
    const slice = rest.subarray(0, reading.sliceBytes)
    turns.hasRead(reader, slice.length)
    rest = rest.length > slice.length ? rest.subarray(slice.length) : undefined
    if (!reading.inspect(slice)) {
      socket.destroy()
      return true
    }
    const takesMore = push(slice)
    if (rest === undefined) return takesMore
    turns.later(reader)
    return false
  }

  function goOn(): void {
    handOn()
    if (rest !== undefined || socket.destroyed) return
    if (hasEnded) push(null)
    else socket.read(0)
  }

  socket.push = (chunk: Buffer | null): boolean => {
    if (chunk === null) {
      hasEnded = true
      return rest === undefined && push(null)
    }
    rest = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    // What waits stops the socket; the last slice lets it read on.
    return handOn()
  }
  socket.once('close', () => {
    turns.forget(reader)
  })
  return reading
}

/** The reading of sockets that an HTTP server has. */
export interface HttpReading {
  /**
   * One of them serves a WebSocket from now on: it is read in larger slices, and closed when a message is larger than it may be.
   * @param head what has come of its frames with the request
   * @returns which messages it takes
   */
  upgraded(socket: Socket, head: Uint8Array, maxMessageBytes: number): FrameGuard
}

/** Lets an HTTP server be given what its clients send in slices. @param server one that does not listen yet, and whose connections nobody guards yet */
export function sliceHttp(server: HttpServer): HttpReading {
  const turns = new ReadingTurns()
  const readings = new WeakMap<Socket, SlicedReading>()
  server.on('connection', (socket: Socket) => {
    // The server reads past the socket's own stream until somebody else listens.
    const nothing = (): void => undefined
    socket.on('data', nothing)
    socket.removeListener('data', nothing)
    readings.set(socket, readInSlices(socket, turns, httpSliceBytes))
  })
  return {
    upgraded(socket, head, maxMessageBytes) {
      const guard = new FrameGuard(maxMessageBytes)
      const inspect = (bytes: Uint8Array): boolean => guard.accepts(bytes)
      if (!inspect(head)) socket.destroy()
      Object.assign(readings.get(socket) ?? {}, { sliceBytes: webSocketSliceBytes, inspect })
      return guard
    },
  }
}
