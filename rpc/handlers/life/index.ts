import { changeNumber } from './change-number.js'
import { migrate } from './migrate.js'
import { removeProfile } from './remove-profile.js'
import { removeRoster } from './remove-roster.js'

export { choreStep } from './chore.js'

/** The end of accounts and rosters, and their moves to another number. @see docs/protocol/rpc.md 6 and 8 */
export const lifeHandlers = [
  { tag: 'Profile', request: 'remove', handler: removeProfile },
  { tag: 'Profile', request: 'migrate', handler: migrate },
  { tag: 'Profile', request: 'phone', handler: changeNumber },
  { tag: 'Roster', request: 'remove', handler: removeRoster },
] as const
