import { login } from './login.js'
import { clearSessions, deleteSession, logout } from './logout.js'
import { setPushToken } from './push-token.js'
import { register, resend, voice } from './send-code.js'
import { listSessions, updateSession } from './session-list.js'
import { verify } from './verify.js'

/** Requests about sessions, by Auth.type; `list` is also what v11 calls get. @see docs/protocol/rpc.md 4 */
export const authHandlers = [
  { tag: 'Auth', request: 'reg', handler: register },
  { tag: 'Auth', request: 'voice', handler: voice },
  { tag: 'Auth', request: 'resend', handler: resend },
  { tag: 'Auth', request: 'verify', handler: verify },
  { tag: 'Auth', request: 'login', handler: login },
  { tag: 'Auth', request: 'logout', handler: logout },
  { tag: 'Auth', request: 'push', handler: setPushToken },
  { tag: 'Auth', request: 'list', handler: listSessions },
  { tag: 'Auth', request: 'delete', handler: deleteSession },
  { tag: 'Auth', request: 'clear', handler: clearSessions },
  { tag: 'Auth', request: 'update', handler: updateSession },
] as const
