import { presenceHandlers } from '../presence/index.js'
import { getProfile } from './get.js'

/** Requests about profiles and the presence of others. @see docs/protocol/rpc.md 6 and 7 */
export const profileHandlers = [{ tag: 'Profile', request: 'get', handler: getProfile }, ...presenceHandlers] as const
