import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parsePhoneId, phoneIdOf, phoneOf, rosterIdOf } from '../../topics/index.js'
import { phone } from './arbitrary.js'

test('a phone_id is its phone and its roster id, and nothing of either is lost', () => {
  fc.assert(
    fc.property(phone, fc.integer({ min: 1, max: 999_999_999_999_999 }), (phone, roster) => {
      const phoneId = phoneIdOf(phone, roster)
      expect(phoneId && [phoneOf(phoneId), rosterIdOf(phoneId)]).toEqual([phone, roster])
    }),
  )
})

test('a roster id is a positive integer', () => {
  fc.assert(
    fc.property(phone, fc.constantFrom(0, -1, 1.5, NaN, Infinity, 1e21, 1e15), (phone, roster) =>
      expect(phoneIdOf(phone, roster)).toBeUndefined(),
    ),
  )
  for (const text of ['', '_', '380670001234', '380670001234_01', '380670001234_1 ', '380670001234__1'])
    expect(parsePhoneId(text)).toBeUndefined()
})
