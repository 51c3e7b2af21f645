/** Requests about friendship. @see docs/protocol/rpc.md 9 */
import { banContact, unbanContact } from './ban.js'
import { muteFriend, unmuteFriend, updateContact } from './contact-settings.js'
import { friendHandler } from './friend-request.js'
import { confirmFriendship, ignoreRequest, requestFriendship, revokeFriendship } from './friendship.js'

export const friendHandlers = [
  { tag: 'Friend', request: 'request', handler: friendHandler(requestFriendship, { asksAboutStrangers: true }) },
  { tag: 'Friend', request: 'confirm', handler: friendHandler(confirmFriendship) },
  { tag: 'Friend', request: 'revoke', handler: friendHandler(revokeFriendship) },
  { tag: 'Friend', request: 'ban', handler: friendHandler(banContact, { asksAboutStrangers: true, isOfAccounts: true }) },
  { tag: 'Friend', request: 'unban', handler: friendHandler(unbanContact, { isOfAccounts: true }) },
  { tag: 'Friend', request: 'mute', handler: friendHandler(muteFriend, { isOfAccounts: true }) },
  { tag: 'Friend', request: 'unmute', handler: friendHandler(unmuteFriend, { isOfAccounts: true }) },
  { tag: 'Friend', request: 'update', handler: friendHandler(updateContact) },
  { tag: 'Friend', request: 'ignore', handler: friendHandler(ignoreRequest) },
] as const
