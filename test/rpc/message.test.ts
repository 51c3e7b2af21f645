import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Desc, type Message, record, type RecordOf } from '../../protocol/index.js'
import { contacts, cursors, feedLevel, members } from '../../rpc/documents/index.js'
import { type PhoneId, type RoomId, parseRoomId } from '../../topics/index.js'
import {
  aContact,
  ann,
  anne,
  aRoom,
  type AskOptions,
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

let world: ChatWorld
beforeAll(async () => {
  world = await openChatWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.put(
    ...aRoom(trip, [
      [ann, 'owner'],
      [boris, 'member'],
      [clara, 'member', true],
    ]),
  )
  await world.put(
    ...aRoom(
      news,
      [
        [ann, 'owner'],
        [boris, 'member'],
      ],
      { type: 'channel' },
    ),
  )
})
afterAll(() => world.close())

function roomOf(name: string): RoomId {
  const room = parseRoomId(name)
  if (room === undefined) throw new Error(name)
  return room
}

const trip = roomOf('trip')
const news = roomOf('news')
const devicesOf: { readonly [Roster in string]: readonly string[] } = {
  [ann]: ['emqttd_A1', 'emqttd_A2'],
  [boris]: ['emqttd_B1'],
  [clara]: ['emqttd_C1'],
}

function all(...rosters: readonly PhoneId[]): readonly string[] {
  return rosters.flatMap((roster) => devicesOf[roster] ?? [])
}

function text(payload: string): Desc {
  return record('Desc', { id: 'd', payload })
}

function aMessage(from: PhoneId, to: string, parts: Partial<Message> = {}): RecordOf<'Message'> {
  return record('Message', { from, to, files: [text('hello')], status: 'client', ...parts })
}

/** Posts and returns the stored message. */
async function post(from: PhoneId, to: string, parts: Partial<Message> = {}): Promise<RecordOf<'Message'>> {
  const { pushes, error } = await world.ask(from, aMessage(from, to, parts))
  const [stored] = only(
    'Message',
    pushes.map(({ record: pushed }) => pushed),
  )
  if (stored === undefined) throw new Error(`not stored: ${String(error)}`)
  return stored
}

function change(who: PhoneId, id: number | null, parts: Partial<Message>, options?: AskOptions): Promise<Result> {
  return world.ask(who, record('Message', { id, status: 'edit', ...parts }), options)
}

describe('a message in a chat', () => {
  test('is numbered, linked, and reaches every device of both', async () => {
    const first = await post(ann, boris)
    const result = await world.ask(boris, aMessage(boris, ann, { msg_id: 'B1-1', created: now - 5 }))
    expect(result.answers).toEqual([])
    expect(result.pushes).toEqual([
      {
        topic: `p2p/${ann}/${boris}`,
        to: all(ann, boris),
        record: record('Message', {
          id: (first.id ?? 0) + 1,
          feed_id: record('p2p', { from: ann, to: boris }),
          prev: first.id,
          msg_id: 'B1-1',
          from: boris,
          to: ann,
          created: now - 5,
          files: [text('hello')],
          status: 'sent',
        }),
      },
    ])
  })

  test('moves the cursor of its author, unless a service posts in his name', async () => {
    const cursor = async () => {
      const bytes = await world.store.get(cursors.key(ann, feedLevel(`p2p/${ann}/${boris}`)))
      return bytes && cursors.decode(bytes)
    }
    const { id } = await post(ann, boris)
    expect(await cursor()).toBe(id)
    await post(boris, ann)
    expect((await world.ask(ann, aMessage(ann, boris, { msg_id: 'S1' }), { asService: true })).pushes).toHaveLength(1)
    expect(await cursor()).toBe(id)
  })

  test('with a known msg_id is not stored again, and the stored one goes to the caller alone', async () => {
    const stored = await post(ann, boris, { msg_id: 'A1-1' })
    const result = await world.ask(ann, aMessage(ann, boris, { msg_id: 'A1-1', files: [text('other')] }))
    expect([result.answers, result.pushes]).toEqual([[stored], []])
    expect(await post(boris, ann, { msg_id: 'A1-1' })).toMatchObject({ msg_id: 'A1-1', from: boris })
  })

  test('without msg_id is stored as often as it is sent', async () => {
    expect((await post(ann, boris)).id).not.toBe((await post(ann, boris)).id)
  })

  test('to oneself reaches the own devices once', async () => {
    const result = await world.ask(ann, aMessage(ann, ann))
    expect(result.pushes).toMatchObject([{ topic: `p2p/${ann}/${ann}`, to: all(ann), record: { from: ann, to: ann } }])
  })

  test('is acknowledged by msg_id to a v11 caller, also when repeated', async () => {
    const ack = record('Ack', { table: 'Message', id: 'A1-11' })
    const message = aMessage(ann, boris, { msg_id: 'A1-11' })
    expect((await world.ask(ann, message, { dialect: 'v11' })).answers).toEqual([ack])
    expect((await world.ask(ann, message, { dialect: 'v11' })).answers).toMatchObject([{ tag: 'Message' }, ack])
  })

  test('takes the feed in either order, or from its two ends', async () => {
    for (const feed_id of [record('p2p', { from: ann, to: boris }), record('p2p', { from: boris, to: ann }), null]) {
      expect((await post(boris, ann, { feed_id })).feed_id).toEqual(record('p2p', { from: ann, to: boris }))
    }
  })

  for (const { rule, created, stored } of [
    { rule: 'is kept if it is not too far ahead', created: now + 60_000, stored: now + 60_000 },
    { rule: 'ahead of a minute is replaced by the time of the server', created: now + 60_001, stored: now },
    { rule: 'that is not given is the time of the server', created: null, stored: now },
  ]) {
    test(`created ${rule}`, async () => {
      expect((await post(ann, boris, { created })).created).toBe(stored)
    })
  }

  for (const { rule, from = ann, to = boris, parts = {}, error } of [
    { rule: 'from is not own', from: clara, error: 'not_authorized' },
    { rule: 'the other is no friend', to: dan, error: 'not_authorized' },
    { rule: 'the other does not exist', to: nobody, error: 'not_authorized' },
    { rule: 'there is no such room', to: 'lobby', error: 'room_not_found' },
    { rule: 'the feed is that of others', parts: { feed_id: record('p2p', { from: boris, to: clara }) }, error: 'invalid_data' },
    { rule: 'feed and receiver disagree', parts: { feed_id: record('p2p', { from: ann, to: clara }) }, error: 'invalid_data' },
    { rule: 'the feed is a room and the receiver a person', parts: { feed_id: record('muc', { name: 'trip' }) }, error: 'invalid_data' },
    { rule: 'neither feed nor receiver is given', parts: { to: null }, error: 'invalid_data' },
    { rule: 'there are no files', parts: { files: [] }, error: 'invalid_data' },
    { rule: 'there are eleven files', parts: { files: Array<Desc>(11).fill(text('x')) }, error: 'invalid_data' },
    { rule: 'a text is empty', parts: { files: [text('')] }, error: 'invalid_data' },
    { rule: 'a text has 16,385 bytes', parts: { files: [text(`${'ї'.repeat(8_192)}x`)] }, error: 'invalid_data' },
    { rule: 'msg_id is empty', parts: { msg_id: '' }, error: 'invalid_data' },
    { rule: 'msg_id has 256 bytes', parts: { msg_id: 'x'.repeat(256) }, error: 'invalid_data' },
    { rule: 'it is to be scheduled', parts: { type: ['sched'] }, error: 'invalid_data' },
    { rule: 'a reply names no original', parts: { type: ['reply'] }, error: 'invalid_data' },
    { rule: 'the original does not exist', parts: { type: ['forward'], link: 999_999 }, error: 'invalid_data' },
  ] as const) {
    test(`is refused as ${error} if ${rule}`, async () => {
      const result = await world.ask(ann, aMessage(from, to, parts))
      expect([result.error, result.pushes]).toEqual([error, []])
    })
  }

  test('is refused while either bans the other', async () => {
    await world.put(...friends(ann, dan))
    await world.put(
      contacts.put(aContact({ state: 'friend', bans: true }), ann, dan),
      contacts.put(aContact({ state: 'friend', isBanned: true }), dan, ann),
    )
    expect((await world.ask(ann, aMessage(ann, dan))).error).toBe('not_authorized')
    expect((await world.ask(dan, aMessage(dan, ann))).error).toBe('not_authorized')
  })

  test('may be posted by a service for any account, friends or not', async () => {
    const result = await world.ask(ann, aMessage(boris, dan), { asService: true })
    expect(result.pushes).toMatchObject([{ topic: `p2p/${boris}/${dan}`, record: { from: boris, to: dan } }])
    expect((await world.ask(ann, aMessage(boris, nobody), { asService: true })).error).toBe('not_authorized')
  })

  test('reads nothing but the own contact and the msg_id', async () => {
    const asked: string[] = []
    const { postMessage } = await import('../../rpc/handlers/message/index.js')
    const refuse = (): never => {
      throw new Error('not to be read')
    }
    const get = (table: { name: string }): Promise<undefined> => Promise.resolve(void asked.push(table.name))
    const reader = {
      boot: '',
      ...{ get, getRare: get },
      ...{ peek: refuse, scan: refuse, feedHead: refuse, feedPlace: refuse, feedPage: refuse },
    }
    const client = { kind: 'device', rosters: [ann] } as unknown
    const request = { record: aMessage(ann, boris, { msg_id: 'x' }), now, caller: { client, dialect: 'v1' }, context: world.context }
    await postMessage.read(request as Parameters<typeof postMessage.read>[0], reader as unknown as Parameters<typeof postMessage.read>[1])
    expect(asked).toEqual(['contact', 'sent'])
  })
})

describe('a reply or forward', () => {
  test('names an original that its author can read, wherever it stands', async () => {
    const { id } = await post(clara, ann)
    expect(await post(ann, boris, { type: ['forward'], link: id })).toMatchObject({ type: ['forward'], link: id })
    expect((await world.ask(boris, aMessage(boris, ann, { type: ['forward'], link: id }))).error).toBe('invalid_data')
  })

  test('does not name what is hidden from its author, or erased', async () => {
    const { id } = await post(ann, boris)
    await change(boris, id, { seenby: 1 })
    expect((await world.ask(boris, aMessage(boris, ann, { type: ['reply'], link: id }))).error).toBe('invalid_data')
    await change(ann, id, { status: 'deleted' })
    expect((await world.ask(ann, aMessage(ann, boris, { type: ['reply'], link: id }))).error).toBe('invalid_data')
  })
})

describe('a message in a room', () => {
  test('reaches every device of every member', async () => {
    const result = await world.ask(boris, aMessage(boris, 'trip'))
    expect(result.pushes).toMatchObject([{ topic: 'room/trip', to: all(ann, boris, clara), record: { from: boris, to: 'trip' } }])
  })

  test('does not reach the members it excludes, but its author in any case', async () => {
    const result = await world.ask(boris, aMessage(boris, 'trip', { seenby: [2, 3] }), { dialect: 'v11' })
    expect(result.pushes).toMatchObject([{ to: all(ann, boris), record: { seenby: [2, 3] } }])
  })

  test('needs the right to post', async () => {
    expect((await world.ask(clara, aMessage(clara, 'trip'))).error).toBe('not_authorized')
    expect((await world.ask(dan, aMessage(dan, 'trip'))).error).toBe('not_authorized')
    expect((await world.ask(boris, aMessage(boris, 'news'))).error).toBe('not_authorized')
    expect((await world.ask(ann, aMessage(ann, 'news'))).error).toBeUndefined()
  })

  test('reaches a new member and no longer one who left', async () => {
    const reach = async (): Promise<unknown> => (await world.ask(ann, aMessage(ann, 'club'))).pushes[0]?.to
    const club = roomOf('club')
    await world.put(...aRoom(club, [[ann, 'owner']]))
    expect(await reach()).toEqual(all(ann))
    await world.put(
      ...aRoom(
        club,
        [
          [ann, 'owner'],
          [clara, 'member'],
        ],
        { stamp: 2 },
      ),
    )
    expect(await reach()).toEqual(all(ann, clara))
  })
})

describe('an edit', () => {
  test('replaces the content, keeps place and time, and tells all', async () => {
    const { id } = await post(ann, boris, { type: ['reply'], link: (await post(boris, ann)).id })
    const after = await post(boris, ann)
    const result = await change(ann, id, { files: [text('hello!')] }, { at: now + 9 })
    expect(result.pushes).toMatchObject([
      {
        topic: `p2p/${ann}/${boris}`,
        to: all(ann, boris),
        record: { id, next: after.id, created: now, files: [text('hello!')], type: ['reply', 'edited'], status: 'edit' },
      },
    ])
  })

  test('is for the author', async () => {
    const { id } = await post(ann, boris)
    expect((await change(boris, id, { files: [text('x')] })).error).toBe('not_authorized')
    expect((await change(clara, id, { files: [text('x')] })).error).toBe('not_authorized')
    expect((await change(ann, id, { files: [text('')] })).error).toBe('invalid_data')
    expect((await change(ann, 999_999, { files: [text('x')] })).error).toBe('not_found')
    expect((await change(ann, null, { files: [text('x')] })).error).toBe('not_found')
    expect((await change(ann, id, { files: [text('x')] }, { asService: true })).error).toBeUndefined()
  })

  test('ends with the friendship, a ban, the membership, and the removal', async () => {
    await world.put(...friends(boris, clara))
    const { id } = await post(boris, clara)
    await world.put(contacts.put(aContact({ state: 'friend', isBanned: true }), boris, clara))
    expect((await change(boris, id, { files: [text('x')] })).error).toBe('not_authorized')
    const inRoom = await post(boris, 'trip')
    await world.put(
      ...aRoom(trip, [[ann, 'owner']], { stamp: 7 }).slice(0, 1),
      ...aRoom(trip, [[boris, 'member']])
        .slice(1)
        .map(({ key }) => ({ key, value: undefined })),
    )
    expect((await change(boris, inRoom.id, { files: [text('x')] })).error).toBe('not_authorized')
    await world.put(
      ...aRoom(
        trip,
        [
          [ann, 'owner'],
          [boris, 'member'],
          [clara, 'member', true],
        ],
        { stamp: 8 },
      ),
    )
    await change(boris, inRoom.id, { status: 'deleted' })
    expect((await change(boris, inRoom.id, { files: [text('x')] })).error).toBe('invalid_data')
  })
})

describe('removal for all', () => {
  for (const [form, parts] of [
    ['edit without files', {}],
    ['edit with seenby -1', { files: [text('x')], seenby: -1 }],
    ['deleted', { status: 'deleted' }],
  ] as const) {
    test(`by ${form} leaves a tombstone and tells all`, async () => {
      const { id } = await post(ann, boris, { msg_id: `gone by ${form}` })
      const result = await change(ann, id, parts)
      const tombstone = { id, files: [], status: 'deleted', from: ann, to: boris, msg_id: `gone by ${form}` }
      expect(result.pushes).toMatchObject([{ topic: `p2p/${ann}/${boris}`, record: tombstone }])
      expect((await change(ann, id, parts)).error).toBe('invalid_data')
    })
  }

  test('is for the author, in a room also for owner and admins', async () => {
    const { id } = await post(ann, boris)
    expect((await change(boris, id, { status: 'deleted' })).error).toBe('not_authorized')
    const inRoom = await post(boris, 'trip')
    expect((await change(clara, inRoom.id, { status: 'deleted' })).error).toBe('not_authorized')
    expect((await change(dan, inRoom.id, { status: 'deleted' })).error).toBe('not_authorized')
    expect((await change(ann, inRoom.id, { status: 'deleted' })).pushes).toMatchObject([
      { topic: 'room/trip', record: { status: 'deleted' } },
    ])
  })

  for (const { rule, between } of [
    { rule: 'a ban', between: { isBanned: true } },
    { rule: 'a ban of one’s own', between: { bans: true } },
    { rule: 'the end of the friendship', between: { state: 'none' } },
    { rule: 'nothing left of the contact', between: undefined },
  ] as const) {
    test(`of one’s own words stays possible after ${rule}, and says nothing but which message it was`, async () => {
      await world.put(...friends(boris, clara))
      const { id } = await post(boris, clara)
      const key = contacts.key(boris, clara)
      const contact = between && aContact({ state: 'friend', ...between })
      await world.put(contact === undefined ? { key, value: undefined } : contacts.put(contact, boris, clara))
      expect((await change(boris, id, { files: [text('one last word')] })).error).toBe('not_authorized')
      const { pushes, error } = await change(boris, id, { files: [], seenby: -1, msg_id: 'one last word' })
      const named = { id, feed_id: record('p2p', { from: boris, to: clara }), from: boris, to: clara, status: 'deleted' } as const
      expect([error, pushes]).toEqual([
        undefined,
        [{ topic: `p2p/${boris}/${clara}`, to: all(boris, clara), record: record('Message', named) }],
      ])
      expect((await change(clara, id, { files: [], seenby: -1 })).error).toBe('not_authorized')
    })
  }

  test('of one’s own words stays possible outside the room they were said in; the own devices are told as well', async () => {
    const { id } = await post(boris, 'trip')
    const restored = aRoom(
      trip,
      [
        [ann, 'owner'],
        [boris, 'member'],
        [clara, 'member', true],
      ],
      { stamp: 31 },
    )
    const without = aRoom(
      trip,
      [
        [ann, 'owner'],
        [clara, 'member', true],
      ],
      { stamp: 30 },
    )
    await world.put(...without, members.remove(trip, boris))
    expect((await change(boris, id, { files: [text('one last word')] })).error).toBe('not_authorized')
    const { pushes } = await change(boris, id, { status: 'deleted' })
    const named = { id, feed_id: record('muc', { name: trip }), from: boris, to: trip, status: 'deleted' } as const
    expect(pushes).toEqual([
      { topic: 'room/trip', to: all(ann, clara), record: record('Message', named) },
      { topic: 'ses/380670002234', to: all(boris), record: record('Message', named) },
    ])
    await world.put(...restored)
  })
})

describe('removal for oneself', () => {
  for (const { rule, by, seenby, dialect = 'v1' } of [
    { rule: 'the receiver, who leaves it to the author (1)', by: boris, seenby: 1 },
    { rule: 'the author, who leaves it to the receiver (2)', by: ann, seenby: 2 },
    { rule: 'a v11 device that names itself', by: boris, seenby: [boris], dialect: 'v11' },
  ] as const) {
    test(`is told to the devices of ${rule} alone`, async () => {
      const { id } = await post(ann, boris)
      for (const _ of ['once', 'again']) {
        const result = await change(by, id, { seenby }, { dialect })
        expect(result.pushes).toMatchObject([
          { topic: `ses/${by.split('_')[0] ?? ''}`, to: all(by), record: { id, files: [], seenby, status: 'deleted' } },
        ])
      }
      expect((await change(ann, id, { files: [text('still there')] })).error).toBeUndefined()
    })
  }

  test('by member id in a room', async () => {
    const { id } = await post(ann, 'trip')
    expect((await change(clara, id, { seenby: [3] })).pushes).toMatchObject([{ topic: 'ses/380670003234' }])
    expect((await change(boris, id, { seenby: [3] })).error).toBe('not_authorized')
  })

  test('cannot be done for another, by a stranger, or with another number', async () => {
    const { id } = await post(ann, boris)
    expect((await change(ann, id, { seenby: 1 })).error).toBe('not_authorized')
    expect((await change(ann, id, { seenby: [boris] })).error).toBe('not_authorized')
    expect((await change(clara, id, { seenby: 1 })).error).toBe('not_authorized')
    expect((await change(ann, id, { seenby: 3 })).error).toBe('invalid_data')
  })

  test('acts for the roster named, where a phone has several', async () => {
    await world.put(...friends(anne, clara))
    const { id } = await post(clara, anne)
    expect((await change(ann, id, { seenby: 1 }, { rosters: [ann, anne] })).error).toBeUndefined()
  })
})
