import type { Put, Row, StoreReader } from '../../store/contract.js'
import { type RoomId, roomTopic } from '../../topics/index.js'
import {
  blocksFor,
  firstMemberId,
  jobs,
  memberIdAt,
  memberIdBlocks,
  memberIdShard,
  members,
  type MessageDocument,
  messages,
  renumberedId,
  type RenumberedRoom,
  renumberedRooms,
  rooms,
  sharedBodies,
  stars,
} from '../documents/index.js'
import { type FindRenumbered, renumberedMessage, renumberedRecord, renumberedSeenBy } from '../views/renumbered-record.js'
import { feedNamed } from '../views/message-view.js'
import { packBody, unpackBody } from '../runtime/worker/body.js'
import type { Migration, Stage } from './migration.js'

const pageRows = 500
const pageBytes = 4 * 1024 * 1024

/**
 * Member ids counted from 1 in each room. Every room is given blocks of ids of its own, which are noted; then whatever holds an id follows:
 * memberships, messages hidden by member id, favourites, scheduled messages, shared bodies. Entries of inboxes are never rewritten, because a
 * device must receive again what it was sent: they are translated when they are read, as `renumberedRooms` says.
 * @see docs/decisions/0166-member-ids-are-unique.md
 */
export const uniqueMemberIds: Migration = {
  name: 'unique member ids',
  stages: [
    { prefix: rooms.prefix(), pageRows, change: giveBlocks },
    eachRow(members.prefix(), async ({ key, value }, find) => {
      const [room] = members.partsOf(key)
      const [member, renumbered] = [members.decode(value), await find(room)]
      return renumbered === undefined ? undefined : members.encode({ ...member, id: renumberedId(room, renumbered, member.id) })
    }),
    // One by one: a room may hold any number of messages.
    { prefix: renumberedRooms.prefix(), pageRows: 1, change: renumberMessages },
    eachRow(stars.prefix(), async ({ value }, find) => {
      const star = stars.decode(value)
      const message = await renumberedDocument(star.message, find)
      return message === star.message ? undefined : stars.encode({ ...star, message })
    }),
    eachRow(jobs.prefix(), async ({ value }, find) => {
      const job = jobs.decode(value)
      const renumbered = await Promise.all(job.messages.map((message) => renumberedMessage(message, find)))
      return renumbered.every((message, place) => message === job.messages[place])
        ? undefined
        : jobs.encode({ ...job, messages: renumbered })
    }),
    eachRow(sharedBodies.prefix(), async ({ value }, find) => {
      const body = unpackBody(value)
      if (body.kind !== 'record' || body.original !== undefined) return undefined
      const record = await renumberedRecord(body.record, find)
      return record === body.record ? undefined : packBody({ kind: 'record', record })
    }),
  ],
}

async function* giveBlocks(rows: readonly Row[], store: StoreReader): AsyncGenerator<readonly Put[]> {
  const given = new Map<string, number>()
  const puts: Put[] = []
  for (const { key, value } of rows) {
    const [[id], room] = [rooms.partsOf(key), rooms.decode(value)]
    if (room.lastMemberId < 1 || room.lastMemberId >= firstMemberId) continue
    const shard = memberIdShard(id)
    const block = given.get(shard) ?? (await blocksGiven(store, shard))
    const last = room.lastMemberId
    given.set(shard, block + blocksFor(last))
    puts.push(renumberedRooms.put({ block, last }, id), rooms.put({ ...room, lastMemberId: memberIdAt(shard, block, last - 1) }, id))
  }
  if (puts.length > 0) yield [...puts, ...[...given].map(([shard, blocks]) => memberIdBlocks.put(blocks, shard))]
}

async function blocksGiven(store: StoreReader, shard: string): Promise<number> {
  const bytes = await store.get(memberIdBlocks.key(shard))
  return bytes === undefined ? 0 : memberIdBlocks.decode(bytes)
}

async function* renumberMessages([row]: readonly Row[], store: StoreReader): AsyncGenerator<readonly Put[]> {
  if (row === undefined) return
  const [[room], renumbered] = [renumberedRooms.partsOf(row.key), renumberedRooms.decode(row.value)]
  let from = 0
  do {
    const page = await store.feedPage(roomTopic(room), { from, direction: 'newer', limit: pageRows, bytes: pageBytes })
    yield page.flatMap(({ id, message }) => {
      if (message.byteLength === 0) return []
      const document = messages.decode(message)
      const seenby = renumberedSeenBy(room, renumbered, document.seenby)
      return seenby.every((one, place) => one === document.seenby[place]) ? [] : [messages.put({ ...document, seenby }, ...messages.of(id))]
    })
    const last = page.at(-1)
    from = last === undefined ? 0 : last.id + 1
  } while (from !== 0)
}

async function renumberedDocument(document: MessageDocument, find: FindRenumbered): Promise<MessageDocument> {
  const feed = feedNamed(document.feed)
  const renumbered = feed.kind === 'room' && document.seenby.length > 0 ? await find(feed.room) : undefined
  if (feed.kind !== 'room' || renumbered === undefined) return document
  return { ...document, seenby: renumberedSeenBy(feed.room, renumbered, document.seenby) }
}

/** Rows of a table, each changed by itself: new bytes, or undefined where it stays as it is. */
function eachRow(prefix: string, change: (row: Row, find: FindRenumbered) => Promise<Uint8Array | undefined>): Stage {
  return {
    prefix,
    pageRows,
    async *change(rows, store) {
      const find = findRenumbered(store)
      const puts: Put[] = []
      for (const row of rows) {
        const value = await change(row, find)
        if (value !== undefined && Buffer.compare(value, row.value) !== 0) puts.push({ key: row.key, value })
      }
      if (puts.length > 0) yield puts
    },
  }
}

/** Rows that follow each other are mostly of the same room. */
function findRenumbered(store: StoreReader): FindRenumbered {
  const known = new Map<RoomId, RenumberedRoom | undefined>()
  return async (room) => {
    if (known.has(room)) return known.get(room)
    const bytes = await store.get(renumberedRooms.key(room))
    const found = bytes === undefined ? undefined : renumberedRooms.decode(bytes)
    known.set(room, found)
    return found
  }
}
