import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { renderOptionsReference } from '../../server/options-pages.js'

test('docs/security.md names options that exist', () => {
  const page = readFileSync('docs/security.md', 'utf8')
  const known = new Set([...renderOptionsReference().matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name))
  const named = [...page.matchAll(/`([a-z]+[A-Z]\w*|services)`/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !known.has(name))).toEqual([])
})
