import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { covers, hasWildcard, matches, parseFilter, type TopicFilter } from '../../topics/index.js'

/** MQTT 3.1.1, 4.7, its own examples first. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'sport/tennis/player1/#',
    ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
    ['sport/tennis', 'sport/tennis/player2', 'sport/tennis/player10'],
  ],
  ['sport/#', ['sport', 'sport/', 'sport/a/b'], ['sports', '/sport']],
  ['#', ['a', '/', '/a', 'a/b/c'], ['$SYS', '$SYS/uptime']],
  ['sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/'], ['sport/tennis', 'sport/tennis/player1/ranking']],
  ['sport/+', ['sport/', 'sport/a'], ['sport']],
  ['+/+', ['/finance', 'a/b', '/'], ['finance', 'a/b/c', '$SYS/a']],
  ['/+', ['/finance', '/'], ['finance']],
  ['+', ['finance', ''].filter((name) => name !== ''), ['/finance', '$SYS']],
  ['+/tennis/#', ['sport/tennis', '/tennis/a'], ['$a/tennis', 'tennis']],
  ['+/monitor/Clients', ['a/monitor/Clients'], ['$SYS/monitor/Clients']],
  ['$SYS/#', ['$SYS', '$SYS/a'], ['$SYSa']],
  ['$SYS/monitor/+', ['$SYS/monitor/Clients'], ['SYS/monitor/Clients']],
  ['a//b', ['a//b'], ['a/b', 'a/x/b']],
  ['a/+/b', ['a//b', 'a/x/b'], ['a/b', 'a/x/y/b']],
  ['a/', ['a/'], ['a', 'a//']],
  ['ACCOUNTS', ['ACCOUNTS'], ['Accounts', 'ACCOUNTS ']],
]

describe('topic filters', () => {
  test.each(cases)('%s matches what MQTT says', (text, inside, outside) => {
    const filter = filterOf(text)
    expect(inside.filter((name) => !matches(filter, name))).toEqual([])
    expect(outside.filter((name) => matches(filter, name))).toEqual([])
  })

  test.each(['', 'sport/tennis#', 'sport/tennis/#/ranking', 'sport+', '+a', '#/', 'a/##', 'a/+b/c', 'a\0', '\ud800', 'x'.repeat(65_536)])(
    '%j is no filter',
    (text) => {
      expect(parseFilter(text)).toBeUndefined()
    },
  )

  test('a wildcard is + or #', () => {
    expect(['a', 'a/b', '$SYS/a', 'a/+', '#', '+/a'].map((text) => hasWildcard(filterOf(text)))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ])
  })

  const words = fc.array(fc.constantFrom('a', 'b', '', '$a'), { minLength: 1, maxLength: 4 })
  const filter = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', '', '+', '$a'), { maxLength: 3 }), fc.constantFrom('#', '+', 'a', ''))
    .map(([levels, last]) => [...levels, last].join('/'))
    .filter((text) => text !== '')
    .map(filterOf)
  const name = words.map((levels) => levels.join('/')).filter((text) => text !== '')

  test('agree with a regular expression made of them', () => {
    fc.assert(
      fc.property(filter, name, (filter, name) => expect(matches(filter, name)).toBe(asExpression(filter).test(name))),
      { numRuns: 2_000 },
    )
  })

  test('one covers another only if it matches whatever the other does', () => {
    const names = spellings(['a', 'b', '$a', ''], 3)
    const filters = spellings(['a', '$a', '', '+'], 2).flatMap((text) => [text, `${text}/#`])
    const broken = [...filters, '#']
      .map(filterOf)
      .flatMap((outer, _, all) =>
        all
          .filter((inner) => covers(outer, inner))
          .flatMap((inner) =>
            names.filter((name) => matches(inner, name) && !matches(outer, name)).map((name) => ({ outer, inner, name })),
          ),
      )
    expect(broken).toEqual([])
    for (const [outer, inner, isCovered] of [
      ['a/#', 'a/+/b', true],
      ['a/#', 'a', true],
      ['a/#', '#', false],
      ['a/+', 'a/#', false],
      ['a/+', 'a/+', true],
      ['a/b', 'a/+', false],
      ['#', '$SYS/a', false],
      ['#', '+/a', true],
    ] as const)
      expect([outer, inner, covers(filterOf(outer), filterOf(inner))]).toEqual([outer, inner, isCovered])
  })

  test('matching is total', () => {
    fc.assert(fc.property(filter, fc.string({ unit: 'binary' }), (filter, name) => expect(typeof matches(filter, name)).toBe('boolean')))
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '+', '#', 'a', '\0') }), (text) =>
        expect([text, undefined]).toContain(parseFilter(text)),
      ),
    )
  })
})

/** Every text of 1 to `depth` of these levels, but the empty one. */
function spellings(levels: readonly string[], depth: number): readonly string[] {
  const shorter = depth === 1 ? [] : spellings(levels, depth - 1)
  const all = [...levels, ...(depth === 1 ? [] : levels.flatMap((level) => ['', ...shorter].map((rest) => `${level}/${rest}`)))]
  return [...new Set(all)].filter((text) => text !== '')
}

function asExpression(filter: string): RegExp {
  const source = filter
    .replaceAll('$', '\\$')
    .replace(/^(?=[+#])/, '(?!\\$)')
    .replace(/^(\(\?!\\\$\))?#$/, '$1.*')
    .replace(/\/#$/, '(/.*)?')
    .replaceAll('+', '[^/]*')
  return new RegExp(`^${source}$`)
}

function filterOf(text: string): TopicFilter {
  const filter = parseFilter(text)
  if (filter === undefined) throw new Error(`${text} is no filter`)
  return filter
}
