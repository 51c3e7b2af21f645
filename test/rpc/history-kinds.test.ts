/** rpc.md 10, "History/delete and others": what only v11 asks of a feed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decode, encode, type History, type Message, record, type RecordOf } from '../../protocol/index.js'
import { clearances, feedLevel } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readFeedState } from '../../rpc/views/feed-state.js'
import { parseRoomId, type PhoneId, type RoomId } from '../../topics/index.js'
import {
  ann,
  anne,
  aRoom,
  boris,
  type ChatWorld,
  clara,
  dan,
  friends,
  nobody,
  now,
  only,
  openChatWorld,
  type Result,
} from './chat-world.js'

const club = parseRoomId('club') as RoomId
const news = parseRoomId('news') as RoomId
const inClub = record('muc', { name: club })

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara), ...friends(ann, dan), ...friends(boris, clara))
  const list = [
    [ann, 'owner'],
    [boris, 'admin'],
    [clara, 'member'],
  ] as const
  await world.put(...aRoom(club, list), ...aRoom(news, list, { type: 'channel' }))
})
afterAll(() => world.close())

const chat = (a: PhoneId, b: PhoneId): RecordOf<'p2p'> => record('p2p', { from: a, to: b })

async function post(from: PhoneId, to: string, parts: Partial<Message> = {}, mimes: readonly string[] = ['text']): Promise<number> {
  const files = mimes.map((mime) => record('Desc', { mime, payload: 'x' }))
  const { pushes, error } = await world.ask(from, record('Message', { from, to, files, ...parts, status: 'client' }))
  if (error !== undefined) throw new Error(error)
  const [message] = only(
    'Message',
    pushes.map((one) => one.record),
  )
  return message?.id ?? 0
}

const ask = (who: PhoneId, status: History['status'], feed: History['feed'], parts: Partial<History> = {}): Promise<Result> =>
  world.ask(who, record('History', { roster_id: who, feed, ...parts, status }), { dialect: 'v11' })

/** The one answer, and the ids in it. */
async function page(who: PhoneId, status: History['status'], feed: History['feed'], size = 0, entity_id = 0) {
  const { answers } = await ask(who, status, feed, { size, entity_id })
  const [answer] = only('History', answers)
  if (answer === undefined || answers.length !== 1) throw new Error(JSON.stringify(answers))
  return { answer, ids: only('Message', answer.data).map(({ id }) => id) }
}

async function stateOf(viewer: PhoneId, feed: string) {
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' })
  const { unread, lastMessage } = await readFeedState(reader, feed, viewer)
  return { unread, last: lastMessage?.id ?? null }
}

describe('media', () => {
  const kinds = ['image', 'video', 'file', 'link', 'audio', 'contact', 'location'] as const
  let ids: Record<string, number> = {}
  beforeAll(async () => {
    for (const kind of kinds) ids = { ...ids, [kind]: await post(ann, boris, {}, [kind]) }
    ids = { ...ids, both: await post(boris, ann, {}, ['text', 'image']), last: await post(ann, boris, {}, ['image', 'thumb']) }
  })

  for (const kind of kinds.slice(1))
    test(`${kind} answers with the messages that have such a part`, async () => {
      const { answer, ids: found } = await page(boris, kind, chat(boris, ann))
      expect(found).toEqual([ids[kind]])
      expect(answer).toMatchObject({ roster_id: boris, feed: chat(ann, boris), size: 0, entity_id: 0, status: kind })
    })

  test('is paged like the whole feed: by size, direction and the id to begin with', async () => {
    expect((await page(boris, 'image', chat(ann, boris), 10)).ids).toEqual([ids['image'], ids['both'], ids['last']])
    expect((await page(boris, 'image', chat(ann, boris), -2)).ids).toEqual([ids['both'], ids['last']])
    expect((await page(boris, 'image', chat(ann, boris), -2, ids['both'])).ids).toEqual([ids['image'], ids['both']])
    expect((await page(boris, 'image', chat(ann, boris), 1, ids['video'])).ids).toEqual([ids['both']])
    expect((await page(boris, 'text', chat(ann, boris), 5)).ids).toEqual([ids['both']])
  })

  test('a page that is short because too much lay between says where to go on', async () => {
    const first = await post(ann, dan, {}, ['image'])
    const feed = `p2p/${ann}/${dan}`
    const [entry] = await world.store.feedPage(feed, { from: 0, direction: 'newer', limit: 1 })
    const filler = { feed, isCountable: true, message: withoutImage(entry?.message ?? new Uint8Array()) }
    await world.store.commit({ appends: Array.from({ length: 10_400 }, () => filler) })
    const cut = await page(dan, 'image', chat(ann, dan), -20)
    expect(cut.ids).toEqual([])
    expect(cut.answer.entity_id).toBeGreaterThan(first)
    const more = await page(dan, 'image', chat(ann, dan), -20, cut.answer.entity_id ?? 0)
    expect([more.ids, more.answer.entity_id]).toEqual([[first], cut.answer.entity_id])
  })

  test('of a feed that is cleared to its end is found at once, however much was cleared', async () => {
    await ask(dan, 'delete', chat(ann, dan))
    const later = await post(ann, dan)
    for (const size of [1, 5, -5]) {
      const { ids: found, answer } = await page(dan, 'get', chat(ann, dan), size)
      expect([found, answer.next]).toEqual([[later], 0])
    }
  })
})

/** The same row with another mime of the same length. */
function withoutImage(row: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(row).toString('latin1').replace('image', 'sound'), 'latin1')
}

test('get_reply answers with the replies to a message, first or latest', async () => {
  const original = await post(ann, club)
  const forward = await post(boris, club, { type: ['forward'], link: original })
  const replies = []
  for (const who of [boris, clara, ann]) replies.push(await post(who, club, { type: ['reply'], link: original }))
  await post(clara, club, { type: ['reply'], link: forward })
  expect((await page(clara, 'get_reply', inClub, 0, original)).ids).toEqual(replies)
  expect((await page(clara, 'get_reply', inClub, 2, original)).ids).toEqual(replies.slice(0, 2))
  expect((await page(clara, 'get_reply', inClub, -2, original)).ids).toEqual(replies.slice(1))
  expect((await page(clara, 'get_reply', inClub, 0, original)).answer).toMatchObject({ entity_id: original, status: 'get_reply' })
  expect((await page(clara, 'get_reply', inClub, 0, replies[0])).ids).toEqual([])
  expect((await ask(clara, 'get_reply', inClub)).error).toBe('invalid_data')
})

test('double_get answers with a message and as many on both sides of it', async () => {
  const ids: number[] = []
  for (let i = 0; i < 9; i++) ids.push(await post(ann, news))
  const feed = record('muc', { name: news })
  expect((await page(clara, 'double_get', feed, 4, ids[4])).ids).toEqual(ids.slice(3, 7))
  expect((await page(clara, 'double_get', feed, -6, ids[4])).ids).toEqual(ids.slice(2, 8))
  expect((await page(clara, 'double_get', feed, 6, ids[0])).ids).toEqual(ids.slice(0, 4))
  expect((await page(clara, 'double_get', feed, 4)).ids).toEqual(ids.slice(7))
  expect((await page(clara, 'double_get', feed, 2, ids[8])).answer).toMatchObject({ entity_id: ids[8], size: 2, status: 'double_get' })
})

describe('delete', () => {
  test('clears a chat for the caller alone, and tells all his devices', async () => {
    const [first, last] = [await post(ann, clara), await post(clara, ann)]
    const { answers, pushes } = await ask(ann, 'delete', chat(clara, ann))
    expect(answers).toEqual([])
    const report = record('Message', { id: last, feed_id: chat(ann, clara), from: ann, to: clara, created: now, status: 'clear' })
    expect(pushes).toEqual([{ topic: 'ses/380670001234', to: ['emqttd_A1', 'emqttd_A2'], record: report }])
    for (const size of [5, -5]) expect((await page(ann, 'get', chat(ann, clara), size)).ids).toEqual([])
    expect((await page(clara, 'get', chat(ann, clara), 5)).ids).toEqual([first, last])
    expect(await stateOf(ann, `p2p/${ann}/${clara}`)).toEqual({ unread: 0, last: null })
    expect(await stateOf(clara, `p2p/${ann}/${clara}`)).toMatchObject({ last })
  })

  test('leaves what comes later, in both directions and for every way of reading', async () => {
    const later = [await post(clara, ann, {}, ['image']), await post(clara, ann)]
    const feed = chat(ann, clara)
    expect((await page(ann, 'get', feed, 5)).ids).toEqual(later)
    expect((await page(ann, 'get', feed, -5)).ids).toEqual(later)
    expect((await page(ann, 'get', feed, -5, (later[0] ?? 0) - 1)).ids).toEqual([])
    expect((await page(ann, 'get', feed, -1)).answer.next).toBe(later[0])
    expect((await page(ann, 'get', feed, -2)).answer.next).toBe(0)
    expect((await page(ann, 'image', feed)).ids).toEqual(later.slice(0, 1))
    expect((await page(ann, 'double_get', feed, 8, later[0])).ids).toEqual(later)
    expect(await stateOf(ann, `p2p/${ann}/${clara}`)).toEqual({ unread: 2, last: later[1] })
    await world.ask(ann, record('Message', { id: later[1] ?? 0, seenby: 1, status: 'edit' }))
    await world.ask(ann, record('Message', { id: later[0] ?? 0, seenby: 1, status: 'edit' }))
    expect(await stateOf(ann, `p2p/${ann}/${clara}`)).toEqual({ unread: 0, last: null })
  })

  test('makes a message no original of a reply, for the one who has cleared it', async () => {
    const original = await post(ann, clara)
    await ask(ann, 'delete', chat(ann, clara))
    await expect(post(ann, clara, { type: ['reply'], link: original })).rejects.toThrow('invalid_data')
    await expect(post(clara, ann, { type: ['reply'], link: original })).resolves.toBeGreaterThan(original)
  })

  test('clears a room for everyone, by owner or admin, and what is gone cannot be changed', async () => {
    for (const who of [ann, boris]) {
      const id = await post(clara, club)
      const { pushes } = await ask(who, 'delete', inClub)
      expect(pushes).toMatchObject([
        {
          topic: 'room/club',
          to: ['emqttd_A1', 'emqttd_A2', 'emqttd_B1', 'emqttd_C1'],
          record: { tag: 'Message', id, feed_id: inClub, from: who, to: club, status: 'clear' },
        },
      ])
      for (const member of [ann, boris, clara]) {
        expect((await page(member, 'get', inClub)).ids).toEqual([])
        expect(await stateOf(member, 'room/club')).toEqual({ unread: 0, last: null })
      }
      const edit = record('Message', { id, files: [record('Desc', { payload: 'still here' })], status: 'edit' })
      expect((await world.ask(clara, edit)).error).toBe('not_found')
    }
    expect((await ask(clara, 'delete', inClub)).error).toBe('not_authorized')
  })

  test('of an empty chat changes nothing and is told all the same', async () => {
    const { pushes } = await ask(clara, 'delete', chat(clara, clara))
    expect(pushes).toMatchObject([{ topic: 'ses/380670003234', record: { id: null, from: clara, to: clara, status: 'clear' } }])
    expect(await world.store.get(clearances.key(clara, feedLevel(`p2p/${clara}/${clara}`)))).toBeUndefined()
  })

  test('reaches v1 devices as the removal of the newest message', () => {
    const report = record('Message', { id: 7, feed_id: inClub, from: ann, to: club, status: 'clear' })
    const shown = decode(encode(report, { codec: 'bert', dialect: 'v1' }), 'v1')
    expect(shown).toMatchObject({ record: { id: 7, status: 'deleted' } })
  })
})

for (const status of ['delete', 'get_reply', 'double_get', 'image'] as const)
  for (const { rule, who = ann, feed, parts = {}, error } of [
    { rule: 'there is no feed', feed: null, error: 'invalid_data' },
    { rule: 'the feed is malformed', feed: record('p2p', { from: ann, to: 'x' }), error: 'invalid_data' },
    { rule: 'there is no such chat', feed: chat(ann, nobody), error: 'invalid_data' },
    { rule: 'there is no such room', feed: record('muc', { name: 'lobby' }), error: 'invalid_data' },
    { rule: 'the roster is not own', feed: chat(ann, boris), parts: { roster_id: boris }, error: 'not_authorized' },
    { rule: 'the chat is that of others', feed: chat(boris, clara), error: 'not_authorized' },
    { rule: 'the caller is no member', who: dan, feed: inClub, error: 'not_authorized' },
    { rule: 'the roster is another of the same phone', feed: inClub, parts: { roster_id: anne }, error: 'not_authorized' },
  ] satisfies readonly { rule: string; who?: PhoneId; feed: History['feed']; parts?: Partial<History>; error: string }[])
    test(`${status} is refused as ${error} if ${rule}`, async () => {
      expect(await ask(who, status, feed, { entity_id: 1, ...parts })).toMatchObject({ error, pushes: [] })
    })

test('v1 has none of these requests', () => {
  const asked = encode(record('History', { roster_id: ann, feed: inClub, status: 'delete' }), { codec: 'json', dialect: 'v11' })
  expect(decode(asked, 'v11').kind).toBe('record')
  expect(decode(asked, 'v1').kind).toBe('refusal')
})
