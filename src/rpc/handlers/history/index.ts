/** Requests about the history of a feed and the cursor in it. @see docs/protocol/rpc.md 10 */
import { getHistory } from './get.js'
import { moveCursor, updateHistory } from './update.js'

export const historyHandlers = [
  { tag: 'History', request: 'get', handler: getHistory },
  { tag: 'History', request: 'update', handler: updateHistory },
  { tag: 'Cursor', request: '', handler: moveCursor },
] as const
