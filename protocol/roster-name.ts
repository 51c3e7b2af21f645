import { parsePhoneId, phoneOf, rosterIdOf, type Phone } from '../topics/index.js'

/**
 * A roster as requests name it: by integer id, decimal binary or phone_id (rpc.md 1.2).
 * @returns the roster id, and the phone where a phone_id gave it; undefined if the value names no roster
 */
export function parseRosterName(
  name: string | number | null,
): { readonly rosterId: number; readonly phone: Phone | undefined } | undefined {
  const given = rosterFrom(name)
  if (typeof given === 'number') return given > 0 ? { rosterId: given, phone: undefined } : undefined
  const id = parsePhoneId(given ?? '')
  return id === undefined ? undefined : { rosterId: rosterIdOf(id), phone: phoneOf(id) }
}

/** A decimal binary is the integer it spells; a phone_id stays, because its phone must be checked. */
export function rosterFrom(id: string | number | null): string | number | null {
  if (typeof id !== 'string' || !/^(?:0|-?[1-9]\d{0,15})$/.test(id)) return id
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : id
}

/** For a dialect that names rosters by integer: the roster id in a phone_id; another text is left as it is. */
export function rosterNumber(name: string | number | null): string | number | null {
  const id = typeof name === 'string' ? parsePhoneId(name) : undefined
  return id === undefined ? rosterFrom(name) : rosterIdOf(id)
}

/** For a dialect that names rosters by binary. */
export function rosterText(id: string | number | null): string | null {
  return typeof id === 'number' ? String(id) : id
}
