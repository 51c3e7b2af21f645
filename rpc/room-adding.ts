/**
 * What becomes of a person whom a friend adds to a room: he is in it at once, or he is asked and joins by himself.
 * @see docs/decisions/0221-who-wants-to-be-asked.md
 */
export const roomAdding = ['friends', 'ask'] as const
export type RoomAdding = (typeof roomAdding)[number]
