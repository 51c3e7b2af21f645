/** Requests about the history of a feed and the cursor in it. @see docs/protocol/rpc.md 10 */
import { clearHistory } from './clear.js'
import { getBothSides, getMedia, getReplies } from './get.js'
import { getByFeed } from './get-by-feed.js'
import { moveCursor, updateHistory } from './update.js'

/** Kinds of a message part by which v11 asks for entries. */
const mediaKinds = ['image', 'video', 'file', 'link', 'audio', 'contact', 'location', 'text'] as const

export const historyHandlers = [
  { tag: 'History', request: 'get', handler: getByFeed },
  { tag: 'History', request: 'update', handler: updateHistory },
  { tag: 'History', request: 'delete', handler: clearHistory },
  { tag: 'History', request: 'get_reply', handler: getReplies },
  { tag: 'History', request: 'double_get', handler: getBothSides },
  ...mediaKinds.map((kind) => ({ tag: 'History', request: kind, handler: getMedia(kind) }) as const),
  { tag: 'Cursor', request: '', handler: moveCursor },
] as const
