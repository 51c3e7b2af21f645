import type { Branded } from './branded.js'
import { isDigits } from './level.js'
import { unitAt } from './unit-at.js'

/** An international number without `+`: 5 to 15 digits. */
export type Phone = Branded<string, 'Phone'>

/** A roster of a phone, `<phone>_<roster id>`: how people are addressed. */
export type PhoneId = Branded<string, 'PhoneId'>

const minPhoneDigits = 5
const maxPhoneDigits = 15
// A roster id is a JavaScript number elsewhere: 15 digits are always exact.
const maxRosterDigits = 15

/** @returns the phone, or undefined unless `text` is 5 to 15 ASCII digits. @see docs/protocol/topics.md 2 */
export function parsePhone(text: string): Phone | undefined {
  return isPhone(text, text.length) ? (text as Phone) : undefined
}

/**
 * @returns the phone_id, or undefined unless `text` is a phone, `_`, and a positive number of at most 15 digits without leading zero.
 * @see docs/protocol/topics.md 2
 */
export function parsePhoneId(text: string): PhoneId | undefined {
  const split = text.indexOf('_')
  const rosterDigits = text.length - split - 1
  if (split === -1 || rosterDigits > maxRosterDigits || !isPhone(text, split)) return undefined
  return isDigits(text, split + 1) && unitAt(text, split + 1) !== 0x30 ? (text as PhoneId) : undefined
}

/** The phone a roster belongs to. */
export function phoneOf(phoneId: PhoneId): Phone {
  return phoneId.slice(0, phoneId.indexOf('_')) as Phone
}

/** The number of a roster, unique over all phones. */
export function rosterIdOf(phoneId: PhoneId): number {
  return Number(phoneId.slice(phoneId.indexOf('_') + 1))
}

/**
 * The phone_id of roster `rosterId` of `phone`.
 * @returns undefined unless `rosterId` is a positive integer of at most 15 digits
 */
export function phoneIdOf(phone: Phone, rosterId: number): PhoneId | undefined {
  return parsePhoneId(`${phone}_${rosterId}`)
}

function isPhone(text: string, end: number): boolean {
  return end >= minPhoneDigits && end <= maxPhoneDigits && isDigits(text, 0, end)
}

/** What a log shows of a phone: its last digits, by which who knows it finds it again. */
export function maskedPhone(phone: string): string {
  return `…${phone.slice(-shownDigits)}`
}

const shownDigits = 3
