/** Being put into rooms by friends. docs/decisions/0219. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Io, record } from '../../protocol/index.js'
import { contacts, profiles, rosters } from '../../rpc/documents/index.js'
import { p2pTopic, phoneOf, type PhoneId } from '../../topics/index.js'
import { rosterOf } from '../acl/cast.js'
import { ann, boris, clara, dan, friends, now } from './chat-world.js'
import { asks, listing, openRoomWorld, type Room, roomNamed, type RoomWorld, type Sent, told } from './room-world.js'

let world: RoomWorld
const minute = 60_000
/** A second roster of Boris's phone. */
const boris2 = rosterOf('380670002234_12335')

beforeEach(async () => {
  world = await openRoomWorld()
  const row = { id: 2, names: 'Two', surnames: null, email: null, nick: null, avatar: null, created: now, update: now }
  await world.put(rosters.put(row, boris2), ...friends(ann, boris2))
  await world.put(...friends(ann, boris), ...friends(ann, clara), ...friends(dan, boris), ...friends(ann, dan))
})
afterEach(() => world.close())

let places = 0
const create = (who: PhoneId, whom: readonly PhoneId[], at = now): Promise<readonly Sent[]> =>
  world.send(who, asks('create', { id: `made${String(places++)}`, name: 'Trip', members: listing(...whom) }), { at })
const inLast = (who: PhoneId): Promise<string | undefined> => world.member(who, roomNamed(`made${String(places - 1)}`))
const secondsIn = (sent: readonly Sent[]): unknown => (sent[0]?.payload as Io).data

test('a friend puts one into twenty rooms in a run, then into one every 72 minutes, and is told when', async () => {
  for (let i = 0; i < 20; i++) await create(ann, [boris])
  expect(await inLast(boris)).toBe('member')
  const refused = await create(ann, [boris])
  expect([told(refused), secondsIn(refused)]).toEqual([['act attempts_expired'], 72 * 60])
  expect(await world.room(roomNamed(`made${String(places - 1)}`))).toBeUndefined()
  expect(told(await create(ann, [boris], now + 72 * minute))[0]).toBe('act Room/create members=B admins=A')
  expect(told(await create(ann, [boris], now + 72 * minute))).toEqual(['act attempts_expired'])
})

test('the others who are listed are added without him, and another friend may still add him', async () => {
  for (let i = 0; i < 20; i++) await create(ann, [boris])
  expect(told(await create(ann, [boris, clara]))[0]).toBe('act Room/create members=C admins=A')
  expect([await inLast(boris), await inLast(clara)]).toEqual([undefined, 'member'])
  await create(dan, [boris])
  expect(await inLast(boris)).toBe('member')
})

test('it is counted by account, and to be taken out and put in again counts each time', async () => {
  await create(ann, [boris])
  const room = { id: `made${String(places - 1)}` }
  for (let i = 1; i < 19; i++) {
    await world.send(ann, asks('remove', { ...room, members: listing(boris) }))
    await world.send(ann, asks(i % 2 === 0 ? 'add' : 'join', { ...room, members: listing(boris) }))
  }
  expect(await inLast(boris)).toBe('member')
  await create(ann, [boris2, boris])
  expect([await inLast(boris), await inLast(boris2)]).toEqual([undefined, undefined])
  await create(ann, [boris2])
  expect(await inLast(boris2)).toBe('member')
  for (const status of ['add', 'join'] as const) {
    expect(told(await world.send(ann, asks(status, { ...room, members: listing(boris2) })))).toEqual(['act attempts_expired'])
  }
})

test('a request that adds nobody uses nothing up, and old friends who were never added have no row', async () => {
  await create(ann, [clara])
  const room = { id: `made${String(places - 1)}` }
  for (let i = 0; i < 30; i++) await world.send(clara, asks('add', { ...room, members: listing(boris) }))
  await world.put(contacts.remove(ann, dan), contacts.remove(dan, ann))
  for (let i = 0; i < 30; i++) await world.send(ann, asks('add', { ...room, members: listing(dan) }))
  expect((await world.store.scan('budget/rooms/', { limit: 10 })).map(({ key }) => key)).toHaveLength(1)
})

describe('who wants to be asked', () => {
  const account = (value: string): ReturnType<typeof profiles.put> =>
    profiles.put(
      {
        ...{ services: [], rosters: [12335], update: now, balance: 0, created: now },
        settings: [record('Feature', { key: 'ROOMS', value, group: 'PRIVACY' })],
      },
      phoneOf(boris),
    )
  const r = roomNamed('r1')
  const day = 24 * 60 * minute
  const chat = p2pTopic(ann, boris)
  const invited = `${chat} Message/internal ${ann} invites you to the group "Trip"`
  const make = (fields: Partial<Room> = {}): Promise<readonly Sent[]> =>
    world.send(ann, asks('create', { id: 'r1', name: 'Trip', members: listing(boris, clara), ...fields }))
  const join = (at = now + 1, own: readonly PhoneId[] = [boris]): Promise<readonly Sent[]> =>
    world.send(boris, asks('join', { id: 'r1' }), { at, rosters: own })
  const inRoom = async (): Promise<readonly unknown[]> => [await world.member(boris, r), await world.member(clara, r)]

  test('is told in the chat with the friend, and is in the room once he joins it', async () => {
    await world.put(account('ask'))
    const sent = await make()
    expect(told(sent)).toContain('ses/380670003234 Room/create members=C admins=A')
    expect(told(sent).filter((line) => !/^(act|ses|room)/.test(line))).toEqual([invited])
    expect(sent.find(({ topic }) => topic === chat)?.payload).toMatchObject({
      ...{ from: ann, to: boris, status: 'internal' },
      files: [{ mime: 'text' }, { mime: 'room', payload: 'r1' }],
    })
    expect(await inRoom()).toEqual([undefined, 'member'])
    expect(told(await join())).toEqual([
      'ses/380670002234 Room/join members=CB admins=A',
      'room/r1 Room/join members=B admins=',
      `room/r1 Message/muc ${boris} joined the group`,
    ])
    expect(await inRoom()).toEqual(['member', 'member'])
    await world.send(boris, asks('leave', { id: 'r1' }))
    expect(told(await join())).toEqual(['act not_authorized'])
  })

  test('is asked once; the one who adds him is told that nobody was added', async () => {
    await make({ members: listing(clara) })
    await world.put(account('ask'))
    const add = (): Promise<readonly Sent[]> => world.send(ann, asks('add', { id: 'r1', members: listing(boris) }))
    expect(told(await add())).toEqual(['act Room/add members= admins=', invited])
    expect(told(await add())).toEqual(['act Room/add members= admins='])
    expect(told(await world.send(ann, asks('add', { id: 'r1', members: listing(boris, dan) })))).toEqual([
      'ses/380670004234 Room/add members=CD admins=A',
      'room/r1 Room/add members=D admins=',
      `room/r1 Message/muc ${ann} added ${dan}`,
    ])
    expect(await world.member(boris, r)).toBeUndefined()
    for (let i = 0; i < 17; i++) await add()
    expect(told(await add())).toEqual(['act attempts_expired'])
  })

  test.each<{ rule: string; before?: () => Promise<unknown>; at?: number; outcome: string }>([
    { rule: 'joins within thirty days', at: now + 30 * day - 1, outcome: 'ses/380670002234 Room/join members=CB admins=A' },
    { rule: 'does not join after thirty days', at: now + 30 * day, outcome: 'act not_authorized' },
    {
      rule: 'does not join once he is banned',
      before: () => world.send(ann, asks('ban', { id: 'r1', members: listing(boris) })),
      outcome: 'act not_authorized',
    },
    {
      rule: 'does not join once the one who asked has left',
      before: () => world.send(ann, asks('leave', { id: 'r1' })),
      outcome: 'act not_authorized',
    },
    {
      rule: 'does not join a room that is gone',
      before: () => world.send(ann, asks('delete', { id: 'r1' })),
      outcome: 'act room_not_found',
    },
  ])('$rule', async ({ before, at, outcome }) => {
    await world.put(account('ask'))
    await make()
    await before?.()
    expect(told(await join(at))[0]).toBe(outcome)
  })

  test('was added meanwhile and put out again: the old invitation is void', async () => {
    await world.put(account('ask'))
    await make()
    await world.put(account('friends'))
    for (const status of ['add', 'remove'] as const) await world.send(ann, asks(status, { id: 'r1', members: listing(boris) }))
    expect(told(await join())).toEqual(['act not_authorized'])
  })

  test('joins as the roster that was asked, whichever it names first', async () => {
    await world.put(account('ask'))
    await make({ members: listing(boris2) })
    expect(told(await join(now + 1, [boris]))).toEqual(['act not_authorized'])
    expect(told(await join(now + 1, [boris, boris2]))).toContain(`room/r1 Message/muc ${boris2} joined the group`)
  })

  test('is everybody where the server says so, but who says otherwise', async () => {
    await world.close()
    world = await openRoomWorld({ roomAdding: 'ask' })
    await world.put(...friends(ann, boris), ...friends(ann, clara), account('friends'))
    await make()
    expect(await inRoom()).toEqual(['member', undefined])
  })
})
