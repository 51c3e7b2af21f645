import { parsePhoneId, phoneIdOf, phoneOf, rosterIdOf, type Phone, type PhoneId } from '../../topics/index.js'
import type { MoveDocument } from '../documents/index.js'

/**
 * What accounts and rosters are called on the wire, against what they are filed under. Both ways are one to one: a number names one account,
 * an account has one number, whether or not it exists; a roster has one phone_id, and the one it had before names nobody.
 */
export interface Names {
  /** How many entries of the log they are made of; 0 while everybody is called what he is filed under. */
  readonly last: number
  numberOf(filed: Phone): Phone
  filedUnder(number: Phone): Phone
  /** The other of the two phone_ids of a roster: of the shown one the filed one, and the reverse. Of others the same. */
  otherName(phoneId: PhoneId): PhoneId
}

/** Names that grow with the log. */
export interface GrowingNames extends Names {
  /** Takes in entry `number` of the log; entries come in their order. */
  add(number: number, move: MoveDocument): void
}

interface RosterName {
  readonly filed: Phone
  readonly number: Phone
}

/** Nobody has moved. */
export function newNames(): GrowingNames {
  const numbers = new Map<Phone, Phone>()
  const accounts = new Map<Phone, Phone>()
  const rosters = new Map<number, RosterName>()
  let last = 0
  return {
    get last() {
      return last
    },
    numberOf: (filed) => numbers.get(filed) ?? filed,
    filedUnder: (number) => accounts.get(number) ?? number,
    otherName(phoneId) {
      const name = rosters.get(rosterIdOf(phoneId))
      if (name === undefined) return phoneId
      const phone = phoneOf(phoneId)
      if (phone === name.filed) return named(name.number, phoneId)
      return phone === name.number ? named(name.filed, phoneId) : phoneId
    },
    add(number, { namings }) {
      last = number
      for (const naming of namings) {
        setOrDelete(numbers, naming.filed, naming.number)
        setOrDelete(accounts, naming.number, naming.filed)
        for (const id of naming.rosters) {
          if (naming.filed === naming.number) rosters.delete(id)
          else rosters.set(id, naming)
        }
      }
    },
  }
}

/** Names that are the same both ways need no room. */
function setOrDelete(map: Map<Phone, Phone>, key: Phone, value: Phone): void {
  if (key === value) map.delete(key)
  else map.set(key, value)
}

function named(phone: Phone, phoneId: PhoneId): PhoneId {
  const other = phoneIdOf(phone, rosterIdOf(phoneId))
  if (other === undefined) throw new RangeError('a roster id is no roster id')
  return other
}

const verbatim = '='

/** A phone_id that is sent as it is, whoever is called so by then: the name that a roster has given up. */
export function asShown(phoneId: PhoneId): PhoneId {
  return `${verbatim}${phoneId}` as PhoneId
}

/** The phone_id behind {@link asShown}; undefined for every other text. */
export function shownVerbatim(text: string): PhoneId | undefined {
  return text.startsWith(verbatim) ? parsePhoneId(text.slice(verbatim.length)) : undefined
}
