import { limits, type Roster } from '../../protocol/index.js'
import type { RosterDocument } from '../documents/index.js'
import { type Refused, refuse } from '../outcome.js'

/** The fields of a roster that its owner may change by patch. */
type Changed = Pick<Roster, 'names' | 'surnames' | 'email' | 'avatar' | 'nick'>

/** Our own bounds for texts the protocol leaves open, in bytes. */
export const maxEmailBytes = 254
export const maxAvatarBytes = 4_096

/** Checks names, surnames, email and avatar, where given. @refuses `invalid_data` @see docs/protocol/rpc.md 1.5 and 8 */
export function checkFields({ names, surnames, email, avatar }: Changed): Refused | undefined {
  const { namesMin, namesMax, surnamesMin, surnamesMax } = limits
  if (names !== null && !isName(names, namesMin, namesMax)) return refuse('invalid_data', 'names have 2 to 32 characters')
  if (surnames !== null && surnames !== '' && !isName(surnames, surnamesMin, surnamesMax)) {
    return refuse('invalid_data', 'surnames have 1 to 32 characters')
  }
  if (Buffer.byteLength(email ?? '') > maxEmailBytes) return refuse('invalid_data', 'the e-mail address is too long')
  if (Buffer.byteLength(avatar ?? '') > maxAvatarBytes) return refuse('invalid_data', 'the avatar is a URL, not a picture')
  return undefined
}

/** Whether `nick` may be a nick; the empty one gives it up. */
export function isNick(nick: string): boolean {
  return nick === '' || limits.nick.test(nick)
}

/** The roster with the given fields changed: null leaves a field as it is, an empty text clears it. */
export function withFields(roster: RosterDocument, changed: Changed, now: number): RosterDocument {
  return {
    ...roster,
    names: changed.names ?? roster.names,
    surnames: changeOf(changed.surnames, roster.surnames),
    email: changeOf(changed.email, roster.email),
    avatar: changeOf(changed.avatar, roster.avatar),
    nick: changeOf(changed.nick, roster.nick),
    update: now,
  }
}

/** What those who see the roster are told of a change: the given fields, an empty text where one was cleared. Null if there are none. */
export function visibleChange({ names, surnames, email, avatar, nick }: Changed, forFriends: boolean): Partial<Changed> | null {
  const shown = { names, surnames, avatar, nick, email: forFriends ? email : null }
  const given = Object.entries(shown).filter(([, value]) => value !== null)
  return given.length === 0 ? null : Object.fromEntries(given)
}

function changeOf(given: string | null, stored: string | null): string | null {
  if (given === null) return stored
  return given === '' ? null : given
}

function isName(text: string, min: number, max: number): boolean {
  if (text.length > max * 2 || /\p{Cc}/u.test(text)) return false
  const characters = Array.from(text).length
  return characters >= min && characters <= max
}
