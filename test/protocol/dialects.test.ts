import { describe, expect, test } from '@jest/globals'
import { decode, decodePush, encode, err, errorCodeOf, ok, ok2, pair, record, type AnyRecord, type Dialect } from '../../protocol/index.js'
import { goldenBytes } from './golden.js'

type Fields = Readonly<Record<string, unknown>>

/** The record's fields as they stand on the wire of the dialect, by name; fields at their default are left out. */
function onWire(given: AnyRecord, dialect: Dialect): Fields {
  return JSON.parse(Buffer.from(encode(given, { codec: 'json', dialect })).toString()) as Fields
}

/** What a handler sees of these fields from a device of the dialect. */
function seen(fields: Fields, dialect: Dialect, read = decode): AnyRecord {
  const result = read(Buffer.from(JSON.stringify(fields)), dialect)
  if (result.kind === 'refusal') throw new Error(result.because)
  return result.record
}

const feed = { tag: 'p2p', from: '380670001234_1', to: '380670002234_2' } as const
const room = { tag: 'muc', name: 'r1' } as const

describe('Message.status towards the devices', () => {
  for (const [canonical, v1, v11] of [
    ['sent', { status: 'sent' }, {}],
    ['link', { status: 'link' }, { status: 'async' }],
    ['edit', { status: 'edit' }, { status: 'edit' }],
    ['deleted', { status: 'deleted' }, { status: 'delete' }],
    ['muc', { status: 'muc' }, { type: ['sys'] }],
    ['internal', { status: 'internal' }, { type: ['sys'] }],
    ['clear', { status: 'deleted' }, { status: 'clear' }],
  ] as const)
    test(canonical, () => {
      expect(onWire(record('Message', { id: 1, status: canonical }), 'v1')).toEqual({ tag: 'Message', id: 1, ...v1 })
      expect(onWire(record('Message', { id: 1, status: canonical }), 'v11')).toEqual({ tag: 'Message', id: 1, ...v11 })
    })
})

describe('Message.status from the devices', () => {
  for (const [dialect, fields, canonical] of [
    ['v1', { status: 'client' }, 'client'],
    ['v11', {}, 'client'],
    ['v11', { id: 7 }, 'client'],
    ['v1', { status: 'upload' }, 'upload'],
    ['v1', { status: 'async' }, 'upload'],
    ['v11', { status: 'async' }, 'upload'],
    ['v1', { status: 'complete' }, 'complete'],
    ['v11', { status: 'update' }, 'complete'],
    ['v11', { status: 'delete' }, 'deleted'],
    ['v11', { type: ['sys'], feed_id: room }, 'muc'],
    ['v11', { type: ['sys'], feed_id: feed }, 'internal'],
  ] as const)
    test(`${dialect} ${JSON.stringify(fields)}`, () => {
      expect(seen({ tag: 'Message', ...fields }, dialect)).toMatchObject({ status: canonical })
    })

  test('a client reads [] as sent and async as link', () => {
    expect(seen({ tag: 'Message', id: 7 }, 'v11', decodePush)).toMatchObject({ status: 'sent' })
    expect(seen({ tag: 'Message', status: 'async' }, 'v11', decodePush)).toMatchObject({ status: 'link' })
  })

  test('no device makes a system message by its type', () => {
    expect(seen({ tag: 'Message', type: 'sys', status: 'client' }, 'v1')).toMatchObject({ type: [], status: 'client' })
    expect(onWire(record('Message', { type: ['sys', 'reply'], status: 'edit' }), 'v11')).toMatchObject({ type: ['reply'] })
  })
})

describe('what a message carries', () => {
  test('type, link and edited', () => {
    const reply = record('Message', { type: ['reply', 'edited'], link: 9 })
    expect(onWire(reply, 'v1')).toEqual({ tag: 'Message', type: 'reply', edit_msg: 9 })
    expect(onWire(reply, 'v11')).toEqual({ tag: 'Message', type: ['reply', 'edited'], link: 9 })
    expect(onWire(record('Message', { link: record('Message', { id: 9 }) }), 'v1')).toMatchObject({ edit_msg: 9 })
    expect(onWire(record('Message', { type: ['sched'] }), 'v11')).toEqual({ tag: 'Message' })
  })

  test('who must not see it', () => {
    const from = 'a_1'
    const to = 'b_2'
    for (const [seenby, v1, v11] of [
      [-1, -1, [-1]],
      [1, 1, [to]],
      [2, 2, [from]],
      [[to], 1, [to]],
      [[from], 2, [from]],
      [
        [5, 6],
        [5, 6],
        [5, 6],
      ],
    ] as const) {
      expect(onWire(record('Message', { from, to, seenby }), 'v1')).toMatchObject({ seenby: v1 })
      expect(onWire(record('Message', { from, to, seenby }), 'v11')).toMatchObject({ seenby: v11 })
    }
    expect(seen({ tag: 'Message', seenby: [-1] }, 'v11')).toMatchObject({ seenby: -1 })
    expect(seen({ tag: 'Message', seenby: [-1] }, 'v1')).toMatchObject({ seenby: -1 })
  })

  test('a file: fields in v1, features of FILE_DATA in v11', () => {
    const file = record('Desc', { mime: 'image', size: 12, filename: 'a.jpg', info: 'x' })
    const feature = (key: string, value: string): Fields => ({ tag: 'Feature', key, value, group: 'FILE_DATA' })
    const data = [feature('SIZE', '12'), feature('FILENAME', 'a.jpg'), feature('INFO', 'x')]
    expect(onWire(file, 'v1')).toEqual({ tag: 'Desc', mime: 'image', size: 12, filename: 'a.jpg', info: 'x' })
    // the client's key is required there, its id is []
    expect(onWire(file, 'v11')).toEqual({ tag: 'Desc', mime: 'image', data })
    expect(seen({ tag: 'Desc', mime: 'image', data }, 'v11')).toMatchObject({ size: 12, filename: 'a.jpg', info: 'x' })
  })
})

describe('Contact.status in a push (rpc.md 9)', () => {
  for (const [canonical, v1, v11] of [
    ['request', 'request', 'request'],
    ['authorization', 'authorization', 'authorization'],
    ['friend', 'friend', 'friend'],
    ['revoke', 'revoke', 'deleted'],
    ['banned', 'banned', 'banned'],
    ['banned_by', 'banned', 'ban'],
    ['unbanned', 'unbanned', 'friend'],
    ['unbanned_stranger', 'unbanned', 'deleted'],
    ['muted', 'muted', 'friend'],
    ['unmuted', 'unmuted', 'friend'],
    ['ignore', 'authorization', 'ignore'],
    ['remove', 'remove', 'deleted'],
    ['deleted', 'deleted', 'deleted'],
    ['ban', 'ban', 'ban'],
    ['last_msg', 'last_msg', 'last_msg'],
  ] as const)
    test(canonical, () => {
      expect(onWire(record('Contact', { status: canonical }), 'v1')['status']).toBe(v1)
      expect(onWire(record('Contact', { status: canonical }), 'v11')['status']).toBe(v11)
    })
})

describe('other fields that differ', () => {
  test('Contact.reader is one cursor in v1, both in v11', () => {
    expect(onWire(record('Contact', { reader: 5, other_reader: 7 }), 'v1')).toMatchObject({ reader: 5 })
    expect(onWire(record('Contact', { reader: 5, other_reader: 7 }), 'v11')).toMatchObject({ reader: [5, 7] })
  })

  test('vox_id is a Service of type vox in v11, email is dropped', () => {
    for (const tag of ['Contact', 'Member'] as const) {
      const given = record(tag, { vox_id: 'v', email: 'e' })
      expect(onWire(given, 'v1')).toMatchObject({ vox_id: 'v', email: 'e' })
      expect(onWire(given, 'v11')).toMatchObject({ services: [{ tag: 'Service', type: 'vox', login: 'v' }] })
      expect(onWire(given, 'v11')).not.toHaveProperty('email')
    }
  })

  test('the owner of a room shows as admin in v1', () => {
    expect(onWire(record('Member', { status: 'owner' }), 'v1')).toMatchObject({ status: 'admin' })
    expect(onWire(record('Member', { status: 'owner' }), 'v11')).toMatchObject({ status: 'owner' })
  })

  test('a member without an alias has its names and surnames as one in v11', () => {
    const member = record('Member', { names: 'Anna', surnames: 'Koval', full_name: 'Anna Koval' })
    expect(onWire(member, 'v11')).toMatchObject({ alias: 'Anna Koval' })
    expect(onWire(member, 'v1')).not.toHaveProperty('alias')
    expect(onWire({ ...member, alias: 'Ann' }, 'v11')).toMatchObject({ alias: 'Ann' })
  })

  test('Star and Tag', () => {
    const tag = record('Tag', { id: 3, roster_id: '380670001234_1', name: 'n', color: 'c' })
    const star = record('Star', { roster_id: '380670001234_1', tags: [tag] })
    expect(onWire(star, 'v1')).toEqual({ tag: 'Star', roster_id: '380670001234_1', tags: [3] })
    expect(onWire(star, 'v11')).toEqual({
      tag: 'Star',
      roster_id: 1,
      tags: [{ tag: 'Tag', roster_id: '380670001234_1', name: 'n', color: 'c' }],
    })
  })

  test('History answers with the next position in v1, with the size asked in v11', () => {
    const page = record('History', { roster_id: '380670001234_1', feed, size: 20, next: 171, entity_id: 151, status: 'get' })
    expect(onWire(page, 'v1')).toMatchObject({ size: 171 })
    expect(onWire(page, 'v11')).toMatchObject({ size: 20 })
  })

  test('Typing names both ends in v1, one in v11', () => {
    expect(seen({ tag: 'Typing', author: 'a_1', room: 'r1' }, 'v1')).toEqual({ tag: 'Typing', from: 'a_1', to: 'r1', comments: [] })
    expect(seen({ tag: 'Typing', phone_id: 'r1', comments: 'c' }, 'v11')).toEqual({ tag: 'Typing', from: null, to: 'r1', comments: 'c' })
    const typing = record('Typing', { from: 'a_1', to: 'r1', comments: 'c' })
    expect(onWire(typing, 'v1')).toEqual({ tag: 'Typing', author: 'a_1', room: 'r1' })
    expect(onWire(typing, 'v11')).toEqual({ tag: 'Typing', phone_id: 'a_1', comments: 'c' })
  })

  test('Auth/list of v1 is get in v11; what a client claims beyond the listed is left out', () => {
    expect(seen({ tag: 'Auth', type: 'get' }, 'v11')).toMatchObject({ type: 'list' })
    expect(onWire(record('Auth', { type: 'list' }), 'v11')).toMatchObject({ type: 'get' })
    expect(seen({ tag: 'Auth', phone: ['fake', '380670001234'] }, 'v11')).toMatchObject({ phone: '380670001234' })
    expect(seen({ tag: 'Auth', type: ['reg', [1]] }, 'v11')).toMatchObject({ type: null })
  })

  test('v11 may revoke, mute, unmute, ban and unban', () => {
    for (const status of ['revoke', 'mute', 'unmute', 'ban', 'unban'])
      expect(seen({ tag: 'Friend', phone_id: 'a', friend_id: 'b', status }, 'v11')).toMatchObject({ status })
    for (const status of ['ban', 'unban']) expect(seen({ tag: 'Room', status }, 'v11')).toMatchObject({ status })
  })

  test('a person removed from a room is told remove in v1, removed in v11', () => {
    expect(onWire(record('Room', { status: 'removed' }), 'v1')).toMatchObject({ status: 'remove' })
    expect(onWire(record('Room', { status: 'removed' }), 'v11')).toMatchObject({ status: 'removed' })
    expect(onWire(record('Room', { status: 'remove' }), 'v11')).toMatchObject({ status: 'remove' })
  })
})

describe('answers', () => {
  test('a refusal for lack of right is permission_denied in v11', () => {
    expect(onWire(err('not_authorized'), 'v1')).toMatchObject({ code: { code: 'not_authorized' } })
    expect(onWire(err('not_authorized'), 'v11')).toMatchObject({ code: { code: 'permission_denied' } })
    expect(errorCodeOf(seen(onWire(err('not_authorized'), 'v11'), 'v11', decodePush))).toBe('not_authorized')
  })

  test('are the tuples of flows.md', () => {
    const v1 = { codec: 'bert', dialect: 'v1' } as const
    for (const [answer, source] of [
      [ok('sms_sent'), '{io,{ok,sms_sent},<<>>}'],
      [ok2('login', pair('emqttd_A1', 'TOKEN-A1')), '{io,{ok2,login,{<<"emqttd_A1">>,<<"TOKEN-A1">>}},<<>>}'],
      [err('invalid_sms_code'), '{io,{error,invalid_sms_code},<<>>}'],
    ] as const)
      expect(Buffer.from(encode(answer, v1)).toString('hex')).toBe(Buffer.from(goldenBytes(source)).toString('hex'))
  })

  test('the reference of a search is a binary, other codes are atoms', () => {
    expect(onWire(record('ok', { ref: 'added' }), 'v1')).toEqual({ tag: 'ok', code: { text: 'added' } })
    expect(onWire(record('ok', { code: 'added' }), 'v1')).toEqual({ tag: 'ok', code: 'added' })
  })
})

describe('which dialect a payload is in', () => {
  const bert = (given: AnyRecord, dialect: Dialect): Uint8Array => encode(given, { codec: 'bert', dialect })

  test('the arity tells, whatever the device speaks', () => {
    for (const tag of ['Auth', 'Message', 'Desc', 'Member', 'Room', 'Star'] as const)
      for (const dialect of ['v1', 'v11'] as const)
        for (const device of ['v1', 'v11'] as const)
          expect(decode(bert(record(tag, {}), dialect), device)).toMatchObject({ kind: 'record', encoding: { dialect } })
  })

  test('Contact is told by field 10', () => {
    const contact = record('Contact', { created: 5, last_msg: record('Message', { id: 1, status: 'muc' }) })
    for (const device of ['v1', 'v11'] as const) {
      expect(decode(bert(contact, 'v11'), device)).toMatchObject({ encoding: { dialect: 'v11' }, record: { created: 5 } })
      expect(decode(bert(contact, 'v1'), device)).toMatchObject({ encoding: { dialect: 'v1' }, record: { last_msg: { id: 1 } } })
    }
    const bare = record('Roster', { userlist: [record('Contact', { phone_id: 'a', nick: 'n' })] })
    expect(decode(bert(bare, 'v1'), 'v1')).toMatchObject({ record: { userlist: [{ phone_id: 'a', nick: 'n' }] } })
  })

  test('a record that only v11 has reaches a v1 device in v11 throughout', () => {
    const message = record('Message', { from: feed.from, type: ['reply'], link: 5, status: 'client' })
    const job = record('Job', { feed_id: record('act', { data: feed.from }), data: [message], status: 'pending' })
    for (const codec of ['bert', 'json', 'msgpack'] as const) {
      const sent = { ...job, data: [{ ...message, status: 'sent' }] }
      expect(decodePush(encode(job, { codec, dialect: 'v1' }), 'v1')).toMatchObject({ record: sent, encoding: { dialect: 'v11' } })
    }
  })

  test('group of v1 is a room', () => {
    const group = new Uint8Array([131, 104, 2, 100, 0, 5, ...Buffer.from('group'), 109, 0, 0, 0, 1, 97])
    expect(decode(group, 'v1')).toMatchObject({ record: { tag: 'muc', name: 'a' } })
  })

  test('the first two bytes tell the codec', () => {
    for (const codec of ['bert', 'json', 'msgpack'] as const)
      for (const tag of ['Message', 'Loc', 'io', 'init'] as const) {
        const result = decode(encode(record(tag, {}), { codec, dialect: 'v1' }), 'v1')
        expect(result.encoding.codec).toBe(codec)
      }
    // a MessagePack map of three begins with 131 too
    expect(decode(encode(record('p2p', { from: 'a', to: 'b' }), { codec: 'msgpack', dialect: 'v1' }), 'v1')).toMatchObject({
      kind: 'record',
      encoding: { codec: 'msgpack' },
    })
  })
})
