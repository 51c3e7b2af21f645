import { memberIdAt, memberIdShard } from '../../rpc/documents/index.js'
import { roomNamed } from './room-world.js'

/** The id of the `nth` member (from 1) that was ever in a room, in a store where no room was made before it. */
export function memberId(nth: number, room = 'r1'): number {
  return memberIdAt(memberIdShard(roomNamed(room)), 0, nth - 1)
}
