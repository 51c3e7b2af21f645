import type { Duplex } from 'node:stream'

/** Writes of one tick to one socket leave as one: each socket is corked at its first write and uncorked when the tick's work is done. */
export interface SocketWriter {
  write(socket: Duplex, bytes: Buffer): void
  /** Holds back what others (Aedes) write to this socket in this tick, so that it leaves together with ours. */
  hold(socket: Duplex): void
  /** Sends everything held back. Called at the end of a tick's work; also happens by itself soon. */
  flush(): void
}

export function newSocketWriter(): SocketWriter {
  const pending = new Map<Duplex, Buffer[]>()
  let isScheduled = false

  function held(socket: Duplex): Buffer[] {
    const known = pending.get(socket)
    if (known !== undefined) return known
    const buffers: Buffer[] = []
    pending.set(socket, buffers)
    socket.cork()
    if (!isScheduled) {
      isScheduled = true
      setImmediate(flush)
    }
    return buffers
  }

  function flush(): void {
    isScheduled = false
    for (const [socket, buffers] of pending) {
      if (buffers.length > 0 && !socket.destroyed) socket.write(buffers.length === 1 ? buffers[0] : Buffer.concat(buffers))
      socket.uncork()
    }
    pending.clear()
  }

  return {
    write: (socket, bytes) => {
      held(socket).push(bytes)
    },
    hold: (socket) => {
      held(socket)
    },
    flush,
  }
}
