/** rpc.md 13: tags and stars, in requests, in pushes and in the snapshots of a roster. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { encode, type History, limits, record, type RecordOf, type Star, type Tag } from '../../protocol/index.js'
import { protocolLimits } from '../../rpc/context.js'
import { starTotals } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readRoster } from '../../rpc/views/roster-view.js'
import { parseRoomId, type PhoneId, type RoomId } from '../../topics/index.js'
import { ann, anne, aRoom, type AskOptions, boris, type ChatWorld, clara, dan, friends, now, only, openChatWorld } from './chat-world.js'

const club = parseRoomId('club') as RoomId
const annTopic = 'ses/380670001234'
const annDevices = ['emqttd_A1', 'emqttd_A2']

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld({ limits: { ...protocolLimits, tagsPerRoster: 4, starsPerRoster: 3, starBytesPerRoster: 20_000 } })
  await world.put(...friends(ann, boris), ...friends(ann, clara), ...friends(clara, dan))
  await world.put(
    ...aRoom(club, [
      [ann, 'owner'],
      [boris, 'member'],
    ]),
  )
})
afterAll(() => world.close())

const tagged = (status: Tag['status'], fields: Partial<Tag>, who = ann, options?: AskOptions) =>
  world.ask(who, record('Tag', { roster_id: who, ...fields, status }), options)

const starred = (status: Star['status'], id: number, fields: Partial<Star> = {}, who = ann, options?: AskOptions) =>
  world.ask(who, record('Star', { roster_id: who, message: record('Message', { id }), ...fields, status }), options)

async function post(from: PhoneId, to: string, payload: string): Promise<number> {
  const { pushes } = await world.ask(from, record('Message', { from, to, files: [record('Desc', { payload })], status: 'client' }))
  const [message] = only(
    'Message',
    pushes.map(({ record: pushed }) => pushed),
  )
  return message?.id ?? 0
}

/** The favourites and tags of a roster as at login. */
async function snapshot(who = ann) {
  const { reader } = newFactReader({ store: world.store, overlay: emptyOverlay(), cache: newReadCache(10), boot: 'test' })
  const roster = await readRoster(reader, who, 'get')
  if (roster === undefined) throw new Error('no roster')
  return roster
}

describe('a tag', () => {
  test('is made, told to all own devices, and gets an id that no other tag of the profile has', async () => {
    const { answers, pushes } = await tagged('create', { name: 'work', color: '#f00' })
    const made = record('Tag', { id: 1, roster_id: ann, name: 'work', color: '#f00', status: 'create' })
    expect([answers, pushes]).toEqual([[], [{ topic: annTopic, to: annDevices, record: made }]])
    const own = { rosters: [ann, anne] }
    expect((await tagged('create', { name: 'work' }, anne, own)).pushes[0]?.record).toMatchObject({ id: 2, roster_id: anne, color: '' })
    expect((await tagged('create', { name: 'Work' })).pushes[0]?.record).toMatchObject({ id: 2, color: '' })
    expect((await tagged('create', { name: 'x'.repeat(32) }, ann, own)).pushes[0]?.record).toMatchObject({ id: 3 })
    expect((await snapshot()).tags.map(({ id, name, color, status }) => [id, name, color, status])).toEqual([
      [1, 'work', '#f00', null],
      [2, 'Work', '', null],
      [3, 'x'.repeat(32), '', null],
    ])
  })

  test('is edited by its id in name and color, by its name in color only; what is not given stays', async () => {
    const edited = async (fields: Partial<Tag>) =>
      only(
        'Tag',
        (await tagged('edit', fields)).pushes.map((one) => one.record),
      )
    expect(await edited({ id: 1, name: 'job', color: '' })).toMatchObject([{ id: 1, name: 'job', color: '', status: 'edit' }])
    expect(await edited({ id: 1, color: 'blue' })).toMatchObject([{ name: 'job', color: 'blue' }])
    expect(await edited({ id: 1, name: 'work' })).toMatchObject([{ name: 'work', color: 'blue' }])
    expect(await edited({ name: 'Work', color: 'green' })).toMatchObject([{ id: 2, name: 'Work', color: 'green' }])
    expect(await edited({ id: 1, roster_id: null, name: 'work' })).toMatchObject([{ id: 1, roster_id: ann }])
    expect(await edited({ id: 1, roster_id: 12_525, name: 'work' })).toMatchObject([{ id: 1 }])
  })

  for (const { rule, status, fields, error } of [
    { rule: 'no name', status: 'create', fields: {}, error: 'invalid_data' },
    { rule: 'an empty name', status: 'create', fields: { name: '' }, error: 'invalid_data' },
    { rule: 'a name of 33 characters', status: 'create', fields: { name: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: 'a color of 17 bytes', status: 'create', fields: { name: 'y', color: 'x'.repeat(17) }, error: 'invalid_data' },
    { rule: 'a broken name for a foreign roster', status: 'create', fields: { name: '', roster_id: boris }, error: 'invalid_data' },
    { rule: 'a foreign roster', status: 'create', fields: { name: 'y', roster_id: boris }, error: 'not_authorized' },
    { rule: 'no roster', status: 'create', fields: { name: 'y', roster_id: null }, error: 'not_authorized' },
    { rule: 'a name in use', status: 'create', fields: { name: 'work' }, error: 'invalid_data' },
    { rule: 'a name in use', status: 'edit', fields: { id: 2, name: 'work' }, error: 'invalid_data' },
    { rule: 'a name of 33 characters', status: 'edit', fields: { id: 1, name: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: 'a color of 17 bytes', status: 'edit', fields: { id: 1, color: 'x'.repeat(17) }, error: 'invalid_data' },
    { rule: 'a foreign roster', status: 'edit', fields: { id: 1, name: 'y', roster_id: boris }, error: 'not_authorized' },
    { rule: 'an unknown id', status: 'edit', fields: { id: 9, name: 'y' }, error: 'not_found' },
    { rule: 'an unknown name', status: 'edit', fields: { name: 'y', color: 'red' }, error: 'not_found' },
    { rule: 'neither id nor roster', status: 'edit', fields: { name: 'work', roster_id: null }, error: 'not_authorized' },
    { rule: 'an unknown id', status: 'remove', fields: { id: 9, roster_id: null }, error: 'not_found' },
    { rule: 'an unknown name', status: 'remove', fields: { name: 'y' }, error: 'not_found' },
    { rule: 'a foreign roster', status: 'remove', fields: { id: 1, roster_id: boris }, error: 'not_authorized' },
  ] as const)
    test(`${status} with ${rule} is refused as ${error} and changes nothing`, async () => {
      const before = (await snapshot()).tags
      expect(await tagged(status, fields)).toMatchObject({ error, pushes: [] })
      expect((await snapshot()).tags).toEqual(before)
    })

  test('is one of a limited number, and gone when removed by id, or by name', async () => {
    expect((await tagged('create', { name: 'fourth' })).error).toBeUndefined()
    expect((await tagged('create', { name: 'fifth' })).error).toBe('invalid_data')
    const removed = await tagged('remove', { id: 4, roster_id: null })
    expect(removed.pushes).toMatchObject([{ topic: annTopic, record: { id: 4, roster_id: ann, name: 'fourth', status: 'remove' } }])
    expect((await tagged('remove', { name: 'x'.repeat(32), color: '' })).pushes).toMatchObject([{ record: { id: 3 } }])
    expect((await tagged('create', { name: 'fifth' })).pushes).toMatchObject([{ record: { id: 5 } }])
    expect((await tagged('remove', { id: 5 })).error).toBeUndefined()
  })
})

describe('a star', () => {
  let early = 0
  let chat = 0
  let inClub = 0
  beforeAll(async () => {
    early = await post(boris, ann, 'first')
    chat = await post(boris, ann, 'the code is 42')
    inClub = await post(boris, club, 'at seven')
  })

  test('keeps a copy of the message, its tags, and the name its device gave it', async () => {
    const { answers, pushes } = await starred('add', chat, { tags: [2, 1, 2], client_id: 's1' }, ann, { at: now + 1 })
    expect(answers).toEqual([])
    expect(pushes).toMatchObject([
      {
        topic: annTopic,
        to: annDevices,
        record: {
          tag: 'Star',
          id: chat,
          client_id: 's1',
          roster_id: ann,
          message: { id: chat, from: boris, to: ann, files: [{ payload: 'the code is 42' }], status: 'sent' },
          tags: [
            { id: 1, name: 'work' },
            { id: 2, name: 'Work' },
          ],
          status: 'add',
        },
      },
    ])
  })

  test('outlives an edit and the removal of its message', async () => {
    await world.ask(boris, record('Message', { id: chat, files: [record('Desc', { payload: 'lies' })], status: 'edit' }))
    await world.ask(boris, record('Message', { id: chat, status: 'deleted' }))
    const { pushes } = await starred('add', chat, { tags: [2] })
    expect(pushes).toMatchObject([{ record: { client_id: 's1', message: { files: [{ payload: 'the code is 42' }] }, tags: [{ id: 2 }] } }])
  })

  test('is found in the snapshot of its roster, with where it comes from, in the order of making', async () => {
    await starred('add', inClub, { tags: [] }, ann, { at: now + 2 })
    expect((await snapshot()).favorite).toMatchObject([
      { tag: 'ExtendedStar', star: { id: chat, status: null, tags: [{ id: 2 }] }, from: { tag: 'Contact', phone_id: boris, names: boris } },
      { tag: 'ExtendedStar', star: { id: inClub }, from: { tag: 'Room', id: 'club', name: 'Trip', type: 'group' } },
    ])
    expect((await snapshot(boris)).favorite).toEqual([])
    await starred('add', early, {}, ann, { at: now + 3 })
    const ids = (await snapshot()).favorite.map((one) => (one.tag === 'ExtendedStar' ? one.star?.id : undefined))
    expect(ids).toEqual([chat, inClub, early])
    await starred('remove', early)
  })

  test('goes out as each dialect has it', async () => {
    const { favorite, tags } = await snapshot()
    const wire = (
      dialect: 'v1' | 'v11',
      sent: RecordOf<'Roster'>,
    ): { readonly favorite: readonly object[]; readonly tags: readonly object[] } =>
      JSON.parse(Buffer.from(encode(sent, { codec: 'json', dialect })).toString()) as never
    const sent = record('Roster', { id: 12_525, favorite, tags })
    expect(wire('v1', sent)).toMatchObject({
      favorite: [{ tag: 'Star', roster_id: ann, message: { id: chat }, tags: [2] }, { tag: 'Star' }],
      tags: [{ tag: 'Tag', id: 1, roster_id: ann, name: 'work', color: 'blue' }, { id: 2 }],
    })
    expect(wire('v11', sent)).toMatchObject({
      favorite: [
        {
          tag: 'ExtendedStar',
          star: { id: chat, client_id: 's1', roster_id: 12_525, tags: [{ roster_id: ann, name: 'Work', color: 'green' }] },
          from: { tag: 'Contact' },
        },
        { from: { tag: 'Room' } },
      ],
      tags: [{ tag: 'Tag', roster_id: ann, name: 'work', color: 'blue' }, { name: 'Work' }],
    })
  })

  test('loses a tag that is removed, and follows one that is edited', async () => {
    await tagged('create', { name: 'later', color: 'x' })
    await starred('add', inClub, { tags: [record('Tag', { name: 'later' }), record('Tag', { name: 'work' })] })
    await tagged('edit', { name: 'later', color: 'y' })
    const marks = async () => (await snapshot()).favorite.flatMap((one) => (one.tag === 'ExtendedStar' ? (one.star?.tags ?? []) : []))
    expect(await marks()).toMatchObject([{ id: 2 }, { id: 1 }, { name: 'later', color: 'y' }])
    await tagged('remove', { name: 'later', color: '' })
    expect(await marks()).toMatchObject([{ id: 2 }, { id: 1 }])
  })

  for (const { rule, fields, error } of [
    { rule: 'no message', fields: { message: null }, error: 'invalid_data' },
    { rule: 'a message without id', fields: { message: record('Message', {}) }, error: 'invalid_data' },
    { rule: 'a long client_id', fields: { client_id: 'x'.repeat(256) }, error: 'invalid_data' },
    { rule: 'a foreign roster', fields: { roster_id: boris }, error: 'not_authorized' },
    { rule: 'no roster', fields: { roster_id: null }, error: 'not_authorized' },
    { rule: 'an unknown message', fields: { message: record('Message', { id: 999_999 }), tags: [99] }, error: 'not_found' },
    { rule: 'an unknown tag', fields: { tags: [1, 99] }, error: 'invalid_data' },
    { rule: 'a tag of another roster', fields: { tags: [record('Tag', { name: 'fifth' })] }, error: 'invalid_data' },
  ])
    test(`add with ${rule} is refused as ${error} and changes nothing`, async () => {
      const before = (await snapshot()).favorite
      expect(await starred('add', inClub, fields)).toMatchObject({ error, pushes: [] })
      expect((await snapshot()).favorite).toEqual(before)
    })

  test('is not made of what its roster may not read: of others, hidden, erased, or cleared', async () => {
    const foreign = await post(dan, clara, 'psst')
    const hidden = await post(clara, ann, 'oops')
    await world.ask(ann, record('Message', { id: hidden, seenby: 1, status: 'edit' }))
    const erased = await post(clara, ann, 'gone')
    await world.ask(clara, record('Message', { id: erased, status: 'deleted' }))
    const cleared = await post(clara, ann, 'swept')
    const chatOfTwo = record('p2p', { from: ann, to: clara })
    const clear: History = record('History', { roster_id: ann, feed: chatOfTwo, status: 'delete' })
    await world.ask(ann, clear)
    for (const id of [foreign, hidden, erased, cleared]) expect((await starred('add', id)).error).toBe('not_found')
    expect((await starred('add', cleared, {}, clara)).error).toBeUndefined()
  })

  test('is one of a limited number, which may not come to too many bytes', async () => {
    const big = await post(boris, ann, 'x'.repeat(16_000))
    const bigger = await post(boris, ann, 'y'.repeat(16_000))
    expect((await starred('add', big)).error).toBeUndefined()
    expect((await starred('add', await post(boris, ann, 'fourth'))).error).toBe('invalid_data')
    expect((await starred('remove', inClub)).error).toBeUndefined()
    expect((await starred('add', bigger)).error).toBe('invalid_data')
    expect((await starred('remove', big)).error).toBeUndefined()
    expect((await starred('add', bigger)).error).toBeUndefined()
    expect((await starred('remove', bigger)).error).toBeUndefined()
  })

  test('is removed by its message, or by its own id, and is unknown then', async () => {
    await starred('add', inClub)
    const byMessage = await starred('remove', chat, { roster_id: 12_525 })
    expect(byMessage.pushes).toMatchObject([{ topic: annTopic, record: { id: chat, message: { id: chat }, status: 'remove' } }])
    const byId = await starred('remove', 0, { id: inClub, message: null })
    expect(byId.pushes).toMatchObject([{ record: { id: inClub, message: { files: [{ payload: 'at seven' }] }, status: 'remove' } }])
    for (const id of [chat, inClub]) expect(await starred('remove', id)).toMatchObject({ error: 'not_found', pushes: [] })
    expect((await starred('remove', chat, { roster_id: boris })).error).toBe('not_authorized')
    expect((await starred('remove', chat, { message: null })).error).toBe('invalid_data')
    expect((await snapshot()).favorite).toEqual([])
    expect(await world.store.get(starTotals.key(ann))).toBeUndefined()
  })
})

test('the limits of a roster leave room in a Profile', () => {
  expect(limits.starBytesPerRoster * limits.rostersPerProfile).toBeLessThan(limits.pushBytes)
})
