import { addToRoom, joinRoom } from './add.js'
import { banFromRoom, unbanFromRoom } from './ban.js'
import { signalCall } from './call.js'
import { createRoom } from './create.js'
import { deleteRoom } from './delete.js'
import { getRoom } from './get.js'
import { leaveRoom } from './leave.js'
import { muteRoom, unmuteRoom } from './mute.js'
import { patchRoom } from './patch.js'
import { removeFromRoom } from './remove.js'

/** Every request on a room, by the status it is asked with. @see docs/protocol/rpc.md 11 */
export const roomHandlers = [
  { tag: 'Room', request: 'create', handler: createRoom },
  { tag: 'Room', request: 'get', handler: getRoom },
  { tag: 'Room', request: 'patch', handler: patchRoom },
  { tag: 'Room', request: 'settings', handler: patchRoom },
  { tag: 'Room', request: 'add', handler: addToRoom },
  { tag: 'Room', request: 'join', handler: joinRoom },
  { tag: 'Room', request: 'remove', handler: removeFromRoom },
  { tag: 'Room', request: 'leave', handler: leaveRoom },
  { tag: 'Room', request: 'ban', handler: banFromRoom },
  { tag: 'Room', request: 'unban', handler: unbanFromRoom },
  { tag: 'Room', request: 'mute', handler: muteRoom },
  { tag: 'Room', request: 'unmute', handler: unmuteRoom },
  { tag: 'Room', request: 'delete', handler: deleteRoom },
  { tag: 'Room', request: 'voice', handler: signalCall },
  { tag: 'Room', request: 'video', handler: signalCall },
] as const
