import { monotonicMs } from '../clock/index.js'
import type { Connection } from './connection.js'
import { type DeliveryState, flush } from './delivery-state.js'

const closeGraceMs = 5_000
const lookAgainMs = 20

/**
 * Closes a connection once the device has acknowledged what it was sent, and what it has asked is acknowledged: the news that it is to be closed comes
 * before that its request is done. After 5 s at the latest. @see docs/protocol/rpc.md 4, logout
 */
export function closeWhenRead(state: DeliveryState, connection: Connection | undefined, because: string): void {
  if (connection === undefined) return
  connection.isClosing = true
  flush(state)
  const deadline = monotonicMs() + closeGraceMs
  const look = (): void => {
    if (connection.state === 'closed') return
    const isRead = connection.pump.isIdle && state.requests.underWayOf(connection) === 0
    if (isRead || monotonicMs() >= deadline) {
      state.world.log.debug({ client: connection.words.clientId, because }, 'connection closed')
      connection.link.close('logout')
    } else setTimeout(look, lookAgainMs)
  }
  look()
}

/** Closes a connection whose device is connected elsewhere: nothing of what it still sends is acted on or acknowledged. */
export function closeFollowed(state: DeliveryState, connection: Connection | undefined): void {
  if (connection === undefined) return
  connection.isClosing = true
  state.world.log.debug({ client: connection.words.clientId, because: 'it is connected elsewhere' }, 'connection closed')
  connection.link.close('followed')
}
