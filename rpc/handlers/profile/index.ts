import { presenceHandlers } from '../presence/index.js'
import { askCredentials } from './aws.js'
import { verifyEmail } from './email.js'
import { getProfile } from './get.js'
import { linkEmail } from './link.js'
import { setProfile } from './set.js'
import { updateProfile } from './update.js'

/** Requests about profiles and the presence of others; `patch` is what v11 calls update, too. @see docs/protocol/rpc.md 6 and 7 */
export const profileHandlers = [
  { tag: 'Profile', request: 'get', handler: getProfile },
  { tag: 'Profile', request: 'update', handler: updateProfile },
  { tag: 'Profile', request: 'patch', handler: updateProfile },
  { tag: 'Profile', request: 'set', handler: setProfile },
  { tag: 'Profile', request: 'link', handler: linkEmail },
  { tag: 'Profile', request: 'email', handler: verifyEmail },
  { tag: 'Profile', request: 'aws', handler: askCredentials },
  ...presenceHandlers,
] as const
