/** Being put into rooms by friends. docs/decisions/0219. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Io } from '../../protocol/index.js'
import { contacts, rosters } from '../../rpc/documents/index.js'
import type { PhoneId } from '../../topics/index.js'
import { rosterOf } from '../acl/cast.js'
import { ann, boris, clara, dan, friends, now } from './chat-world.js'
import { asks, listing, openRoomWorld, roomNamed, type RoomWorld, type Sent, told } from './room-world.js'

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
