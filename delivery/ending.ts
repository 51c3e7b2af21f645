import type { ConnectionEnd } from '../rpc/index.js'
import { type Connection, leave } from './connection.js'
import type { DeliveryState } from './delivery-state.js'

/** A connection has ended, or its peer goes on as somebody else. */
export function ended(state: DeliveryState, connection: Connection): void {
  if (connection.state === 'closed') return
  const wasAccepted = connection.accepted !== undefined
  const sentTo = connection.pump.close()
  if (connection.state === 'open') connection.sentTo = sentTo
  connection.state = 'closed'
  const isTakenOver = leave(state.connections, connection)
  state.requests.forget(connection)
  if (!wasAccepted) return
  if (connection.accepted?.client === 'device') {
    Atomics.sub(state.world.variantsInUse, connection.variant, 1)
    if (sentTo > 0) state.sent.remember(connection.words.clientId, sentTo, connection.accepted.epoch)
  }
  state.departing.set(connection.number, connection)
  for (const node of connection.knownTo) tellEnd(state, connection, node, isTakenOver || node !== connection.node)
}

/** @param isTakenOver somebody else announces it */
export function tellEnd(state: DeliveryState, connection: Connection, node: number, isTakenOver: boolean): void {
  const { number, sentTo } = connection
  state.world.ring().control(node, { kind: 'disconnected', connection: number, isTakenOver, end: endOf(state, connection), sentTo })
}

/** A device that has said goodbye is not coming back at once. */
function endOf({ isDraining }: DeliveryState, { link, isClosing }: Connection): ConnectionEnd {
  if (link.hasSaidGoodbye || isClosing) return 'asked'
  return isDraining ? 'stopping' : 'lost'
}
