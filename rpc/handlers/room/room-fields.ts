import { limits, type RecordOf } from '../../../protocol/index.js'
import { isWithinSettings } from '../../merge-features.js'
import { type Refused, refuse } from '../../outcome.js'

type Room = RecordOf<'Room'>

/** What a Room says of itself. */
export type RoomFields = Pick<Room, 'name' | 'description' | 'tos' | 'settings' | 'data'>

const maxAvatarParts = 10

/** Checks the texts and lists of a Room against their limits. @refuses `invalid_data` @see docs/protocol/rpc.md 1.5 */
export function checkFields(room: RoomFields): Refused | undefined {
  if (room.name !== null && !hasLength(room.name, limits.roomNameMin, limits.roomNameMax))
    return refuse('invalid_data', 'a room name has 1 to 32 characters')
  if (room.description !== null && !hasLength(room.description, 0, limits.descriptionMax))
    return refuse('invalid_data', 'a description has up to 255 characters')
  if (room.tos !== null && !hasLength(room.tos, 0, limits.tosMax))
    return refuse('invalid_data', 'terms of service have up to 4,096 characters')
  if (!isWithinSettings(room.settings)) return refuse('invalid_data', 'too many settings')
  if (room.data.length > maxAvatarParts) return refuse('invalid_data', 'too many parts of an avatar')
  return undefined
}

/** Whether a text has from `min` to `max` characters, counted as people do: by code point. */
export function hasLength(text: string, min: number, max: number): boolean {
  if (text.length > max * 2) return false
  const length = Array.from(text).length
  return length >= min && length <= max
}
