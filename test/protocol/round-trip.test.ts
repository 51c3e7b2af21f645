import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decode, decodePush, encode, record, type Codec } from '../../protocol/index.js'
import { wireNameOf } from '../../protocol/registry.js'
import { anyTerm, recordIn } from './arbitrary.js'

const codecs: readonly Codec[] = ['bert', 'msgpack', 'json']
const ways = { request: decode, push: decodePush }

for (const codec of codecs) {
  describe(`what ${codec} has written it reads as the same record`, () => {
    for (const { name, v1, v11 } of wireNameOf.values()) {
      for (const layout of [v1, v11].filter((entry) => entry !== null)) {
        test(`${name} in ${layout.dialect}`, () => {
          for (const [way, read] of Object.entries(ways)) {
            fc.assert(
              fc.property(recordIn(layout, way as keyof typeof ways), (given) => {
                const encoding = { codec, dialect: layout.dialect }
                expect(read(encode(given, encoding), layout.dialect)).toEqual({ kind: 'record', record: given, encoding, misfits: [] })
              }),
              { numRuns: 15, seed: 1 },
            )
          }
        })
      }
    }

    test('any term', () => {
      fc.assert(
        fc.property(anyTerm, (term) => {
          const given = record('Service', { data: term })
          const encoding = { codec, dialect: 'v1' } as const
          expect(decode(encode(given, encoding), 'v1')).toEqual({ kind: 'record', record: given, encoding, misfits: [] })
        }),
        { numRuns: 300, seed: 2 },
      )
    })
  })
}

test('every record that one dialect can send, the other can be sent', () => {
  for (const { v1, v11 } of wireNameOf.values()) {
    for (const layout of [v1, v11].filter((entry) => entry !== null)) {
      const other = layout.dialect === 'v1' ? 'v11' : 'v1'
      fc.assert(
        fc.property(recordIn(layout, 'request'), fc.constantFrom(...codecs), (given, codec) => {
          expect(encode(given, { codec, dialect: other }).length).toBeGreaterThan(0)
        }),
        { numRuns: 5, seed: 3 },
      )
    }
  }
})
