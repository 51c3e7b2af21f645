/** What inboxes keep of records: it must come back as it was, whatever a client has put into it. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AnyRecord, record } from '../../protocol/index.js'
import { packBody, unpackBody } from '../../rpc/runtime/worker/body.js'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const maybe = fc.option(text)

const desc = fc
  .record({ id: maybe, mime: maybe, payload: maybe, size: fc.maxSafeNat(), filename: maybe })
  .map((fields) => record('Desc', fields))

/** Fields as dialects and codecs may leave them: also numbers and terms that JSON does not hold. */
const value = fc.oneof(
  text,
  fc.constantFrom(null, true, false, 0, NaN, Infinity, Number.MAX_SAFE_INTEGER),
  fc.double().filter((number) => !Object.is(number, -0)),
  fc.bigInt(),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.record({ atom: text }),
)

const message = fc
  .record({ msg_id: maybe, created: fc.maxSafeNat(), files: fc.array(desc, { maxLength: 3 }), type: fc.array(value, { maxLength: 2 }) })
  .map((fields) => record('Message', fields as object) as AnyRecord)

test('a record is unpacked as it was packed, in JSON or not', () => {
  const forms = new Set<number | undefined>()
  fc.assert(
    fc.property(message, (packed) => {
      const bytes = packBody({ kind: 'record', record: packed })
      forms.add(bytes[0])
      expect(unpackBody(bytes)).toEqual({ kind: 'record', record: packed })
    }),
    { numRuns: 500 },
  )
  expect(forms.size).toBe(2)
})
