import { ok, pair } from '../../../protocol/index.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { type DeviceStep, type OwnSessionFacts, ownSessionHandler, readOwnSession } from './own-session.js'
import { endSessions } from './session-end.js'

/** Ends the caller's session, after telling it so. @see docs/protocol/rpc.md 4, Auth/logout */
export const logout = ownSessionHandler(readOwnSession, ({ caller, device, facts }): Outcome => {
  const ended = endSessions(device.phone, facts, [device.clientId], 'logged out')
  return accept({ ...ended, sends: [answer(ok('logout', pair('Auth', caller.token ?? '')))] })
})

/** Logs out another device of the phone (v11). @refuses `invalid_data` for the own one; `session_not_found` for one that is not own */
export const deleteSession = ownSessionHandler(readOwnSession, ({ record, device, facts }): Outcome => {
  if (record.client_id === null || record.client_id === device.clientId) return refuse('invalid_data', 'names no other device')
  const other = facts.clients.find((client) => client === record.client_id)
  if (other === undefined) return refuse('session_not_found', 'no such device of this phone')
  const ended = endSessions(device.phone, facts, [other], 'logged out by another device')
  return accept({ ...ended, sends: [answer(ok('logout'))] })
})

/** Logs out all other devices of the phone (v11). */
export const clearSessions = ownSessionHandler(readOwnSession, ({ device, facts }: DeviceStep<OwnSessionFacts>): Outcome => {
  const others = facts.clients.filter((client) => client !== device.clientId)
  const ended = endSessions(device.phone, facts, others, 'logged out by another device')
  return accept({ ...ended, sends: [answer(ok('cleared'))] })
})
