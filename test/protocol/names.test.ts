import { describe, expect, test } from '@jest/globals'
import { feedName, p2pFeed, parsePhoneId, parseRosterName, roomFeed, type PhoneId } from '../../protocol/index.js'
import { parseRoomId } from '../../topics/index.js'

function phoneId(text: string): PhoneId {
  const id = parsePhoneId(text)
  if (id === undefined) throw new Error(text)
  return id
}

describe('a feed is named as its topic', () => {
  test('a private chat, sorted bytewise and not by number', () => {
    const a = phoneId('79333333333_1')
    const b = phoneId('380670001234_1')
    expect(p2pFeed(a, b)).toEqual({ tag: 'p2p', from: b, to: a })
    expect(feedName({ tag: 'p2p', from: a, to: b })).toBe(`p2p/${b}/${a}`)
    expect(feedName(p2pFeed(a, a))).toBe(`p2p/${a}/${a}`)
  })

  test('a room', () => {
    const room = parseRoomId('r1')
    expect(room === undefined ? undefined : feedName(roomFeed(room))).toBe('room/r1')
  })

  test('a key that is none has no name', () => {
    for (const feed of [
      { tag: 'p2p', from: null, to: '380670001234_1' },
      { tag: 'p2p', from: '380670001234', to: '380670001234_1' },
      { tag: 'muc', name: null },
      { tag: 'muc', name: 'a/b' },
      { tag: 'muc', name: '' },
    ] as const)
      expect(feedName(feed)).toBeUndefined()
  })
})

describe('a roster is named by id, decimal binary or phone_id', () => {
  for (const [name, rosterId, phone] of [
    [12525, 12525, undefined],
    ['12525', 12525, undefined],
    ['380670001234_12525', 12525, '380670001234'],
  ] as const)
    test(String(name), () => expect(parseRosterName(name)).toEqual({ rosterId, phone }))

  for (const name of [null, '', 0, -1, '0', 'x', '380670001234_', '380670001234_01', '1_1'])
    test(`not by ${String(name)}`, () => expect(parseRosterName(name)).toBeUndefined())
})
