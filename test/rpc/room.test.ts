import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { record } from '../../protocol/index.js'
import { barred, cursors, feedLevel, members, roomsOf } from '../../rpc/documents/index.js'
import { putBans } from '../../rpc/views/parting.js'
import { type PhoneId, phoneOf } from '../../topics/index.js'
import { aContact, ann, anne, boris, clara, dan, friends, nobody, now } from './chat-world.js'
import { memberId } from './member-ids.js'
import { contacts, rosters } from '../../rpc/documents/index.js'
import { rosterOf } from '../acl/cast.js'
import { asks, listing, openRoomWorld, r1, type Room, roomIn, roomNamed, type RoomWorld, type Sent, told } from './room-world.js'

let world: RoomWorld

/** Second rosters of Clara's and of Boris's phone. */
const clarice = rosterOf('380670003234_12778')
const boris2 = rosterOf('380670002234_12335')
const rosterRow = (roster: PhoneId) =>
  rosters.put({ id: 2, names: 'Two', surnames: null, email: null, nick: null, avatar: null, created: now, update: now }, roster)

beforeEach(async () => {
  world = await openRoomWorld()
  await world.put(rosterRow(clarice), ...friends(ann, clarice))
  await world.put(...friends(ann, boris), ...friends(ann, clara), ...friends(ann, dan))
})
afterEach(() => world.close())

const create = (fields: Partial<Room> = {}): Room =>
  asks('create', { name: 'Trip', type: 'group', members: listing(boris, clara), ...fields })

/** A room of Ann's with Boris as admin and Clara as member; Dan outside. */
async function open(fields: Partial<Room> = {}): Promise<void> {
  await world.send(ann, create({ members: listing(clara), admins: listing(boris), ...fields }))
}

const send = (who: PhoneId, status: NonNullable<Room['status']>, fields: Partial<Room> = {}, at = now + 1): Promise<readonly Sent[]> =>
  world.send(who, asks(status, fields), { at })

describe('the flow of a room with three members (flows.md 3)', () => {
  test('creating it gives everyone the complete room, then the system message', async () => {
    const sent = await world.send(ann, create())
    expect(told(sent)).toEqual([
      'act Room/create members=BC admins=A',
      'ses/380670001234 Room/create members=BC admins=A',
      'ses/380670002234 Room/create members=BC admins=A',
      'ses/380670003234 Room/create members=BC admins=A',
      'room/r1 Message/muc 380670001234_12525 created the group',
    ])
    const room = roomIn(sent, 'ses/380670002234')
    const [system] = sent.slice(-1).map(({ payload }) => payload)
    expect(room).toEqual(
      record('Room', {
        id: 'r1',
        name: 'Trip',
        type: 'group',
        update: now,
        created: now,
        status: 'create',
        last_msg: system as NonNullable<Room['last_msg']>,
        admins: [
          record('Member', {
            ...{
              id: memberId(1),
              feed_id: record('muc', { name: 'r1' }),
              prev: null,
              next: memberId(2),
              phone_id: ann,
              names: 'Anna',
              surnames: 'Koval',
            },
            ...{ full_name: 'Anna Koval', reader: 1, update: now, presence: 'online', status: 'admin' },
          }),
        ],
        members: [
          record('Member', {
            ...{
              id: memberId(2),
              feed_id: record('muc', { name: 'r1' }),
              prev: memberId(1),
              next: memberId(3),
              phone_id: boris,
              names: 'Boris',
            },
            ...{ full_name: 'Boris', presence: 'online', status: 'member' },
          }),
          record('Member', {
            ...{ id: memberId(3), feed_id: record('muc', { name: 'r1' }), prev: memberId(2), next: null, phone_id: clara, names: 'Clara' },
            ...{ full_name: 'Clara', presence: 'online', status: 'member' },
          }),
        ],
      }),
    )
    expect(system).toMatchObject({
      feed_id: { name: 'r1' },
      from: ann,
      to: 'r1',
      created: now,
      status: 'muc',
      files: [{ id: 'd', mime: 'text' }],
    })
  })

  test('promotion, a new name, a removal and the succession follow each other as written', async () => {
    await world.send(ann, create())
    const rename = { name: 'Trip 2' }
    expect(told(await send(boris, 'patch', rename))).toEqual(['act not_authorized'])
    expect(told(await send(ann, 'add', { admins: listing(boris) }))).toEqual([
      'room/r1 Room/add members= admins=B',
      `room/r1 Message/muc ${ann} made ${boris} admin`,
    ])
    const renamed = await send(boris, 'patch', rename, now + 3)
    expect(told(renamed)).toEqual(['room/r1 Room/patch members= admins=', 'room/r1 Message/muc Group is renamed to "Trip 2"'])
    expect(renamed[0]?.payload).toEqual(
      asks('patch', { name: 'Trip 2', update: now + 3, last_msg: renamed[1]?.payload as NonNullable<Room['last_msg']> }),
    )
    expect(await send(clara, 'mute')).toMatchObject([{ topic: 'ses/380670003234', payload: asks('mute') }])
    const removed = await send(ann, 'remove', { members: listing(clara) })
    expect(told(removed)).toEqual([
      'room/r1 Room/remove members=C admins=',
      `room/r1 Message/muc ${ann} removed ${clara}`,
      'ses/380670003234 Room/removed members=C admins=',
    ])
    expect(removed.slice(0, 2).every(({ to }) => to.includes('emqttd_C1'))).toBe(true)
    const left = await send(ann, 'leave', {}, now + 9)
    expect(told(left)).toEqual([
      'room/r1 Room/leave members=A admins=',
      `room/r1 Message/muc ${ann} left the group`,
      'ses/380670001234 Room/leave members=A admins=',
      'room/r1 Member/patch B',
    ])
    expect(left.map(({ to }) => to)).toEqual([['emqttd_A1', 'emqttd_B1'], ['emqttd_A1', 'emqttd_B1'], ['emqttd_A1'], ['emqttd_B1']])
    expect(left[3]?.payload).toMatchObject({ id: memberId(2), prev: null, next: null, reader: 3, update: now + 9, presence: 'online' })
    expect(await world.room()).toMatchObject({ owner: boris, memberCount: 1 })
  })
})

describe('create', () => {
  for (const { rule, fields, error } of [
    { rule: 'needs a name', fields: { name: null }, error: 'invalid_data' },
    { rule: 'refuses a name of 33 characters', fields: { name: 'x'.repeat(33) }, error: 'invalid_data' },
    { rule: 'refuses a description of 256 characters', fields: { description: 'x'.repeat(256) }, error: 'invalid_data' },
    { rule: 'refuses an id with a wildcard', fields: { id: 'a+b' }, error: 'invalid_data' },
    { rule: 'refuses an id that names a person', fields: { id: dan }, error: 'invalid_data' },
    { rule: 'makes no calls', fields: { type: 'call' }, error: 'invalid_data' },
    { rule: 'refuses a list without any friend', fields: { members: listing(nobody) }, error: 'contacts_not_found' },
  ] as const) {
    test(rule, async () => expect(told(await world.send(ann, create(fields)))).toEqual([`act ${error}`]))
  }

  test('skips those who are no friends, whom it bans or who ban, and itself', async () => {
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), ann, clara))
    const sent = await world.send(ann, create({ members: listing(ann, boris, clara, nobody) }))
    expect(roomIn(sent, 'ses/380670001234')).toMatchObject({ members: [{ phone_id: boris }], admins: [{ phone_id: ann, status: 'admin' }] })
  })

  test('an id in use is refused, a left out one is made', async () => {
    await world.send(ann, create())
    expect(told(await world.send(boris, create({ members: [] })))).toEqual(['act invalid_data'])
    const made = roomIn(await world.send(ann, create({ id: null, members: [] })), 'ses/380670001234')
    expect(made.id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('the roster that is listed owns the room', async () => {
    await world.send(ann, create({ members: listing(anne) }), { rosters: [ann, anne] })
    expect(await world.room()).toMatchObject({ owner: anne, memberCount: 1 })
  })
})

describe('get', () => {
  test('a member has the room with unread and last message; a stranger learns nothing of a group', async () => {
    await open()
    await world.send(boris, record('Message', { from: boris, to: 'r1', files: [record('Desc', { payload: 'when?' })], status: 'client' }))
    const [{ payload } = {}] = await send(clara, 'get')
    expect(payload).toMatchObject({ status: 'get', unread: 1, last_msg: { from: boris, status: 'sent' }, members: [{ phone_id: clara }] })
    expect(told(await send(dan, 'get'))).toEqual(['act room_not_found'])
    expect(told(await world.send(dan, asks('get', { id: 'r2' })))).toEqual(['act room_not_found'])
    expect(told(await world.send(dan, asks('get', { id: null })))).toEqual(['act invalid_data'])
  })

  test('a stranger sees a channel without members; a member does not see that one who bans him is online', async () => {
    await open({ type: 'channel' })
    expect((await send(dan, 'get'))[0]?.payload).toMatchObject({ name: 'Trip', type: 'channel', members: [], admins: [], last_msg: null })
    expect((await send(ann, 'get'))[0]?.payload).toMatchObject({
      admins: [
        { phone_id: ann, status: 'owner' },
        { phone_id: boris, status: 'admin' },
      ],
    })
    await world.put(...putBans(phoneOf(boris), phoneOf(clara), { own: { by: boris, at: now }, other: null }))
    const [{ payload } = {}] = await send(clara, 'get')
    expect(payload).toMatchObject({
      admins: [
        { phone_id: ann, presence: 'online' },
        { phone_id: boris, presence: 'offline' },
      ],
    })
  })

  test('one who muted the room for himself finds it in the settings of his own member', async () => {
    await open()
    await send(clara, 'mute')
    const muted = { members: [{ settings: [{ key: 'MUTE', group: 'PUSH_SETTINGS' }] }] }
    expect((await send(clara, 'get'))[0]?.payload).toMatchObject(muted)
    expect((await send(ann, 'get'))[0]?.payload).toMatchObject({ members: [{ phone_id: clara, settings: [] }] })
    await send(clara, 'unmute')
    expect((await send(clara, 'get'))[0]?.payload).toMatchObject({ members: [{ phone_id: clara, settings: [] }] })
  })
})

describe('patch', () => {
  test('tells the new values only, and merges settings', async () => {
    await open()
    const setting = (key: string, value: string) => record('Feature', { key, value, group: 'G' })
    await send(boris, 'settings', { settings: [setting('a', '1'), setting('b', '1')], name: 'ignored' })
    const [one, ...more] = await send(boris, 'patch', { settings: [setting('a', ''), setting('b', '2')], tos: 'be kind' }, now + 5)
    expect(more).toEqual([])
    expect(one?.payload).toEqual(asks('patch', { settings: [setting('b', '2')], tos: 'be kind', tos_update: now + 5, update: now + 5 }))
    expect(await world.room()).toMatchObject({ name: 'Trip', settings: [setting('b', '2')], tos: 'be kind', update: now + 5 })
  })

  for (const { rule, fields } of [
    { rule: 'the type does not change', fields: { type: 'channel' } },
    { rule: 'the limits of create hold', fields: { tos: 'x'.repeat(4097) } },
  ] as const) {
    test(rule, async () => {
      await open()
      expect(told(await send(ann, 'patch', fields))).toEqual(['act invalid_data'])
    })
  }

  test('a new avatar is announced', async () => {
    await open()
    const sent = await send(ann, 'patch', { data: [record('Desc', { mime: 'image', payload: 'https://files/1' })] })
    expect(told(sent)[1]).toBe('room/r1 Message/muc Group has a new avatar')
  })
})

describe('add and join', () => {
  test('a new member has the complete room, the others learn of him', async () => {
    await open()
    await world.put(...friends(boris, dan))
    const sent = await send(boris, 'add', { members: listing(dan, clara) })
    expect(told(sent)).toEqual([
      'ses/380670004234 Room/add members=CD admins=AB',
      'room/r1 Room/add members=D admins=',
      `room/r1 Message/muc ${boris} added ${dan}`,
    ])
    expect(sent[1]?.to).toContain('emqttd_D1')
    expect(roomIn(sent, 'ses/380670004234').last_msg).toEqual(sent[2]?.payload)
    expect(await world.store.get(roomsOf.key(dan, r1))).toBeDefined()
  })

  for (const { rule, who = ann, status = 'add', fields, error } of [
    { rule: 'a member adds nobody', who: clara, fields: { members: listing(dan) }, error: 'not_authorized' },
    { rule: 'a stranger adds nobody', who: dan, fields: { members: listing(dan, boris) }, error: 'not_authorized' },
    { rule: 'an admin makes no admins of members', who: boris, fields: { admins: listing(clara) }, error: 'not_authorized' },
    { rule: 'those who are inside already are not added', fields: { members: listing(boris, clara) }, error: 'invalid_data' },
    { rule: 'those who are no friends are not added', fields: { members: listing(nobody, boris) }, error: 'contacts_not_found' },
    { rule: 'nobody listed is nobody added', fields: {}, error: 'invalid_data' },
    { rule: 'nobody joins a group by himself', who: dan, status: 'join', fields: {}, error: 'not_authorized' },
    { rule: 'an unknown room has nobody added', fields: { id: 'r2', members: listing(dan) }, error: 'room_not_found' },
  ] as readonly { rule: string; who?: PhoneId; status?: 'add' | 'join'; fields: Partial<Room>; error: string }[]) {
    test(rule, async () => {
      await open()
      expect(told(await send(who, status, fields))).toEqual([`act ${error}`])
    })
  }

  test('an admin may not add an admin either', async () => {
    await open()
    await world.put(...friends(boris, dan))
    expect(told(await send(boris, 'add', { admins: listing(dan) }))).toEqual(['act not_authorized'])
    expect(await world.member(dan)).toBeUndefined()
  })

  test('joining by an admin is adding under another name', async () => {
    await open()
    expect(told(await send(ann, 'join', { members: listing(dan) }))).toEqual([
      'ses/380670004234 Room/join members=CD admins=AB',
      'room/r1 Room/join members=D admins=',
      `room/r1 Message/muc ${ann} added ${dan}`,
    ])
  })

  test('a channel is joined by oneself, once', async () => {
    await open({ type: 'channel' })
    expect(told(await send(dan, 'join'))).toEqual([
      'ses/380670004234 Room/join members=CD admins=AB',
      'room/r1 Room/join members=D admins=',
      `room/r1 Message/muc ${dan} joined the channel`,
    ])
    expect(told(await send(dan, 'join'))).toEqual(['act invalid_data'])
  })
})

describe('remove and leave', () => {
  test('admins listed as admins only lose their rights, as members they go', async () => {
    await open()
    expect(told(await send(ann, 'remove', { admins: listing(boris), members: listing(clara) }))).toEqual([
      'room/r1 Room/remove members=C admins=B',
      `room/r1 Message/muc ${ann} removed ${clara} and took the rights of an admin from ${boris}`,
      'ses/380670003234 Room/removed members=C admins=B',
    ])
    expect([await world.member(boris), await world.member(clara)]).toEqual(['member', undefined])
    await send(ann, 'add', { admins: listing(boris) })
    expect(told(await send(ann, 'remove', { admins: listing(boris), members: listing(boris) }))[0]).toBe(
      'room/r1 Room/remove members=B admins=',
    )
  })

  for (const { rule, who = ann, status = 'remove', fields, error } of [
    { rule: 'the owner stays', who: boris, fields: { members: listing(ann) }, error: 'not_authorized' },
    { rule: 'not even the owner removes himself', fields: { members: listing(ann) }, error: 'not_authorized' },
    { rule: 'the owner cannot be demoted', fields: { admins: listing(ann) }, error: 'not_authorized' },
    { rule: 'an admin does not remove an admin', who: boris, fields: { members: listing(boris) }, error: 'not_authorized' },
    { rule: 'an admin does not demote himself', who: boris, fields: { admins: listing(boris) }, error: 'not_authorized' },
    { rule: 'who is not inside is not removed', fields: { members: listing(dan) }, error: 'contacts_not_found' },
    { rule: 'a member is no admin to be demoted', fields: { admins: listing(clara) }, error: 'invalid_data' },
    { rule: 'a member removes nobody', who: clara, fields: { members: listing(clara) }, error: 'not_authorized' },
    { rule: 'a stranger does not leave', who: dan, status: 'leave', fields: {}, error: 'not_authorized' },
    { rule: 'an unknown room is not left', status: 'leave', fields: { id: 'r2' }, error: 'room_not_found' },
  ] as readonly { rule: string; who?: PhoneId; status?: 'remove' | 'leave'; fields: Partial<Room>; error: string }[]) {
    test(rule, async () => {
      await open()
      expect(told(await send(who, status, fields))).toEqual([`act ${error}`])
      expect(await world.room()).toMatchObject({ memberCount: 3, owner: ann })
    })
  }

  test('leaving with others listed removes them', async () => {
    await open()
    expect(told(await send(ann, 'leave', { members: listing(clara) }))[0]).toBe('room/r1 Room/remove members=C admins=')
  })

  test('a removed member keeps no cursor and no rights, and comes back with a new member id', async () => {
    await open()
    const cursor = cursors.key(clara, feedLevel('room/r1'))
    await send(ann, 'remove', { members: listing(clara) })
    expect(await world.store.get(cursor)).toBeUndefined()
    const message = record('Message', { from: clara, to: 'r1', files: [record('Desc', { payload: 'hi' })], status: 'client' })
    expect(told(await world.send(clara, message))).toEqual(['act not_authorized'])
    expect(roomIn(await send(ann, 'add', { members: listing(clara) }), 'room/r1')).toMatchObject({
      members: [{ id: memberId(4), prev: memberId(3), next: null }],
    })
  })

  test('an admin inherits before a longer-standing member', async () => {
    await open()
    expect(told(await send(ann, 'leave')).at(-1)).toBe('room/r1 Member/patch B')
    expect(await world.member(clara)).toBe('member')
  })

  test('who was muted and comes to run the room can speak again', async () => {
    await open()
    await send(ann, 'mute', { members: listing(clara) })
    await send(ann, 'add', { admins: listing(clara) })
    await send(ann, 'remove', { admins: listing(boris) })
    expect(told(await send(ann, 'leave')).at(-1)).toBe('room/r1 Member/patch C')
    const message = record('Message', { from: clara, to: 'r1', files: [record('Desc', { payload: 'mine' })], status: 'client' })
    expect(told(await world.send(clara, message))).toEqual(['room/r1 Message/sent mine'])
  })

  test('with the last one the room goes, and its id is not given out again', async () => {
    await open({ admins: [], members: [] })
    await send(ann, 'ban', { members: listing(boris) })
    expect(told(await send(ann, 'leave'))).toEqual([
      'room/r1 Room/leave members=A admins=',
      'ses/380670001234 Room/leave members=A admins=',
    ])
    expect(await world.room()).toBeUndefined()
    expect(await world.store.get(members.key(r1, ann))).toBeUndefined()
    expect(await world.store.get(barred.key(r1, boris))).toBeUndefined()
    expect(told(await world.send(ann, create()))).toEqual(['act invalid_data'])
  })
})

describe('ban and unban', () => {
  test('the banned goes, may not come back, and nobody is let in before the bar is lifted', async () => {
    await open({ type: 'channel' })
    expect(told(await send(boris, 'ban', { members: listing(clara, dan) }))).toEqual([
      'room/r1 Room/ban members=CD admins=',
      'ses/380670003234 Room/ban members=CD admins=',
    ])
    expect(await world.room()).toMatchObject({ memberCount: 2 })
    expect(told(await send(clara, 'join'))).toEqual(['act not_authorized'])
    expect(told(await send(ann, 'add', { members: listing(clara) }))).toEqual(['act contacts_not_found'])
    expect(told(await send(ann, 'unban', { members: listing(clara) }))).toEqual([
      'room/r1 Room/unban members=C admins=',
      'ses/380670003234 Room/unban members=C admins=',
    ])
    expect(told(await send(ann, 'unban', { members: listing(clara) }))).toEqual(['act contacts_not_found'])
    expect(told(await send(clara, 'join'))).toHaveLength(3)
  })

  test('who is not in the room is not told of it, and not called by name', async () => {
    await open()
    const banned = await send(ann, 'ban', { members: listing(dan) })
    expect(told(banned)).toEqual(['room/r1 Room/ban members=D admins='])
    expect(roomIn(banned, 'room/r1').members).toMatchObject([{ phone_id: dan, names: null, surnames: null, avatar: null }])
    expect(told(await send(ann, 'unban', { members: listing(dan) }))).toEqual(['room/r1 Room/unban members=D admins='])
    // Who was put out, and was banned again meanwhile, is told once that it is over.
    await send(ann, 'ban', { members: listing(clara) })
    expect(told(await send(ann, 'ban', { members: listing(clara) }))).toEqual(['room/r1 Room/ban members=C admins='])
    expect(told(await send(ann, 'unban', { members: listing(clara) }))).toEqual([
      'room/r1 Room/unban members=C admins=',
      'ses/380670003234 Room/unban members=C admins=',
    ])
  })

  test('a ban binds the account: its other rosters go and stay out, those it makes later too, until any of them is named again', async () => {
    await open({ type: 'channel', members: listing(clara, clarice) })
    expect(told(await send(boris, 'ban', { members: listing(clara) }))[0]).toMatch(/^room\/r1 Room\/ban members=C/)
    expect([await world.member(clara), await world.member(clarice)]).toEqual([undefined, undefined])
    const later = rosterOf('380670003234_99999')
    for (const roster of [clara, clarice, later]) {
      const asked = { rosters: [roster], at: now + 1 }
      expect(told(await world.send(clara, asks('join', { members: listing(roster) }), asked))).toEqual(['act not_authorized'])
    }
    expect(told(await send(ann, 'add', { members: listing(clarice) }))).toEqual(['act contacts_not_found'])
    expect(told(await send(ann, 'unban', { members: listing(later) }))).not.toEqual(['act contacts_not_found'])
    expect(told(await send(ann, 'add', { members: listing(clarice) }))).toHaveLength(3)
  })

  test('a ban that an earlier program stored binds the account, too', async () => {
    await open({ type: 'channel' })
    await world.put(barred.put({ by: ann, at: now }, r1, clarice))
    await send(clara, 'leave')
    expect(told(await send(clara, 'join'))).toEqual(['act not_authorized'])
  })

  test('nobody is banned by way of a roster of lower rank', async () => {
    await world.put(...friends(ann, boris2), rosterRow(boris2))
    await open({ members: listing(clara, boris2) })
    expect(told(await send(boris, 'ban', { members: listing(boris2) }))).toEqual(['act not_authorized'])
  })

  for (const { rule, who, fields, error } of [
    { rule: 'the owner cannot be banned', who: boris, fields: { members: listing(ann) }, error: 'not_authorized' },
    { rule: 'an admin bans no admin', who: boris, fields: { members: listing(boris) }, error: 'not_authorized' },
    { rule: 'a member bans nobody', who: clara, fields: { members: listing(boris) }, error: 'not_authorized' },
    { rule: 'who does not exist cannot be banned', who: ann, fields: { members: listing(nobody) }, error: 'contacts_not_found' },
  ]) {
    test(rule, async () => {
      await open()
      expect(told(await send(who, 'ban', fields))).toEqual([`act ${error}`])
    })
  }
})

describe('mute', () => {
  test('binds the account: as whichever roster, also one that is added later, and by whatever shows words to the room', async () => {
    await open({ members: listing(clara) })
    const post = (from: PhoneId) =>
      world.send(clara, record('Message', { from, to: 'r1', files: [record('Desc', { payload: 'x' })], status: 'client' }), {
        rosters: [clara, clarice],
      })
    const [first] = await post(clara)
    const said = first?.payload
    if (said === undefined || said instanceof Uint8Array || said.tag !== 'Message') throw new Error('not said')
    await send(ann, 'mute', { members: listing(clara) })
    await send(ann, 'add', { members: listing(clarice) })
    expect(told(await post(clarice))).toEqual(['act not_authorized'])
    const edited = record('Message', { id: said.id, files: [record('Desc', { payload: 'y' })], status: 'edit' })
    expect(told(await world.send(clara, edited))).toEqual(['act not_authorized'])
    for (const field of [{ alias: 'words' }, { names: 'words' }, { avatar: 'words' }]) {
      const patch = record('Member', { feed_id: record('muc', { name: 'r1' }), ...field, status: 'patch' })
      expect(told(await world.send(clara, patch))).toEqual(['act not_authorized'])
    }
    await send(ann, 'unmute', { members: listing(clarice) })
    expect(told(await post(clarice))).toEqual(['room/r1 Message/sent x'])
    expect(told(await world.send(clara, edited))).toEqual(['room/r1 Message/edit y'])
  })

  test('a muted member may not post until unmuted', async () => {
    await open()
    const post = () =>
      world.send(clara, record('Message', { from: clara, to: 'r1', files: [record('Desc', { payload: 'x' })], status: 'client' }))
    expect(told(await send(boris, 'mute', { members: listing(clara) }))).toEqual([
      'ses/380670003234 Room/mute members=C admins=',
      'ses/380670002234 Room/mute members=C admins=',
    ])
    expect(told(await post())).toEqual(['act not_authorized'])
    await send(ann, 'unmute', { members: listing(clara) })
    expect(told(await post())).toEqual(['room/r1 Message/sent x'])
  })

  for (const { rule, who, fields, error } of [
    { rule: 'admins cannot be muted', who: ann, fields: { members: listing(boris) }, error: 'not_authorized' },
    { rule: 'members mute nobody else', who: clara, fields: { members: listing(boris) }, error: 'not_authorized' },
    { rule: 'strangers mute nothing', who: dan, fields: {}, error: 'not_authorized' },
    { rule: 'who is not inside cannot be muted', who: ann, fields: { members: listing(dan) }, error: 'contacts_not_found' },
  ]) {
    test(rule, async () => {
      await open()
      expect(told(await send(who, 'mute', fields))).toEqual([`act ${error}`])
    })
  }
})

describe('delete and calls', () => {
  test('only the owner deletes; everyone is told, and nothing is left', async () => {
    await open()
    expect(told(await send(boris, 'delete'))).toEqual(['act not_authorized'])
    expect(told(await send(ann, 'delete'))).toEqual([
      'room/r1 Room/delete members= admins=',
      'ses/380670001234 Room/delete members= admins=',
      'ses/380670003234 Room/delete members= admins=',
      'ses/380670002234 Room/delete members= admins=',
    ])
    expect(await world.store.scan(members.prefix(r1), { limit: 1 })).toEqual([])
    expect(await world.store.scan(roomsOf.prefix(clara), { limit: 1 })).toEqual([])
    expect(told(await send(clara, 'get'))).toEqual(['act room_not_found'])
    expect(told(await world.send(ann, create()))).toEqual(['act invalid_data'])
    expect(told(await world.send(ann, create({ id: 'r2' })))).toHaveLength(5)
    expect(await world.member(boris, roomNamed('r2'))).toBe('member')
  })

  test('a call is signalled to the room under the name of the caller', async () => {
    await open()
    const signal = await send(clara, 'video', { members: listing(ann), settings: [record('Feature', { key: 'sdp', value: 'x' })] })
    expect(told(signal)).toEqual(['room/r1 Room/video members=C admins='])
    expect(signal[0]?.payload).toMatchObject({ settings: [{ key: 'sdp' }] })
    expect(told(await send(dan, 'voice'))).toEqual(['act not_authorized'])
  })
})
