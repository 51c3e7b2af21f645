import type { Duplex } from 'node:stream'
import { createWebSocketStream, type WebSocket } from 'ws'

/**
 * The bytes of a WebSocket as a stream. What is written in one go leaves as one binary frame, so that a packet is never split over frames: Aedes and
 * we write the parts of a packet while the stream is corked. A frame may hold several packets; receivers must bear both [MQTT-6.0.0-2], and some
 * only bear the one.
 */
export function webSocketStream(socket: WebSocket): Duplex {
  const stream = createWebSocketStream(socket)
  // ws sends every chunk as a frame of its own, unless there is a way to write many at once.
  stream._writev = (parts, done) => {
    const chunks = parts.map(({ chunk, encoding }: Part) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk))
    stream._write(Buffer.concat(chunks), 'buffer' as BufferEncoding, done)
  }
  return stream
}

interface Part {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding
}
