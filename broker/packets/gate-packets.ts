import type { Duplex } from 'node:stream'
import type { GateWorld } from './gate-world.js'
import { PacketGate } from './packet-gate.js'

const gateOf = Symbol('packet gate')

interface Gated extends Duplex {
  [gateOf]?: PacketGate
}

/** Puts a gate before a socket that nobody reads yet. */
export function gatePackets(socket: Duplex, world: GateWorld): PacketGate {
  const readSocket = socket.read.bind(socket)
  const gate = new PacketGate(socket, readSocket, world)
  // Streams read 0 bytes of themselves to fill their buffer.
  const read = (size?: number): unknown => (size === 0 ? readSocket(0) : gate.read())
  Object.assign(socket, { [gateOf]: gate, read })
  return gate
}

/** Whoever listens to a gated socket is told that it is readable when there may be something for him. */
export function tellWhenReadable(socket: Duplex, gate: PacketGate): void {
  for (const listener of socket.listeners('readable')) {
    socket.removeListener('readable', listener as () => void)
    socket.on('readable', () => {
      gate.tell(() => {
        Reflect.apply(listener, socket, [])
      })
    })
  }
}

/** The gate of a socket; undefined where there is none. */
export function packetGateOf(socket: Duplex): PacketGate | undefined {
  return (socket as Gated)[gateOf]
}
