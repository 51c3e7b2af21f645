import type { DeliveryState } from './delivery-state.js'
import { tellEnd } from './ending.js'
import { introduce } from './opening.js'

/** A new worker serves `node`: it learns of the connections it has to know, and what it had not finished for them. */
export function reintroduce(state: DeliveryState, node: number): void {
  departAgain(state, node)
  state.deciding.askAgain(node)
  for (const connection of state.connections.byNumber.values()) {
    if (connection.state === 'connecting' || !connection.knownTo.includes(node)) continue
    introduce(state, connection, node)
    if (connection.node === node && connection.state === 'connected') {
      state.world.ring().control(node, { kind: 'connected', connection: connection.number })
    }
  }
  state.requests.repeat(node)
  // Commits of the dead worker may not have been told: every inbox is looked at again, whichever node its device belongs to.
  for (const connection of state.connections.byNumber.values()) if (connection.state === 'open') connection.pump.refresh(true)
  for (const door of state.doors) door.askAgain(node)
}

/** The old worker may have died with the end of these connections untold. They come before those that stand: they are older. */
function departAgain(state: DeliveryState, node: number): void {
  for (const connection of state.departing.values()) {
    if (connection.node !== node) continue
    introduce(state, connection, node)
    tellEnd(state, connection, node, state.connections.byClient.has(connection.words.clientId))
  }
}
