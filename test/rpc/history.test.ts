import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { encode, type History, limits, record, type RecordOf } from '../../protocol/index.js'
import { cursors, feedLevel } from '../../rpc/documents/index.js'
import { parseRoomId, type PhoneId, type RoomId } from '../../topics/index.js'
import {
  ann,
  anne,
  aRoom,
  type AskOptions,
  boris,
  type ChatWorld,
  clara,
  dan,
  friends,
  only,
  openChatWorld,
  type Result,
} from './chat-world.js'

const club = roomOf('club')
const crowd = roomOf('crowd')

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara), ...friends(ann, dan))
  await world.put(
    ...aRoom(club, [
      [ann, 'owner'],
      [boris, 'member'],
    ]),
    ...aRoom(crowd, [
      [ann, 'owner'],
      [boris, 'member'],
    ]),
  )
})
afterAll(() => world.close())

function roomOf(name: string): RoomId {
  const room = parseRoomId(name)
  if (room === undefined) throw new Error(name)
  return room
}

const chat = (a: PhoneId, b: PhoneId): RecordOf<'p2p'> => record('p2p', { from: a, to: b })

async function post(from: PhoneId, to: string, payload = 'x'): Promise<number> {
  const { pushes } = await world.ask(from, record('Message', { from, to, files: [record('Desc', { payload })], status: 'client' }))
  return (
    only(
      'Message',
      pushes.map(({ record: pushed }) => pushed),
    )[0]?.id ?? 0
  )
}

async function postMany(from: PhoneId, to: string, count: number): Promise<readonly number[]> {
  const ids: number[] = []
  for (let i = 0; i < count; i++) ids.push(await post(from, to))
  return ids
}

function get(who: PhoneId, feed: History['feed'], parts: Partial<History> = {}, options?: AskOptions): Promise<Result> {
  return world.ask(who, record('History', { roster_id: who, feed, status: 'get', ...parts }), options)
}

/** Ids of the one answer, and where to go on. */
async function page(
  who: PhoneId,
  feed: History['feed'],
  size: number,
  from: number,
): Promise<readonly [readonly (number | null)[], number | null]> {
  const [answer] = only('History', (await get(who, feed, { size, entity_id: from })).answers)
  return [only('Message', answer?.data ?? []).map(({ id }) => id), answer?.next ?? null]
}

describe('a page of history', () => {
  let ids: readonly number[] = []
  beforeAll(async () => {
    ids = await postMany(ann, boris, 30)
  })
  const at = (from: number, to: number): readonly number[] => ids.slice(from, to)
  const id = (place: number): number => ids[place] ?? 0

  test('is ascending in both directions, holds the id asked for, and says where to go on', async () => {
    expect(await page(boris, chat(ann, boris), 5, id(10))).toEqual([at(10, 15), id(15)])
    expect(await page(boris, chat(ann, boris), -5, id(10))).toEqual([at(6, 11), id(5)])
    expect(await page(boris, chat(ann, boris), 5, 0)).toEqual([at(0, 5), id(5)])
    expect(await page(boris, chat(ann, boris), -5, 0)).toEqual([at(25, 30), id(24)])
  })

  test('ends with 0 at the end of the feed', async () => {
    expect(await page(boris, chat(ann, boris), 10, id(20))).toEqual([at(20, 30), 0])
    expect(await page(boris, chat(ann, boris), -10, id(9))).toEqual([at(0, 10), 0])
    expect(await page(boris, chat(ann, boris), 1_000_000, 0)).toEqual([ids, 0])
  })

  test('has 20 entries, from the newest, where no size is given', async () => {
    expect(await page(boris, chat(boris, ann), 0, 0)).toEqual([at(10, 30), id(9)])
  })

  test('begins at the nearest id where the one asked for is in another feed', async () => {
    const foreign = await post(ann, clara)
    const later = await post(ann, boris)
    expect(await page(boris, chat(ann, boris), -2, foreign)).toEqual([[id(28), id(29)], id(27)])
    expect(await page(boris, chat(ann, boris), 2, foreign)).toEqual([[later], 0])
    ids = [...ids, later]
  })

  test('carries the links of the feed and echoes what was asked', async () => {
    const [answer] = only('History', (await get(boris, chat(ann, boris), { size: 2, entity_id: id(3) })).answers)
    expect(answer).toMatchObject({ roster_id: boris, feed: chat(ann, boris), size: 2, entity_id: id(3), status: 'get' })
    expect(answer?.data).toMatchObject([
      { id: id(3), prev: id(2), next: id(4), status: 'sent' },
      { id: id(4), prev: id(3), next: id(5) },
    ])
  })

  test('names the roster by id or phone_id', async () => {
    for (const roster_id of [12_334, '12334', boris]) {
      expect((await get(boris, chat(ann, boris), { roster_id, size: 1 })).answers).toMatchObject([{ roster_id: boris }])
    }
  })

  test('is one answer without data for an empty chat', async () => {
    expect((await get(ann, chat(ann, dan))).answers).toMatchObject([{ tag: 'History', data: [], next: 0 }])
    expect((await get(clara, chat(clara, clara))).answers).toMatchObject([{ data: [] }])
  })

  for (const { rule, who = ann, feed, parts = {}, error } of [
    { rule: 'the roster is not own', feed: chat(ann, boris), parts: { roster_id: boris }, error: 'not_authorized' },
    { rule: 'the chat is that of others', who: clara, feed: chat(ann, boris), error: 'not_authorized' },
    { rule: 'the caller is no member', who: clara, feed: record('muc', { name: 'club' }), error: 'not_authorized' },
    { rule: 'there is no such room', feed: record('muc', { name: 'lobby' }), error: 'invalid_data' },
    { rule: 'there is no such chat', who: boris, feed: chat(boris, clara), error: 'invalid_data' },
    { rule: 'the feed is malformed', feed: record('p2p', { from: ann, to: 'x' }), error: 'invalid_data' },
    { rule: 'there is no feed', feed: null, error: 'invalid_data' },
  ] as const) {
    test(`is refused as ${error} if ${rule}`, async () => {
      expect((await get(who, feed, parts)).error).toBe(error)
    })
  }
})

test('history skips what is hidden, shows tombstones, and fills the page all the same', async () => {
  const ids = await postMany(ann, club, 8)
  const [, , hidden = 0, gone = 0] = ids
  await world.ask(boris, record('Message', { id: hidden, seenby: 1, status: 'edit' }))
  await world.ask(ann, record('Message', { id: gone, status: 'deleted' }))
  expect(await page(boris, record('muc', { name: 'club' }), 4, ids[0] ?? 0)).toEqual([[ids[0], ids[1], ids[3], ids[4]], ids[5]])
  expect(await page(boris, record('muc', { name: 'club' }), -4, ids[4] ?? 0)).toEqual([[ids[0], ids[1], ids[3], ids[4]], 0])
  expect(await page(ann, record('muc', { name: 'club' }), 3, ids[0] ?? 0)).toEqual([ids.slice(0, 3), ids[3]])
  const [tombstone] = only('History', (await get(boris, record('muc', { name: 'club' }), { size: 1, entity_id: gone })).answers)
  expect(tombstone?.data).toMatchObject([{ id: gone, files: [], status: 'deleted' }])
})

test('a contact shows the newest message that its owner may see, and what is unread', async () => {
  const [kept = 0, hidden = 0] = await postMany(clara, ann, 2)
  await world.ask(ann, record('Message', { id: hidden, seenby: 1, status: 'edit' }))
  const { pushes } = await world.ask(ann, record('Friend', { phone_id: ann, friend_id: clara, status: 'mute' }))
  expect(pushes[0]?.record).toMatchObject({
    tag: 'Contact',
    last_msg: { id: kept, next: hidden },
    unread: 1,
    other_reader: hidden,
  })
})

test('history larger than one payload comes in several answers, each within it, all of one page', async () => {
  const ids: number[] = []
  for (let i = 0; i < 12; i++) ids.push(await post(ann, dan, 'ї'.repeat(8_000)))
  for (const size of [11, -11]) {
    const { answers } = await get(dan, chat(ann, dan), { size })
    const slices = only('History', answers)
    expect(slices.length).toBeGreaterThan(2)
    for (const slice of slices) expect(encode(slice, { codec: 'bert', dialect: 'v1' }).length).toBeLessThanOrEqual(limits.payloadBytes)
    const found = slices.flatMap(({ data }) => only('Message', data).map(({ id }) => id))
    expect(found).toEqual(size > 0 ? ids.slice(0, 11) : ids.slice(1))
    expect(new Set(slices.map(({ next }) => next))).toEqual(new Set([size > 0 ? ids[11] : ids[0]]))
  }
})

describe('reading', () => {
  const update = (who: PhoneId, feed: History['feed'], position: number): Promise<Result> =>
    world.ask(who, record('History', { roster_id: who, feed, entity_id: position, status: 'update' }))

  test('moves the cursor, tells the own devices what is unread, and the others how far it went', async () => {
    const ids = await postMany(ann, clara, 5)
    const last = await post(clara, ann)
    const { answers, pushes } = await update(ann, chat(ann, clara), last)
    expect(answers).toEqual([])
    const receipt = record('History', { roster_id: ann, feed: chat(ann, clara), entity_id: last, status: 'updated' })
    expect(pushes).toMatchObject([
      {
        topic: 'ses/380670001234',
        to: ['emqttd_A1', 'emqttd_A2'],
        record: {
          tag: 'Contact',
          phone_id: clara,
          unread: 0,
          reader: last,
          other_reader: last,
          last_msg: { id: last },
          status: 'last_msg',
        },
      },
      { topic: `p2p/${ann}/${clara}`, to: ['emqttd_A1', 'emqttd_A2', 'emqttd_C1'], record: receipt },
    ])
    expect(ids).toHaveLength(5)
  })

  test('goes forward only: a smaller position is answered with the present state', async () => {
    const ids = await postMany(ann, boris, 6)
    const feed = chat(ann, boris)
    const [first] = (await update(boris, feed, ids[2] ?? 0)).pushes
    expect(first?.record).toMatchObject({ unread: 3, reader: ids[2] })
    const back = await update(boris, feed, ids[0] ?? 0)
    // Nothing has changed: the caller is answered, on the topic of its phone, and nobody else is told.
    expect(back.pushes.map(({ topic, to, record: pushed }) => ({ topic, to, pushed }))).toMatchObject([
      { topic: 'ses/380670002234', to: { length: 1 }, pushed: { unread: 3, reader: ids[2] } },
    ])
    const bytes = await world.store.get(cursors.key(boris, feedLevel(`p2p/${ann}/${boris}`)))
    expect(bytes && cursors.decode(bytes)).toBe(ids[2])
  })

  test('does not count own, erased, hidden and system messages', async () => {
    const feed = record('muc', { name: 'crowd' })
    const ids = await postMany(ann, crowd, 5)
    await world.ask(ann, record('Message', { id: ids[1] ?? 0, status: 'deleted' }))
    await world.ask(boris, record('Message', { id: ids[2] ?? 0, seenby: 1, status: 'edit' }))
    const own = await post(boris, crowd)
    await world.put(cursors.put(0, boris, feedLevel('room/crowd')))
    const { pushes } = await update(boris, feed, ids[0] ?? 0)
    expect(pushes[0]).toMatchObject({
      topic: 'ses/380670002234',
      record: { tag: 'Room', id: 'crowd', unread: 2, last_msg: { id: own }, status: 'last_msg' },
    })
    expect(pushes[1]).toMatchObject({ topic: 'room/crowd', to: ['emqttd_A1', 'emqttd_A2', 'emqttd_B1'] })
  })

  test('counts up to 100', async () => {
    const ids = await postMany(ann, boris, 120)
    expect((await update(boris, chat(ann, boris), ids[0] ?? 0)).pushes[0]?.record).toMatchObject({ unread: 100 })
    expect((await update(boris, chat(ann, boris), ids[20] ?? 0)).pushes[0]?.record).toMatchObject({ unread: 99 })
  })

  test('of an old chat is not told to one who is a friend no more', async () => {
    const last = await post(clara, ann)
    await world.ask(ann, record('Friend', { phone_id: ann, friend_id: clara, status: 'revoke' }))
    expect((await update(ann, chat(ann, clara), last)).pushes.map(({ topic }) => topic)).toEqual(['ses/380670001234'])
    expect((await get(clara, chat(ann, clara), { size: -1 })).answers).toMatchObject([{ data: [{ id: last }] }])
  })

  test('is refused outside the feed and for those who are no party', async () => {
    const foreign = await post(ann, dan)
    expect((await update(ann, chat(ann, boris), foreign)).error).toBe('invalid_data')
    expect((await update(ann, chat(ann, boris), 0)).error).toBe('invalid_data')
    expect((await update(clara, chat(ann, dan), foreign)).error).toBe('invalid_data')
    expect((await update(clara, record('muc', { name: 'crowd' }), 1)).error).toBe('invalid_data')
    const asAnother = record('History', { roster_id: boris, feed: chat(ann, boris), entity_id: 1, status: 'update' })
    expect((await world.ask(ann, asAnother)).error).toBe('not_authorized')
  })

  test('may be told by Cursor, for the own roster that belongs to the feed', async () => {
    const position = await post(boris, ann)
    const cursor = record('Cursor', { feed: chat(ann, boris), side: 1, position })
    const { pushes } = await world.ask(ann, cursor, { rosters: [anne, ann] })
    expect(pushes).toMatchObject([
      { record: { phone_id: boris, reader: position } },
      { record: { tag: 'History', roster_id: ann, status: 'updated' } },
    ])
    expect((await world.ask(clara, cursor)).error).toBe('invalid_data')
  })
})
