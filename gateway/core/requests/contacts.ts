import { contactShape, type CoreErrorName, stateOf, wrongAt } from '../../../cadmium/index.js'
import { record, type RecordOf, type Friend } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { answerOf, lastOf, type Told } from '../asks.js'
import { type Call, type Handle, isRefusal, type Result } from '../call.js'
import { refusalOf, type Why, whyNot } from '../refusals.js'
import { contactsIn, userOf } from './resolve.js'
import { rosterNumber } from './profile.js'

type FriendRequest = `urn:nynja:contacts:${'request' | 'confirm' | 'revoke' | 'ban' | 'unban'}`

/** @see docs/protocol/core.md 5.4 */
export const listContacts: Handle<'urn:nynja:contacts:list'> = async ({ person, ask }) => {
  const told = await ask(record('Roster', { id: rosterNumber(person), status: 'get' }))
  const why = whyNot(told)
  if (why !== undefined) return refusalOf(why)
  const roster = answerOf(told, 'Roster')
  const others = (roster === undefined ? [] : contactsIn(roster)).filter(({ phone_id }) => phone_id !== person.self)
  return { ok: { contacts: others.map((contact) => contactShape(person, contact)) } }
}

interface Asked {
  readonly told: Told
  readonly why: Why | undefined
  readonly other: PhoneId
}

/** One request about another user: what is asked, and what its answer means. */
function aboutUser<Name extends FriendRequest>(
  status: NonNullable<Friend['status']>,
  resultOf: (asked: Asked) => { readonly state: string } | ReturnType<typeof refusalOf>,
): Handle<Name> {
  return async ({ to, person, ask }: Pick<Call<FriendRequest>, 'to' | 'person' | 'ask'>): Promise<Result> => {
    const found = to === null ? wrongAt('wrong_field', 'to') : await userOf({ ask, person }, to, 'to')
    if (isRefusal(found)) return found
    const other = found.roster
    if (person.own.includes(other)) return { error: 'yourself' }
    const told = await ask(record('Friend', { phone_id: person.self, friend_id: other, status }))
    const result = resultOf({ told, why: whyNot(told), other })
    return isRefusal(result) ? result : { ok: { user: person.names.user(other), ...result } }
  }
}

const own: Readonly<Partial<Record<string, CoreErrorName>>> = { yourself: 'yourself', 'bans-other': 'banned_by_you' }

/** Asked again, or friends already, is answered with how it stands. */
export const requestContact = aboutUser<'urn:nynja:contacts:request'>('request', ({ told, why }) => {
  if (why?.detail === 'friends-already') return { state: 'friend' }
  if (why?.detail === 'asked-already') return { state: 'requested' }
  if (why !== undefined) return refusalOf(why, { ...own, not_authorized: 'banned_by_other' })
  return { state: ownSide(told) === true ? 'friend' : 'requested' }
})

export const confirmContact = aboutUser<'urn:nynja:contacts:confirm'>('confirm', ({ told, why }) => {
  if (ownSide(told) === true) return { state: otherSide(told) === true ? 'friend' : 'listed' }
  if (ownSide(told) === false) return { error: 'nothing_to_confirm' }
  return why === undefined ? { error: 'nothing_to_confirm' } : refusalOf(why, own)
})

/** Revoked again is nothing, as it was. */
export const revokeContact = aboutUser<'urn:nynja:contacts:revoke'>('revoke', ({ why }) => {
  if (why === undefined || (why.code === 'contact_not_found' && why.detail === undefined)) return { state: 'none' }
  return refusalOf(why, own)
})

export const banContact = aboutUser<'urn:nynja:contacts:ban'>('ban', ({ told, why }) => {
  if (ownSide(told) === true) return { state: 'banned' }
  if (ownSide(told) === false) return wrongAt('not_found', 'to')
  return why === undefined ? { state: 'banned' } : refusalOf(why, own)
})

/** What returns is told by the push to the own devices. */
export const unbanContact = aboutUser<'urn:nynja:contacts:unban'>('unban', ({ told, why, other }) => {
  if (ownSide(told) === false) return { error: 'no_contact' }
  if (ownSide(told) === undefined && why !== undefined) return refusalOf(why, own)
  const pushed = lastOf(told, 'Contact', ({ phone_id, status }) => phone_id === other && status !== null)
  return { state: stateOf(pushed?.status ?? null) }
})

/** How the caller's side of a pair answer stands: whether there is a contact. Undefined where there is no pair. */
function ownSide(told: Told): boolean | undefined {
  return isThere(answerOf(told, 'io')?.code)
}

function otherSide(told: Told): boolean | undefined {
  return isThere(answerOf(told, 'io')?.data)
}

function isThere(side: unknown): boolean | undefined {
  if (typeof side !== 'object' || side === null || !('tag' in side)) return undefined
  const { tag, code } = side as RecordOf<'ok'> | RecordOf<'error'>
  if (tag === 'ok') return code === 'added' ? true : undefined
  return code === 'contact_not_found' || code === 'contacts_not_found' ? false : undefined
}
