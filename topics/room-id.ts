import type { Branded } from './branded.js'
import { isLevel } from './level.js'

/** The name of a room, chosen by its creator or by the server. */
export type RoomId = Branded<string, 'RoomId'>

const maxRoomIdCharacters = 255

/** @returns the room id, or undefined unless `text` is 1 to 255 characters that may stand in a topic level. @see docs/protocol/topics.md 2 */
export function parseRoomId(text: string): RoomId | undefined {
  if (text.length > maxRoomIdCharacters * 2 || !isLevel(text)) return undefined
  return text.length <= maxRoomIdCharacters || Array.from(text).length <= maxRoomIdCharacters ? (text as RoomId) : undefined
}
