import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { readMemberIds } from '../../rpc/handlers/room/member-ids.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { type ChatWorld, openChatWorld } from './chat-world.js'
import { roomNamed } from './room-world.js'

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
})
afterAll(() => world.close())

const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => roomNamed(`room ${name}`))
const turns = fc.array(fc.record({ room: fc.constantFrom(...names), count: fc.oneof(fc.nat(3), fc.nat(200)) }), { maxLength: 30 })

test('member ids grow in each room, are never given twice, and a room with ids left in its block rests on no other room', async () => {
  const given = new Set<number>()
  const lastOf = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(turns, async (taken) => {
      for (const { room, count } of taken) {
        const { reader, checks } = newFactReader({
          ...{ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' },
        })
        const last = lastOf.get(room) ?? 0
        const { ids, puts } = await readMemberIds(reader, room, last, count)
        expect(ids).toHaveLength(count)
        ids.forEach((id, place) => {
          expect(id).toBeGreaterThan(ids[place - 1] ?? last)
          expect(given.has(id)).toBe(false)
          given.add(id)
        })
        const isFromOwnBlock = count <= (last === 0 ? 0 : (64 - (last % 64)) % 64)
        expect([checks.length, puts.length]).toEqual(isFromOwnBlock ? [0, 0] : [1, 1])
        lastOf.set(room, ids.at(-1) ?? last)
        await world.store.commit({ checks, puts })
      }
    }),
    { numRuns: 30 },
  )
})
