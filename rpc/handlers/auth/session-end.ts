import type { Put } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { devices, type DevicesDocument, sessions } from '../../documents/index.js'
import type { Accepted } from '../../outcome.js'

/**
 * Ends sessions of one phone: the sessions with their push tokens, their places among its devices and what is queued for them are removed
 * and their connections closed. Presence follows when the connections are gone.
 * @param known the devices of the phone so far
 * @see docs/protocol/rpc.md 4, Auth/logout
 */
export function endSessions(
  phone: Phone,
  known: DevicesDocument,
  ended: readonly ClientId[],
  because: string,
): Pick<Accepted, 'puts' | 'clearInboxes' | 'effects'> {
  if (ended.length === 0) return { puts: [], clearInboxes: [], effects: [] }
  const clients = known.clients.filter((client) => !ended.includes(client))
  return {
    puts: [putDevices(phone, { ...known, clients }), ...ended.map((client) => sessions.remove(client))],
    clearInboxes: ended,
    effects: ended.map((client) => ({ kind: 'disconnect', client, because }) as const),
  }
}

/** Stores who the devices of a phone are, and which of them have a push token; those that are none of its devices are left out. */
export function putDevices(phone: Phone, { clients, pushes = [] }: DevicesDocument): Put {
  const reachable = pushes.filter((client) => clients.includes(client))
  if (clients.length === 0) return devices.remove(phone)
  return devices.put(reachable.length === 0 ? { clients } : { clients, pushes: reachable }, phone)
}
