/** Requests about messages. @see docs/protocol/rpc.md 10 */
import { changeMessage } from './change.js'
import { clientMessage } from './client.js'
import { completeMessage } from './complete.js'
import { uploadMessage } from './upload.js'

export { decidePost, postMessage, type PostFacts } from './post.js'
export { type FeedAccess, ownParty, type Parties, phonesFor, readFeedAccess, readParties, readServiceAccess } from './feed-access.js'

export const messageHandlers = [
  { tag: 'Message', request: 'client', handler: clientMessage },
  { tag: 'Message', request: 'upload', handler: uploadMessage },
  { tag: 'Message', request: 'complete', handler: completeMessage },
  { tag: 'Message', request: 'edit', handler: changeMessage },
  { tag: 'Message', request: 'deleted', handler: changeMessage },
] as const
