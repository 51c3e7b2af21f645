import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import {
  canonicalReason,
  channelReasons,
  reasons,
  renderErrorsReference,
  renderRecordsReference,
  wireReason,
} from '../../protocol/index.js'

const page = (name: string): string => readFileSync(`docs/reference/${name}`, 'utf8')

test('the page of records is the table of records', () => expect(page('records.md')).toBe(renderRecordsReference()))

describe('error codes', () => {
  test('the page of errors is the table of codes', () => expect(page('errors.md')).toBe(renderErrorsReference()))

  test('every atom of rpc.md 1.6 is in the table', () => {
    const section = readFileSync('docs/protocol/rpc.md', 'utf8').split('### 1.6 Error atoms')[1]?.split('\n## ')[0] ?? ''
    const listed = section
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .flatMap((line) => (line.split('|')[1] ?? '').replaceAll(/\([^)]*\)/g, '').split(','))
      .map((atom) => atom.trim())
    expect(listed.length).toBeGreaterThan(18)
    for (const atom of listed) expect(Object.keys(reasons)).toContain(canonicalReason(atom))
  })

  test('every code of the v11 record errors is in the table', () => {
    const note = /codes: (.*?)\. v11 only/.exec(readFileSync('docs/protocol/records.json', 'utf8'))?.[1] ?? ''
    expect([...note.matchAll(/[A-Z]+IE\d/g)].map(([code]) => code).sort()).toEqual(Object.keys(channelReasons).sort())
  })

  test('a code towards a dialect and back is the same code', () => {
    for (const code of Object.keys(reasons)) {
      expect(canonicalReason(wireReason(code, 'v11'))).toBe(code)
      expect(wireReason(code, 'v1')).toBe(code)
    }
  })
})
