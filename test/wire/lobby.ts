import { record } from '../../protocol/index.js'
import { type Account, befriend, come, register, request } from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

/** A server with three connected people: Ann and Bob are friends and members of a room, Eve is a stranger to both. */
export interface Lobby {
  readonly server: WireServer
  /** Ann, Bob and Eve. */
  readonly accounts: readonly Account[]
  /** A device of each, in the same order. */
  readonly devices: readonly WireDevice[]
}

/** The room that Ann owns. */
export const lobby = 'lobby'

export async function openLobby(): Promise<Lobby> {
  const server = await startWireServer()
  const ann = await register(server.mqtt, 'ann', '380670000001')
  const bob = await register(server.mqtt, 'bob', '380670000002')
  const eve = await register(server.mqtt, 'eve', '380670000003')
  const a = await come(server.mqtt, ann)
  const b = await come(server.mqtt, bob)
  const e = await come(server.mqtt, eve)
  await befriend([ann, a], [bob, b])
  const member = record('Member', { phone_id: bob.phoneId, status: 'member' })
  await request(a, record('Room', { id: lobby, name: 'Lobby', members: [member], type: 'group', status: 'create' }))
  return { server, accounts: [ann, bob, eve], devices: [a, b, e] }
}
