import type { Put } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { devices, sessions } from '../../documents/index.js'
import type { Accepted } from '../../outcome.js'

/**
 * Ends sessions of one phone: the sessions with their push tokens, their places among its devices and what is queued for them are removed
 * and their connections closed. Presence follows when the connections are gone.
 * @param clients the devices of the phone so far
 * @see docs/protocol/rpc.md 4, Auth/logout
 */
export function endSessions(
  phone: Phone,
  clients: readonly ClientId[],
  ended: readonly ClientId[],
  because: string,
): Pick<Accepted, 'puts' | 'clearInboxes' | 'effects'> {
  if (ended.length === 0) return { puts: [], clearInboxes: [], effects: [] }
  const left = clients.filter((client) => !ended.includes(client))
  return {
    puts: [putDevices(phone, left), ...ended.map((client) => sessions.remove(client))],
    clearInboxes: ended,
    effects: ended.map((client) => ({ kind: 'disconnect', client, because }) as const),
  }
}

/** Stores who the devices of a phone are. */
export function putDevices(phone: Phone, clients: readonly ClientId[]): Put {
  return clients.length === 0 ? devices.remove(phone) : devices.put({ clients }, phone)
}
