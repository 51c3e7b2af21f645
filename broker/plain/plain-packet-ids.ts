import type { Client as AedesClient } from 'aedes'
import { lastAnswerSlot } from '../../delivery/index.js'

/**
 * Keeps the packet ids that Aedes gives to deliveries of plain MQTT use above those of the pump, which takes every acknowledgement of a lower
 * one for its own. Aedes begins with any, and begins again at 1.
 */
export function keepPacketIdsApart(client: AedesClient): void {
  const lowest = lastAnswerSlot + 1
  let next = lowest
  Object.defineProperty(client, '_nextId', {
    get: () => next,
    set: (id: number) => {
      next = Math.max(lowest, id)
    },
  })
}
