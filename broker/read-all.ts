import type { Duplex } from 'node:stream'
import { bufferOf } from '../protocol/index.js'

/**
 * All that a paused stream holds. Without a size, Node.js 26 reads one piece of it, what was put back by itself, and does not tell of the rest again;
 * with one that is larger than its high water mark, a stream raises that.
 * @param read reads the stream itself
 * @returns null if there is nothing
 */
export function readAll(stream: Duplex, read: () => unknown): Buffer | null {
  const pieces: Buffer[] = []
  do {
    const piece = read()
    if (piece instanceof Uint8Array) pieces.push(bufferOf(piece))
    else break
  } while (stream.readableLength > 0)
  const [first] = pieces
  return pieces.length > 1 ? Buffer.concat(pieces) : (first ?? null)
}
