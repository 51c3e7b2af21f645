import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { record } from '../../protocol/index.js'
import type { PhoneId } from '../../topics/index.js'
import { ann, anne, boris, clara, dan, friends, now } from './chat-world.js'
import { memberId } from './member-ids.js'
import { asks, listing, type Member, openRoomWorld, type RoomWorld, type Sent, told } from './room-world.js'

let world: RoomWorld

beforeEach(async () => {
  world = await openRoomWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.send(ann, asks('create', { name: 'Trip', members: listing(boris, clara) }))
})
afterEach(() => world.close())

const feed_id = record('muc', { name: 'r1' })
const patch = (who: PhoneId, fields: Partial<Member>, rosters: readonly PhoneId[] = [who]): Promise<readonly Sent[]> =>
  world.send(who, record('Member', { feed_id, ...fields, status: 'patch' }), { at: now + 7, rosters })

test('a member changes how it is called in this room, and the room is told', async () => {
  const [sent, ...more] = await patch(boris, {
    alias: 'Bo',
    names: 'Borya',
    vox_id: 'v1',
    settings: [record('Feature', { key: 'k', value: 'v' })],
  })
  expect(more).toEqual([])
  expect(sent).toMatchObject({ topic: 'room/r1', to: ['emqttd_A1', 'emqttd_B1', 'emqttd_C1'] })
  expect(sent?.payload).toMatchObject({
    id: memberId(2),
    prev: memberId(1),
    next: memberId(3),
    phone_id: boris,
    alias: 'Bo',
    names: 'Borya',
    vox_id: 'v1',
    update: now + 7,
    status: 'patch',
  })
})

test('an empty text gives a field back to the roster', async () => {
  await patch(boris, { names: 'Borya' })
  expect((await patch(boris, { names: '' }))[0]?.payload).toMatchObject({ names: 'Boris' })
})

test('the own member id names the membership, alone or beside the room', async () => {
  expect(told(await patch(boris, { id: memberId(2), alias: 'Bo' }))).toEqual(['room/r1 Member/patch B'])
  expect(told(await patch(boris, { feed_id: null, id: memberId(2), alias: 'Bo' }))).toEqual(['room/r1 Member/patch B'])
})

test('a member id alone names the membership to whoever is in several rooms, as no room gives an id of another', async () => {
  await world.send(ann, asks('create', { id: 'r2', name: 'Walk', members: listing(boris) }))
  for (const room of ['r1', 'r2']) {
    expect(told(await patch(boris, { feed_id: null, id: memberId(2, room), alias: 'Bo' }))).toEqual([`room/${room} Member/patch B`])
  }
})

for (const { rule, who = boris, fields, error } of [
  { rule: 'the membership of others is not changed by id', fields: { id: memberId(3), alias: 'x' }, error: 'not_authorized' },
  { rule: 'nor by phone_id', fields: { phone_id: clara, alias: 'x' }, error: 'not_authorized' },
  { rule: 'a stranger has no membership', who: dan, fields: { alias: 'x' }, error: 'not_authorized' },
  { rule: 'an unknown room has no members', fields: { feed_id: record('muc', { name: 'r2' }) }, error: 'room_not_found' },
  { rule: 'a private chat has no members', fields: { feed_id: record('p2p', { from: ann, to: boris }) }, error: 'invalid_data' },
  { rule: 'a member id without room must be found', fields: { feed_id: null, id: 9 }, error: 'invalid_data' },
  { rule: 'an alias of 33 characters is too long', fields: { alias: 'x'.repeat(33) }, error: 'invalid_data' },
  { rule: 'names of one character are too short', fields: { names: 'x' }, error: 'invalid_data' },
  { rule: 'names hold no control characters', fields: { names: 'a\u0007b' }, error: 'invalid_data' },
] as readonly { rule: string; who?: PhoneId; fields: Partial<Member>; error: string }[]) {
  test(rule, async () => expect(told(await patch(who, fields))).toEqual([`act ${error}`]))
}

test('the acting roster is the one that is in the room', async () => {
  expect(told(await patch(boris, { alias: 'x' }, [anne, boris]))).toEqual(['room/r1 Member/patch B'])
})

test('what a member says of itself does not change its role', async () => {
  await patch(boris, { alias: 'Bo' })
  expect(await world.member(boris)).toBe('member')
})
