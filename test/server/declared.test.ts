import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../server/metrics.js'
import { namedSections } from '../../server/options-table.js'

/** What is shipped: all that is compiled but tests and benchmarks. */
const productFolders = (JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { include: string[] }).include.filter(
  (folder) => !['test', 'bench'].includes(folder),
)

/** The sources by path, without comments: what is only spoken of is not used. */
const sources = new Map(
  productFolders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(path, 'utf8')
      return [path, text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')] as const
    }),
)

function usedIn(word: RegExp, except: RegExp): boolean {
  return [...sources].some(([path, text]) => !except.test(path) && word.test(text))
}

/** Members of an interface or of a union of words, as the source declares them. */
function membersOf(path: string, start: string, member: RegExp): string[] {
  const text = sources.get(path) ?? ''
  const body = text.slice(text.indexOf(start))
  return [...body.slice(0, body.search(/\n(\}|\n)/)).matchAll(member)].map(([, name = '']) => name)
}

describe('what is declared is used', () => {
  const metrics = Object.keys(createMetrics()).filter((name) => !['contentType', 'render'].includes(name))
  test.each(metrics)('the metric %s is counted', (name) => {
    expect(usedIn(new RegExp(`\\b${name}\\.(inc|dec|set|observe)\\b`), /metrics\.ts$/)).toBe(true)
  })

  const options = namedSections('/').flatMap(({ options: some }) => some.map(({ name }) => name))
  test.each(options)('the option %s does something', (name) => {
    // Declarations, and rules that only compare options with each other.
    expect(
      usedIn(new RegExp(`(\\.|[{,]\\s*)${name}\\b`), /options-(table|messages|push|rules|gateway-rules|push-rules|load|pages)\.ts$/),
    ).toBe(true)
  })

  const counts = membersOf('rpc/runtime/link/messages-to-main.ts', 'export type Counted', /name: ((?:'[a-z]+'(?: \| )?)+)/g).flatMap(
    (names) => names.split(' | ').map((name) => name.slice(1, -1)),
  )
  test.each(counts)('what workers count as %s is told', (name) => {
    expect(usedIn(new RegExp(`name: '${name}'`), /messages-to-main\.ts$|counting\.ts$/)).toBe(true)
  })

  const outcomes = membersOf('rpc/runtime/outbox/notices.ts', 'export type PushOutcome', /'([a-z]+)'/g)
  test.each(outcomes)('a notification can become %s', (outcome) => {
    const told = [...sources.values()].flatMap((text) => [...text.matchAll(new RegExp(`'${outcome}'`, 'g'))])
    expect(told.length).toBeGreaterThan(1)
  })

  // Names that the documents give an operator to look for.
  const pages = ['README.md', 'docs/cluster.md', 'docs/architecture.md'].map((page) => readFileSync(page, 'utf8')).join('\n')
  const named = new Set([...pages.matchAll(/\bnynja_[a-z]+(?:_[a-z]+)*\b/g)].map(([name]) => name))
  test('the metrics that documents name are there', async () => {
    const rendered = await createMetrics().render()
    expect([...named].filter((name) => !rendered.includes(name))).toEqual([])
  })

  const events = new Set([...pages.matchAll(/"event":"([a-z-]+)"/g)].map(([, event = '']) => event))
  test.each([...events])('the log event %s that documents name is written', (event) => {
    expect(usedIn(new RegExp(`event: '${event}'|, '${event}',`), /^$/)).toBe(true)
  })

  test('the lists above are not empty', () => {
    for (const list of [metrics, options, counts, outcomes, [...events]]) expect(list.length).toBeGreaterThan(0)
  })
})
