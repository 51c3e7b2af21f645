/** Names and ranges, as the contract has them. @see docs/protocol/tinode.md 5.1, 8 */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  count,
  deletedRanges,
  merge,
  pairName,
  parsePairName,
  parseTopicName,
  parseUserId,
  type Range,
  roomTopic,
  shownRange,
  userId,
} from '../../tinode/index.js'

const numbers = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })

test('users and pairs are called as in the examples, and each has one name', () => {
  expect([userId(0n), userId(1n), userId(258n)]).toEqual(['usrAAAAAAAAAAA', 'usrAQAAAAAAAAA', 'usrAgEAAAAAAAA'])
  expect(pairName(258n, 1n)).toBe('p2pAQAAAAAAAAACAQAAAAAAAA')
  fc.assert(fc.property(numbers, (number) => parseUserId(userId(number)) === number))
  fc.assert(
    fc.property(numbers, numbers, (one, other) => {
      fc.pre(one !== other)
      expect(parsePairName(pairName(one, other))).toEqual(one < other ? [one, other] : [other, one])
      expect(pairName(one, other)).toBe(pairName(other, one))
    }),
  )
})

describe('a topic', () => {
  test.each([
    ['me', { kind: 'me' }],
    ['fnd', { kind: 'fnd' }],
    ['sys', { kind: 'sys' }],
    ['slf', { kind: 'slf' }],
    ['usrAQAAAAAAAAA', { kind: 'user', user: 1n }],
    ['p2pAQAAAAAAAAACAQAAAAAAAA', { kind: 'pair', users: [1n, 258n] }],
    ['grpbG9iYnk', { kind: 'group', room: 'lobby' }],
    ['chnbG9iYnk', { kind: 'channel', room: 'lobby' }],
    ['newXyz', { kind: 'new', as: 'Xyz' }],
    ['nch', { kind: 'newChannel', as: '' }],
    ['usr', 'malformed'],
    ['usrAQAAAAAAAAB', 'malformed'], // bits behind the 64th
    ['usrAQAAAAAAAA', 'malformed'],
    ['usrAQAAAAAAAA=', 'malformed'],
    ['p2pAgEAAAAAAAABAAAAAAAAAA', undefined], // the larger one first
    ['grp', undefined],
    ['grpbG9iYnl', undefined], // not as it is written
    ['grp/w', undefined],
    ['grp_w', undefined], // no UTF-8
    ['xyz', undefined],
    ['', undefined],
  ])('%p is %p', (text, expected) => {
    expect(parseTopicName(text)).toEqual(expected)
  })

  test('of a room is read as it is written, and any text is one, none or malformed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('group', 'channel'), (room, kind) => {
        expect(parseTopicName(roomTopic(kind, room))).toEqual({ kind, room })
      }),
    )
    fc.assert(
      fc.property(fc.constantFrom('usr', 'p2p', 'grp', 'chn', ''), fc.string({ unit: 'binary' }), (prefix, text) => {
        const found = parseTopicName(prefix + text)
        if (found === undefined || found === 'malformed') return
        if (found.kind === 'group' || found.kind === 'channel') expect(roomTopic(found.kind, found.room)).toBe(prefix + text)
      }),
    )
  })
})

describe('ranges', () => {
  const ranges = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 20 })).map(([low, many]): Range => ({ low, hi: low + many })))
  const members = (some: readonly Range[]): Set<number> =>
    new Set(some.flatMap(({ low, hi }) => Array.from({ length: hi - low }, (_, i) => low + i)))

  test('that are merged hold the same messages, each once, apart and in order', () => {
    fc.assert(
      fc.property(ranges, (some) => {
        const merged = merge(some)
        expect(members(merged)).toEqual(members(some))
        expect(count(merged)).toBe(members(some).size)
        merged.slice(1).forEach(({ low }, i) => {
          expect(low).toBeGreaterThan(merged[i]!.hi)
        })
      }),
    )
  })

  test.each([
    [[{ low: 2, hi: 4 }], [{ low: 2, hi: 4 }]],
    [[{ low: 6 }], [{ low: 6, hi: 7 }]],
    [[{ low: 7, hi: 100 }], [{ low: 7, hi: 8 }]], // beyond the end
    [[{ low: 3 }, { low: 2 }], [{ low: 2, hi: 4 }]],
    [[], undefined],
    [[{ low: 0 }], undefined],
    [[{}], undefined],
    [[{ low: -1, hi: 3 }], undefined],
    [[{ low: 8 }], undefined],
    [[{ low: 4, hi: 2 }], undefined],
    [[{ low: 1.5 }], undefined],
  ])('%p of 7 messages are deleted as %p', (given, expected) => {
    expect(deletedRanges(given, 7)).toEqual(expected)
  })

  test('of more than 1,024 messages are deleted as one alone', () => {
    expect(deletedRanges([{ low: 1, hi: 5_000 }], 5_000)).toEqual([{ low: 1, hi: 5_000 }])
    expect(
      deletedRanges(
        [
          { low: 1, hi: 1_000 },
          { low: 2_000, hi: 2_026 },
        ],
        5_000,
      ),
    ).toBeUndefined()
    expect([shownRange({ low: 6, hi: 7 }), shownRange({ low: 2, hi: 4 })]).toEqual([{ low: 6 }, { low: 2, hi: 4 }])
  })
})
