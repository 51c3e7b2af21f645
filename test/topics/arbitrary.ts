/** Random ids for property tests, every one of them well formed. */
import fc from 'fast-check'
import {
  type ClientId,
  parseClientId,
  parsePhone,
  parsePhoneId,
  parseRoomId,
  type Phone,
  type PhoneId,
  type RoomId,
} from '../../topics/index.js'

export const level = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => !/[/+#\0]/.test(text))
export const userName = fc.stringMatching(/^[A-Za-z0-9_]{1,32}$/)
export const phone: fc.Arbitrary<Phone> = fc.stringMatching(/^[0-9]{5,15}$/).map((text) => sure(parsePhone(text)))
export const phoneId: fc.Arbitrary<PhoneId> = fc
  .tuple(phone, fc.integer({ min: 1, max: 999_999_999_999_999 }))
  .map(([owner, roster]) => sure(parsePhoneId(`${owner}_${roster}`)))
export const roomId: fc.Arbitrary<RoomId> = level.map((text) => sure(parseRoomId(text)))
export const clientId: fc.Arbitrary<ClientId> = fc
  .tuple(fc.constantFrom('reg_', 'emqttd_reg_', 'emqttd_', 'sys_'), level)
  .map(([prefix, rest]) => sure(parseClientId(prefix + (rest === 'reg_' ? 'x' : rest))))

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the arbitrary made something malformed')
  return value
}
