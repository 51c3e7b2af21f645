/** rpc.md 17: packs of stickers through History/get. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type History, record, type StickerPack } from '../../protocol/index.js'
import type { ShelvedPack } from '../../rpc/sticker-shelf.js'
import { ann, boris, type ChatWorld, only, openChatWorld, type Result } from './chat-world.js'

const packs = [1, 4, 7].map((id): ShelvedPack => ({
  ...record('StickerPack', { name: `Pack ${String(id)}`, keywords: [`k${String(id)}`, 'all', 'Füße'] }),
  id,
}))

let world: ChatWorld
let none: ChatWorld
beforeAll(async () => {
  world = await openChatWorld({ stickers: { packs: () => Promise.resolve(packs) } })
  none = await openChatWorld()
})
afterAll(() => Promise.all([world.close(), none.close()]))

function ask(feed: Partial<StickerPack> = {}, parts: Partial<History> = {}, of = world): Promise<Result> {
  const asked = record('History', { roster_id: ann, feed: record('StickerPack', feed), size: 10, status: 'get', ...parts })
  return of.ask(ann, asked, { dialect: 'v11' })
}

const idsIn = ({ answers }: Result): readonly (number | null)[] =>
  only('History', answers).flatMap(({ data }) => only('StickerPack', data).map(({ id }) => id))

test('the packs of the server are listed by id', async () => {
  const feed = record('StickerPack', {})
  const { answers, pushes } = await ask()
  expect(answers).toEqual([record('History', { roster_id: ann, feed, size: 10, next: 0, data: packs, status: 'get' })])
  expect(pushes).toEqual([])
})

for (const { why, feed, parts, ids } of [
  { why: 'an id chooses one', feed: { id: 4 }, parts: {}, ids: [4] },
  { why: 'an id of none chooses none', feed: { id: 5 }, parts: {}, ids: [] },
  { why: 'a name chooses those that contain it', feed: { name: 'PACK 7' }, parts: {}, ids: [7] },
  { why: 'a keyword chooses those that have it', feed: { keywords: ['K1', 'k7'] }, parts: {}, ids: [1, 7] },
  { why: 'case is folded in full', feed: { name: 'ｐａｃｋ 4', keywords: ['FÜSSE'] }, parts: {}, ids: [4] },
  { why: 'a page begins where it is asked to', feed: {}, parts: { size: 1, entity_id: 2 }, ids: [4] },
  { why: 'a page may end at the newest', feed: {}, parts: { size: -2 }, ids: [4, 7] },
])
  test(why, async () => {
    expect(idsIn(await ask(feed, parts))).toEqual(ids)
  })

test('another’s roster is not_authorized, and a server without stickers answers invalid_data', async () => {
  expect((await ask({}, { roster_id: boris })).error).toBe('not_authorized')
  expect((await ask({}, {}, none)).error).toBe('invalid_data')
})
