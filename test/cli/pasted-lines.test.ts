import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newPasteReader } from '../../cli/pasted-lines.js'

const read = (...pieces: readonly string[]): string => {
  const reader = newPasteReader()
  return pieces.map(reader).join('')
}

test.each<[string, readonly string[], string]>([
  ['what is typed is as it was', ['h', 'i', '\r', '\x1b[A', '\x1b', 'x\r'], 'hi\r\x1b[A\x1bx\r'],
  ['three lines in marks are one', ['\x1b[200~one\rtwo\nthree\x1b[201~'], 'one⏎two⏎three'],
  ['the end of the last pasted line sends nothing', ['\x1b[200~one\r\ntwo\r\n\x1b[201~', '\r'], 'one⏎two\r'],
  ['marks and pieces are cut anywhere', ['a\x1b[20', '0~one\rt', 'wo\x1b[2', '01~b', '\r'], 'aone⏎twob\r'],
  ['a terminal that marks nothing sends a paste in one piece', ['one\rtwo\rthree'], 'one⏎two⏎three'],
  ['and the end of its last line is an Enter', ['one\rtwo\r'], 'one⏎two\r'],
])('%s', (_rule, pieces, expected) => {
  expect(read(...pieces)).toBe(expected)
})

// A piece that ends with the Escape of the first mark is the Escape key.
test('however a marked paste is cut into pieces, no line of it is sent before Enter', () => {
  const line = fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[^ -~]/g, ''))
  const paste = fc.array(line, { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(paste, fc.array(fc.nat(60), { maxLength: 5 }), (lines, cuts) => {
      const sent = `\x1b[200~${lines.join('\r')}.\x1b[201~`
      const places = [0, ...cuts.map((cut) => Math.min(2 + cut, sent.length)), sent.length].sort((a, b) => a - b)
      const pieces = places.slice(1).map((place, i) => sent.slice(places[i], place))
      expect(read(...pieces)).toBe(`${lines.join('⏎')}.`)
    }),
  )
})
