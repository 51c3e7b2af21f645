import { createHash } from 'node:crypto'
import type { RoomId } from '../../topics/index.js'
import { numberTable } from './number-table.js'
import { table } from './table.js'

/**
 * Member ids are unique over all rooms and grow within each. A room is given them in blocks, so that changes in one room do not meet those in
 * another: only when its block is used up, or it has none, does it take the next block of its shard. A shard has every 64th block.
 * @see docs/decisions/0166-member-ids-are-unique.md
 */
const blockSize = 64
const shards = 64

/** Ids below counted from 1 in each room, in stores of earlier programs. No room has had so many. */
export const firstMemberId = 2 ** 20

/** How many blocks of a shard have been given to rooms. */
export const memberIdBlocks = numberTable<[shard: string]>('member-ids')

/** The shard of a room, as a key level: two digits. */
export function memberIdShard(room: RoomId): string {
  const [byte = 0] = createHash('md5').update(room).digest()
  return String(byte % shards).padStart(2, '0')
}

/** Ids of a room given by earlier programs: counted from 1 up to `last`. Now they lie in blocks of its shard, one after the other, from `block` on. */
export interface RenumberedRoom {
  readonly block: number
  readonly last: number
}

/** The rooms whose members had other ids. */
export const renumberedRooms = table<[room: RoomId], RenumberedRoom>('renumbered')

/** How many of the next ids a room has left in its block. @param last the id it gave last */
export function memberIdsLeft(last: number): number {
  return last < firstMemberId ? 0 : (blockSize - ((last - firstMemberId) % blockSize)) % blockSize
}

/** How many blocks hold so many ids. */
export function blocksFor(count: number): number {
  return Math.ceil(count / blockSize)
}

/** The id at `place` (from 0) of the blocks of a shard that begin with `block`. */
export function memberIdAt(shard: string, block: number, place: number): number {
  const before = (block + Math.floor(place / blockSize)) * shards + Number(shard)
  return firstMemberId + before * blockSize + (place % blockSize) + 1
}

/** What has become of an id of a room; what is no id of an earlier program is left as it is. */
export function renumberedId(room: RoomId, { block, last }: RenumberedRoom, id: number): number {
  return Number.isInteger(id) && id >= 1 && id <= last ? memberIdAt(memberIdShard(room), block, id - 1) : id
}
