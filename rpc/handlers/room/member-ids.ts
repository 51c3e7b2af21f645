import type { Put } from '../../../store/contract.js'
import type { RoomId } from '../../../topics/index.js'
import { blocksFor, memberIdAt, memberIdBlocks, memberIdShard, memberIdsLeft } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'

/** Ids for new members of a room, ascending, and what is stored when they are given. */
export interface MemberIds {
  readonly ids: readonly number[]
  readonly puts: readonly Put[]
}

/**
 * The next ids of a room.
 * @param last the id that the room gave last; 0 for a new one
 * @see docs/decisions/0166-member-ids-are-unique.md
 */
export async function readMemberIds(facts: FactReader, room: RoomId, last: number, count: number): Promise<MemberIds> {
  const left = Math.min(count, memberIdsLeft(last))
  const ids = Array.from({ length: left }, (_, place) => last + 1 + place)
  const missing = count - left
  if (missing === 0) return { ids, puts: [] }
  const shard = memberIdShard(room)
  const block = (await facts.get(memberIdBlocks, shard)) ?? 0
  const more = Array.from({ length: missing }, (_, place) => memberIdAt(shard, block, place))
  return { ids: [...ids, ...more], puts: [memberIdBlocks.put(block + blocksFor(missing), shard)] }
}

export const noMemberIds: MemberIds = { ids: [], puts: [] }
