import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { askedRange } from '../../server/byte-range.js'

const part = (first: number, last: number) => ({ kind: 'part', range: { first, last } })
const whole = { kind: 'whole' }
const unsatisfiable = { kind: 'unsatisfiable' }

test.each<{ header: string | undefined; gives: object }>([
  { header: undefined, gives: whole },
  { header: 'bytes=0-0', gives: part(0, 0) },
  { header: 'bytes=0-99', gives: part(0, 99) },
  { header: 'bytes=10-19', gives: part(10, 19) },
  { header: 'bytes= 10-19 ', gives: part(10, 19) },
  { header: 'bytes=90-', gives: part(90, 99) },
  { header: 'bytes=90-1000', gives: part(90, 99) },
  { header: 'bytes=-10', gives: part(90, 99) },
  { header: 'bytes=-1000', gives: part(0, 99) },
  { header: 'bytes=100-', gives: unsatisfiable },
  { header: 'bytes=100-200', gives: unsatisfiable },
  { header: 'bytes=-0', gives: unsatisfiable },
  { header: 'bytes=20-10', gives: whole },
  { header: 'bytes=0-1,5-6', gives: whole },
  { header: `bytes=${'0-0,'.repeat(2_000)}0-0`, gives: whole },
  { header: 'bytes=-', gives: whole },
  { header: 'bytes=a-b', gives: whole },
  { header: 'bytes=0x1-2', gives: whole },
  { header: 'bytes=-1-2', gives: whole },
  { header: 'bytes=99999999999999999999-', gives: whole },
  { header: 'items=0-1', gives: whole },
  { header: '', gives: whole },
])('of 100 bytes, Range $header gives $gives.kind', ({ header, gives }) => {
  expect(askedRange(header, 100, undefined, '"t"')).toEqual(gives)
})

test.each([
  { ifRange: '"t"', gives: part(1, 2) },
  { ifRange: '"other"', gives: whole },
  { ifRange: 'W/"t"', gives: whole },
  { ifRange: 'Sat, 21 Nov 2026 10:00:00 GMT', gives: whole },
])('If-Range $ifRange gives $gives.kind', ({ ifRange, gives }) => {
  expect(askedRange('bytes=1-2', 100, ifRange, '"t"')).toEqual(gives)
})

test('whatever is asked, what is given lies within the file', () => {
  const header = fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,16}-\d{0,16}$/))
  fc.assert(
    fc.property(header, fc.integer({ min: 1, max: 1_000 }), (asked, size) => {
      const given = askedRange(asked, size, undefined, '"t"')
      if (given.kind !== 'part') return
      const { first, last } = given.range
      expect(first >= 0 && first <= last && last < size).toBe(true)
    }),
  )
})
