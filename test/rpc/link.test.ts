/** rpc.md 17, Link: the links of a channel, in v11; and rpc.md 11, Room/create of a channel with links. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type AnyRecord, type Link, record } from '../../protocol/index.js'
import { links } from '../../rpc/documents/index.js'
import type { PhoneId } from '../../topics/index.js'
import { ann, boris, clara, dan, friends, now } from './chat-world.js'
import { asks, listing, openRoomWorld, type Room, type RoomWorld, roomNamed, type SendOptions, type Sent, told } from './room-world.js'

let world: RoomWorld

beforeEach(async () => {
  world = await openRoomWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await send(ann, channel({ admins: listing(boris), members: listing(clara) }))
})
afterEach(() => world.close())

const v11 = { dialect: 'v11', at: now + 1 } as const

function channel(fields: Partial<Room> = {}): Room {
  return asks('create', { name: 'News', type: 'channel', ...fields })
}

function send(who: PhoneId, asked: AnyRecord, options: SendOptions = v11): Promise<readonly Sent[]> {
  return world.send(who, asked, options)
}

function link(status: NonNullable<Link['status']>, id: string | null, fields: Partial<Link> = {}): Link {
  return record('Link', { id, room_id: 'r1', ...fields, status })
}

/** What was sent, an `errors` by its code. */
async function asked(who: PhoneId, what: AnyRecord, options?: SendOptions): Promise<readonly string[]> {
  const sent = await send(who, what, options)
  return sent.map(({ payload }, i) => {
    if (payload instanceof Uint8Array || payload.tag !== 'errors') return told(sent)[i] ?? ''
    expect(payload.data).toEqual(what)
    return payload.code.join()
  })
}

const linksOf = async (who: PhoneId): Promise<readonly (string | null)[]> => {
  const [sent] = await send(who, asks('get', {}))
  if (sent === undefined || sent.payload instanceof Uint8Array || sent.payload.tag !== 'Room') throw new Error('no room')
  return sent.payload.links.map(({ id }) => id)
}

describe('Link/check', () => {
  test('tells anyone which channel has a link', async () => {
    await send(boris, link('update', 'Daily_News'))
    const asks = record('Link', { id: 'daily_NEWS', status: 'check' })
    const sent = await send(dan, asks)
    expect(sent.map(({ payload }) => payload)).toEqual([
      record('Link', { id: 'Daily_News', room_id: 'r1', created: now + 1, type: 'channel', status: 'check' }),
    ])
    expect(await asked(dan, record('Link', { id: 'daily', status: 'check' }))).toEqual(['LNKIE4'])
    expect(await asked(dan, record('Link', { id: 'd-n', status: 'check' }))).toEqual(['LNKIE1'])
  })
})

describe('Link/update', () => {
  test('gives the channel a link: the Link to the caller, all links to the channel', async () => {
    const shown = record('Link', { id: 'Daily_News', name: 'us', room_id: 'r1', created: now + 1, type: 'channel' })
    const sent = await send(boris, link('update', 'Daily_News', { name: 'us' }))
    expect(sent.map(({ topic, payload }) => [topic, payload])).toEqual([
      ['actions/1/api/emqttd_B1', { ...shown, status: 'update' }],
      ['room/r1', record('Room', { id: 'r1', links: [shown], update: now + 1, status: 'patch' })],
    ])
    expect(await linksOf(clara)).toEqual(['Daily_News'])
    expect(await linksOf(dan)).toEqual(['Daily_News'])
  })

  test('of a link that the channel has changes its name and case, and is no further link', async () => {
    for (const id of ['one', 'two', 'three']) await send(ann, link('update', id))
    const [answered] = await send(ann, link('update', 'TWO', { name: 'second' }))
    expect(answered?.payload).toMatchObject({ id: 'TWO', name: 'second', created: now + 1 })
    expect(await linksOf(ann)).toEqual(['one', 'TWO', 'three'])
  })

  for (const [why, who, what, error] of [
    ['without a link', ann, link('update', null), 'LNKIE1'],
    ['of one character', ann, link('update', 'x'), 'LNKIE1'],
    ['of 49 characters', ann, link('update', 'x'.repeat(49)), 'LNKIE1'],
    ['with a hyphen', ann, link('update', 'a-b'), 'LNKIE1'],
    ['without a channel', ann, link('update', 'free', { room_id: null }), 'GIE1'],
    ['with a malformed room id', ann, link('update', 'free', { room_id: 'a/b' }), 'GIE1'],
    ['with a name too long', ann, link('update', 'free', { name: 'x'.repeat(33) }), 'GIE1'],
    ['for a room that is not there', ann, link('update', 'free', { room_id: 'r9' }), 'RCHIE2'],
    ['for a group', ann, link('update', 'free', { room_id: 'group' }), 'RCHIE2'],
    ['by a member', clara, link('update', 'free'), 'GIE2'],
    ['by a stranger', dan, link('update', 'free'), 'GIE2'],
    ['of another channel, in any case', ann, link('update', 'TAKEN'), 'LNKIE2'],
    ['beyond three', ann, link('update', 'fourth'), 'LNKIE3'],
  ] as const)
    test(`${why} is refused with ${error}`, async () => {
      await send(ann, channel({ id: 'group', type: 'group' }))
      await send(ann, channel({ id: 'r2', links: [record('Link', { id: 'taken' })] }))
      if (error === 'LNKIE3') for (const id of ['one', 'two', 'three']) await send(ann, link('update', id))
      expect(await asked(who, what)).toEqual([error])
      expect(await linksOf(ann)).toHaveLength(error === 'LNKIE3' ? 3 : 0)
    })

  test('a v1 device that asks all the same is answered io', async () => {
    expect(await asked(ann, link('update', 'x'), { dialect: 'v1' })).toEqual(['act invalid_data'])
    expect(await asked(clara, link('update', 'xy'), { dialect: 'v1' })).toEqual(['act not_authorized'])
    expect(await asked(ann, link('delete', 'xy'), { dialect: 'v1' })).toEqual(['act not_found'])
  })
})

describe('Link/delete', () => {
  test('takes the link from the channel, and others may have it', async () => {
    await send(ann, link('update', 'news'))
    const sent = await send(ann, link('delete', 'NEWS', { room_id: null }))
    expect(sent.map(({ topic, payload }) => [topic, payload])).toMatchObject([
      ['actions/1/api/emqttd_A1', { tag: 'Link', id: 'news', status: 'delete' }],
      ['room/r1', { tag: 'Room', links: [], status: 'patch' }],
    ])
    await send(ann, channel({ id: 'r2' }))
    expect(await asked(ann, link('update', 'news', { room_id: 'r2' }))).toContain('room/r1 Room/patch members= admins='.replace('r1', 'r2'))
  })

  for (const [why, who, what, error] of [
    ['malformed', ann, link('delete', '-'), 'LNKIE1'],
    ['of nobody', ann, link('delete', 'none'), 'LNKIE4'],
    ['of another channel', ann, link('delete', 'news', { room_id: 'r2' }), 'LNKIE4'],
    ['by a member', clara, link('delete', 'news'), 'GIE2'],
  ] as const)
    test(`${why} is refused with ${error}`, async () => {
      await send(ann, link('update', 'news'))
      await send(ann, channel({ id: 'r2' }))
      expect(await asked(who, what)).toEqual([error])
      expect(await linksOf(ann)).toEqual(['news'])
    })
})

describe('Link/get', () => {
  test('answers one link by its id, in any case, and all of a channel without one', async () => {
    await send(ann, link('update', 'news'))
    await send(ann, link('update', 'old_news'))
    expect((await send(boris, link('get', 'NEWS', { room_id: null }))).map(({ payload }) => payload)).toEqual([
      record('Link', { id: 'news', room_id: 'r1', created: now + 1, type: 'channel', status: 'get' }),
    ])
    expect((await send(boris, link('get', null))).map(({ payload }) => payload)).toMatchObject([
      { tag: 'Room', id: 'r1', links: [{ id: 'news' }, { id: 'old_news' }], status: 'get' },
    ])
  })

  for (const [why, who, what, error] of [
    ['malformed', ann, link('get', '!'), 'LNKIE1'],
    ['of nothing', ann, link('get', null, { room_id: null }), 'GIE1'],
    ['of nobody', ann, link('get', 'none'), 'LNKIE4'],
    ['of an unknown channel', ann, link('get', null, { room_id: 'r9' }), 'RCHIE2'],
    ['by a member', clara, link('get', 'news'), 'GIE2'],
    ['by a stranger', dan, link('get', null), 'GIE2'],
  ] as const)
    test(`${why} is refused with ${error}`, async () => {
      await send(ann, link('update', 'news'))
      expect(await asked(who, what)).toEqual([error])
    })
})

describe('Link/join', () => {
  test('joins the channel as Room/join does', async () => {
    await send(ann, link('update', 'news'))
    expect(await asked(dan, link('join', 'News', { room_id: null }))).toEqual([
      'ses/380670004234 Room/join members=CD admins=AB',
      'room/r1 Room/join members=D admins=',
      `room/r1 Message/muc ${dan} joined the channel`,
    ])
    expect(await world.member(dan)).toBe('member')
  })

  for (const [why, who, id, error] of [
    ['by a malformed link', dan, '?', 'LNKIE1'],
    ['by a link of nobody', dan, 'none', 'LNKIE4'],
    ['of a member', clara, 'news', 'GIE1'],
    ['of the banned', dan, 'news', 'GIE2'],
  ] as const)
    test(`${why} is refused with ${error}`, async () => {
      await send(ann, link('update', 'news'))
      if (error === 'GIE2') await send(ann, asks('ban', { members: listing(dan) }))
      expect(await asked(who, link('join', id, { room_id: null }))).toEqual([error])
    })

  test('ends with the channel', async () => {
    await send(ann, link('update', 'news'))
    await send(ann, asks('delete'))
    expect(await world.store.get(links.key('news'))).toBeUndefined()
    expect(await asked(dan, link('join', 'news'))).toEqual(['LNKIE4'])
  })
})

describe('Room/create of a channel with links', () => {
  const named = (...ids: readonly string[]): readonly Link[] => ids.map((id) => record('Link', { id }))

  test('shows them in the Room to everyone', async () => {
    const sent = await send(ann, channel({ id: 'r2', links: named('Alpha', 'beta') }))
    expect(sent[0]?.payload).toMatchObject({ id: 'r2', links: [{ id: 'Alpha', room_id: 'r2', type: 'channel' }, { id: 'beta' }] })
    expect((await world.room(roomNamed('r2')))?.links).toHaveLength(2)
  })

  for (const [why, fields, error] of [
    ['an id that is in use', { id: 'r1' }, 'RCHIE1'],
    ['a malformed link', { links: named('x') }, 'LNKIE1'],
    ['the same link twice', { links: named('same', 'SAME') }, 'LNKIE2'],
    ['a link of another channel', { links: named('Taken') }, 'LNKIE2'],
    ['four links', { links: named('a1', 'a2', 'a3', 'a4') }, 'LNKIE3'],
    ['links although it is a group', { type: 'group', links: named('a1') }, 'GIE1'],
  ] as const)
    test(`with ${why} is refused with ${error}`, async () => {
      await send(ann, link('update', 'taken'))
      expect(await asked(ann, channel(Object.assign({ id: 'r2' }, fields)))).toEqual([error])
      expect(await world.room(roomNamed('r2'))).toBeUndefined()
    })

  test('a v1 device learns of an id in use by io', async () => {
    expect(await asked(ann, channel(), { dialect: 'v1' })).toEqual(['act invalid_data'])
  })
})
