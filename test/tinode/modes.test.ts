/** Access modes, as the contract's tables and examples have them. @see docs/protocol/tinode.md 6 */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  applyDelta,
  changedDefaults,
  type Defaults,
  formatMode,
  formerOwner,
  givenDefaults,
  groupDefaults,
  groupDefaultsOf,
  modeDelta,
  modeOf,
  newPrivateChat,
  newUserDefaults,
  noRights,
  parseMode,
  type Relation,
  subscribeOther,
  subscribeSelf,
} from '../../tinode/index.js'

const mode = (text: string): number => {
  const parsed = parseMode(text)
  if (typeof parsed === 'string') throw new Error(`${text} is ${parsed}`)
  return parsed
}
const relation = (want: string, given: string): Relation => ({ want: mode(want), given: mode(given) })
const shown = ({ want, given }: Relation): string => `${formatMode(want)} ${formatMode(given)} ${formatMode(want & given)}`
const modes = fc.integer({ min: 0, max: 255 })

describe('a mode', () => {
  test.each([
    ['JRWPASDO', 255],
    ['odsapwrj', 255],
    ['N', 0],
    ['n', 0],
    ['JJ', 1],
    ['', 'unset'],
    [undefined, 'unset'],
    ['X', 'malformed'],
    ['JN', 'malformed'],
    ['+P', 'malformed'],
    ['J R', 'malformed'],
  ])('%p is %p', (text, expected) => {
    expect(parseMode(text)).toBe(expected)
  })

  test('is written as it is read, and any text is a mode, nothing or malformed', () => {
    fc.assert(fc.property(modes, (one) => parseMode(formatMode(one)) === one))
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseMode(text)
        return typeof parsed === 'string' || (parsed >= 0 && parsed <= 255)
      }),
    )
  })
})

describe('a delta', () => {
  test.each([
    ['JRPAS', 'JRWS', '+W-PA'],
    ['JRWPS', 'JRPS', '-W'],
    ['N', 'JRWPS', 'JRWPS'],
    [undefined, 'JRWPS', 'JRWPS'],
    ['JRWPS', undefined, 'N'],
    ['JRWPS', 'JRWPS', undefined],
  ])('from %p to %p is %p', (before, after, expected) => {
    expect(modeDelta(before === undefined ? undefined : mode(before), after === undefined ? undefined : mode(after))).toBe(expected)
  })

  test('brings its receiver from the one to the other', () => {
    expect(applyDelta(mode('JRPS'), '+W')).toBe(mode('JRWPS'))
    fc.assert(fc.property(modes, modes, (before, after) => applyDelta(before, modeDelta(before, after) ?? '') === after))
    fc.assert(
      fc.property(modes, fc.string(), (before, text) => {
        const after = applyDelta(before, text)
        return after === 'malformed' || (after >= 0 && after <= 255)
      }),
    )
  })
})

test('defaults are what the table says', () => {
  const words = ({ auth, anon }: Defaults): string => `${formatMode(auth)} ${formatMode(anon)}`
  const both = (text: string): Defaults => ({ auth: mode(text), anon: mode(text) })
  expect(words(newUserDefaults)).toBe('JRWPASD N')
  expect(words(givenDefaults(both('JRWPASDO')))).toBe('JRWPAD JRWPAD')
  expect(words(givenDefaults(both('JR')))).toBe('JRA JRA')
  expect(words(givenDefaults(both('N')))).toBe('N N')
  expect(words(changedDefaults(both('JRWPASDO')))).toBe('JRWPAS JRWPAD')
  expect(words(groupDefaults)).toBe('JRWPS N')
  expect(formatMode(groupDefaultsOf(mode('JRWPASDO')))).toBe('JRWPASD')
})

describe('a new private chat', () => {
  test.each([
    ['JRWPAS', 'JRA', {}, 'JRWPA JRA JRA', 'JRA JRWPA JRA'],
    ['JRWPASD', 'JRWPASD', {}, 'JRWPAD JRWPASD JRWPAD', 'JRWPAD JRWPAD JRWPAD'],
    ['JRWPAS', 'JRWPAS', { gives: 'JR' }, 'JRA JRWPAS JRA', 'JRWPA JRA JRA'],
    ['JRWPAS', 'JRWPAS', { wants: 'R' }, 'JRA JRWPAS JRA', 'JRWPA JRWPA JRWPA'],
  ])('of %s with %s, %p', (own, others, { gives, wants }: { gives?: string; wants?: string }, asker, other) => {
    const chat = newPrivateChat({
      ...{ ownDefault: mode(own), othersDefault: mode(others) },
      ...(gives === undefined ? {} : { gives: mode(gives) }),
      ...(wants === undefined ? {} : { wants: mode(wants) }),
    })
    expect(chat === 'denied' ? chat : [shown(chat.asker), shown(chat.other)]).toEqual([asker, other])
  })

  test('is denied by who lets nobody join, and never gives more than each side says', () => {
    expect(newPrivateChat({ ownDefault: 255, othersDefault: mode('RWP') })).toBe('denied')
    fc.assert(
      fc.property(modes, modes, modes, (ownDefault, othersDefault, wants) => {
        const chat = newPrivateChat({ ownDefault, othersDefault, wants })
        return chat === 'denied' || (modeOf(chat.asker) & ~othersDefault) === 0
      }),
    )
  })
})

describe('an own subscription', () => {
  const asking = { kind: 'group', byDefault: mode('JRWPS'), isFull: false } as const
  const join = (before?: Relation, asked?: string) =>
    subscribeSelf({
      ...{ ...asking, isSubscribed: false },
      ...(before === undefined ? {} : { before }),
      ...(asked === undefined ? {} : { asked: mode(asked) }),
    })
  const change = (before: Relation, asked?: string) =>
    subscribeSelf({ ...asking, isSubscribed: true, before, ...(asked === undefined ? {} : { asked: mode(asked) }) })

  test.each([
    ['one joins', join(), 'JRWPS JRWPS JRWPS'],
    ['one joins and wants less', join(undefined, 'JR'), 'JR JRWPS JR'],
    ['one comes back', join(relation('JR', 'JRWPS')), 'JRWPS JRWPS JRWPS'],
    ['one mutes', change(relation('JRWPS', 'JRWPS'), 'JRWS'), 'JRWS JRWPS JRWS'],
    ['one asks for more', change(relation('JRWPS', 'JRWPS'), 'JRWPAS'), 'JRWPAS JRWPS JRWPS'],
    ['an admin gives himself more', change(relation('JRWPA', 'JRWPA'), 'JRWPASD'), 'JRWPASD JRWPAS JRWPAS'],
    ['one takes what was offered', change(relation('JRWPS', 'JRWPASDO'), 'JRWPASDO'), 'JRWPASDO JRWPASDO JRWPASDO'],
    ['nothing is said', change(relation('JRWS', 'JRWPS')), 'JRWS JRWPS JRWS'],
    ['one who had blocked it comes back', change(relation('N', 'JRWPS')), 'JRWPS JRWPS JRWPS'],
  ])('%s', (_name, result, expected) => {
    expect(typeof result === 'number' ? result : shown(result.relation)).toBe(expected)
  })

  test.each([
    ['who was banned and comes back', join(relation('JRWPS', 'N')), 403],
    ['a full group', subscribeSelf({ ...asking, isFull: true, isSubscribed: false }), 422],
    ['an owner who gives up O', change(relation('JRWPASDO', 'JRWPASDO'), 'JRWPASD'), 403],
    ['O that was not offered', change(relation('JRWPS', 'JRWPS'), 'JRWPSO'), 403],
  ])('%s is refused', (_name, result, expected) => {
    expect(result).toBe(expected)
  })

  test('who takes ownership is the owner, and the former one is not; who gives up J leaves', () => {
    expect(change(relation('JRWPS', 'JRWPASDO'), 'JRWPASDO')).toMatchObject({ takesOver: true })
    expect(change(relation('JRWPASDO', 'JRWPASDO'), 'JRWPASDO')).toMatchObject({ takesOver: false })
    expect(shown(formerOwner(relation('JRWPASDO', 'JRWPASDO')))).toBe('JRWPASD JRWPASD JRWPASD')
    expect(change(relation('JRWPS', 'JRWPS'), 'N')).toMatchObject({ evicts: true })
  })

  test('gives nobody a right that he was not given, unless he may give it', () => {
    fc.assert(
      fc.property(modes, modes, modes, (want, given, asked) => {
        const result = subscribeSelf({ ...asking, isSubscribed: true, before: { want, given }, asked })
        if (typeof result === 'number' || (given & 0b1001_0000) !== 0) return true
        return (modeOf(result.relation) & ~given) === 0
      }),
    )
  })
})

describe("another's subscription", () => {
  const admin = mode('JRWPAS')
  const asking = { kind: 'group', own: admin, byDefault: mode('JRWPS'), othersDefault: mode('JRWPAS'), isFull: false } as const
  const of = (before: Relation, gives?: string, own = admin) =>
    subscribeOther({ ...asking, own, isSubscribed: true, before, ...(gives === undefined ? {} : { gives: mode(gives) }) })

  test.each([
    ['an invitation', subscribeOther({ ...asking, isSubscribed: false }), 'JRWPS JRWPS JRWPS'],
    ['an invitation with JRWPS', subscribeOther({ ...asking, gives: mode('JRWPS'), isSubscribed: false }), 'JRWPS JRWPS JRWPS'],
    ['a ban', of(relation('JRWPS', 'JRWPS'), 'N'), 'JRWPS N N'],
  ])('%s', (_name, result, expected) => {
    expect(typeof result === 'number' ? result : shown(result.relation)).toBe(expected)
  })

  test.each([
    ['by who may not share', subscribeOther({ ...asking, own: mode('JRWP'), isSubscribed: false }), 403],
    ['with a mode by who may only share', subscribeOther({ ...asking, own: mode('JRWPS'), gives: mode('JR'), isSubscribed: false }), 403],
    ['with ownership by who has none', of(relation('JRWPS', 'JRWPS'), 'JRWPASDO'), 403],
    ['of who takes no invitations', subscribeOther({ ...asking, othersDefault: noRights, isSubscribed: false }), 403],
    ['in a full group', subscribeOther({ ...asking, isFull: true, isSubscribed: false }), 422],
    ['without a change', of(relation('JRWPS', 'JRWPS'), 'JRWPS'), 304],
    ['of the owner, whose O is taken', of(relation('JRWPASDO', 'JRWPASDO'), 'JRWPAS', mode('JRWPASDO')), 403],
  ])('%s is refused', (_name, result, expected) => {
    expect(result).toBe(expected)
  })

  test('who is banned leaves the topic', () => {
    expect(of(relation('JRWPS', 'JRWPS'), 'N')).toMatchObject({ evicts: true })
  })
})
