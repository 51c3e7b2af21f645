import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { routes } from '../../rpc/index.js'
import { allRequests, protocolRequests } from '../../rpc/protocol-requests.js'
import { withRequestsTable } from '../../rpc/requests-reference.js'

const readme = readFileSync('README.md', 'utf8')
const known = new Set(protocolRequests.flatMap((family) => allRequests(family).map((request) => `${family.record}/${request}`)))

/** Requests that head an entry of rpc.md: `### Friend/mute, Friend/unmute`. What comes as a push, or stands for several, is left out. */
function headings(): readonly string[] {
  const lines = readFileSync('docs/protocol/rpc.md', 'utf8').split('\n')
  return lines
    .filter((line) => /^### [A-Za-z]/.test(line))
    .flatMap((line) => [...line.matchAll(/\b(?:[A-Z]\w+|init)(?:\/\w*)?(?=$|,| \(v11\)| and others| as removal)/g)])
    .map(([name]) => (name.includes('/') ? name : `${name}/`))
}

describe('the table of requests in README.md', () => {
  test('is what `npm run docs` makes of the routes', () => {
    expect(withRequestsTable(readme)).toBe(readme)
  })

  test('knows every request that rpc.md has an entry for', () => {
    expect(headings().length).toBeGreaterThan(60)
    expect(headings().filter((name) => !known.has(name))).toEqual([])
  })

  test('knows every request that is served', () => {
    expect(routes.map(({ tag, request }) => `${tag}/${request}`).filter((name) => !known.has(name))).toEqual([])
  })
})

test('what README.md links to is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, path]) => path!)
  expect(links.length).toBeGreaterThan(5)
  for (const path of links) expect(() => readFileSync(path.endsWith('/') ? `${path}.` : path)).not.toThrow('ENOENT')
})
