/** Requests on the links of channels, of v11 only. @see docs/protocol/rpc.md 17 */
import { deleteLink, updateLink } from './change.js'
import { checkLink } from './check.js'
import { getLink } from './get.js'
import { joinByLink } from './join.js'

export { newLinks, newLinksFault, readTaken } from './new-links.js'

export const linkHandlers = [
  { tag: 'Link', request: 'check', handler: checkLink },
  { tag: 'Link', request: 'get', handler: getLink },
  { tag: 'Link', request: 'update', handler: updateLink },
  { tag: 'Link', request: 'delete', handler: deleteLink },
  { tag: 'Link', request: 'join', handler: joinByLink },
] as const
