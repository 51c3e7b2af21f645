import type { Duplex } from 'node:stream'

/** Writes of one tick to one socket leave as one: each socket is corked at its first write and uncorked when the tick's work is done. */
export interface SocketWriter {
  write(socket: Duplex, bytes: Buffer): void
  /** Bytes that were written to this socket and that it has not sent, those held back included. */
  waitingBytes(socket: Duplex): number
  /** Holds back what others (Aedes) write to this socket in this tick, so that it leaves together with ours. */
  hold(socket: Duplex): void
  /** Sends everything held back. Called at the end of a tick's work; also happens by itself soon. */
  flush(): void
}

/** Writes that are longer are not copied together: a corked socket sends them in one go as well. */
const joinedBytes = 64 * 1024

interface Held {
  readonly buffers: Buffer[]
  bytes: number
}

export function newSocketWriter(): SocketWriter {
  const pending = new Map<Duplex, Held>()
  let isScheduled = false

  function heldOf(socket: Duplex): Held {
    const known = pending.get(socket)
    if (known !== undefined) return known
    const held = { buffers: [], bytes: 0 }
    pending.set(socket, held)
    socket.cork()
    if (!isScheduled) {
      isScheduled = true
      setImmediate(flush)
    }
    return held
  }

  function flush(): void {
    isScheduled = false
    for (const [socket, { buffers, bytes }] of pending) {
      if (!socket.destroyed) for (const part of bytes > joinedBytes ? buffers : joined(buffers)) socket.write(part)
      socket.uncork()
    }
    pending.clear()
  }

  return {
    write: (socket, bytes) => {
      const held = heldOf(socket)
      held.buffers.push(bytes)
      held.bytes += bytes.length
    },
    waitingBytes: (socket) => socket.writableLength + (pending.get(socket)?.bytes ?? 0),
    hold: (socket) => {
      heldOf(socket)
    },
    flush,
  }
}

function joined(buffers: readonly Buffer[]): readonly Buffer[] {
  return buffers.length < 2 ? buffers : [Buffer.concat(buffers)]
}
