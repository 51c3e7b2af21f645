import { limits, record, type RecordOf, type Search } from '../../protocol/index.js'
import { phoneOf, type PhoneId, rosterIdOf } from '../../topics/index.js'
import { contacts, nicks, profiles, rosters } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, type Refused, refuse } from '../outcome.js'
import { handler, type Request } from '../request.js'
import { type ContactFacts, contactView, isShown, newFellowTest, partialContact, readPresence } from '../views/contact-view.js'
import { emptyState } from '../views/feed-state.js'
import { rosterIds } from '../views/profile-view.js'
import { readPhone } from './auth/registration.js'
import { isNick } from './roster-fields.js'
import { findOwnRoster } from './roster-own.js'

type Contact = RecordOf<'Contact'>

interface SearchFacts {
  /** The own roster that asks; undefined if it is not own. */
  readonly asker: PhoneId | undefined
  /** Everybody who has one of the values, in the order of the values, each once; whether the asker may find them is decided later. */
  readonly known: readonly ContactFacts[]
}

/**
 * Finds people by exact phone, which finds every roster of it, or by exact nick, case ignored. Search by parts of names, and of rooms, needs
 * an index that this version does not have. A phone or nick that cannot be one is not found, so that one bad entry of an address book does
 * not spoil the rest.
 * @refuses `roster_not_found`; `invalid_data` for any other field or comparison, and beyond 1,000 values
 * @see docs/protocol/rpc.md 12
 */
export const searchPeople = handler({
  async read({ record: asked, caller }: Request<Search>, facts: FactReader): Promise<SearchFacts> {
    const asker = findOwnRoster(caller, asked.id)
    if (asker === undefined || checkSearch(asked) !== undefined) return { asker, known: [] }
    const found = await Promise.all(textsOf(asked).map((value) => readHolders(facts, asked.field, value)))
    const isFellow = await newFellowTest(facts, asker)
    const known = [...new Set(found.flat())].map((other) => readKnown(facts, asker, other, isFellow))
    return { asker, known: await Promise.all(known) }
  },

  decide({ record: asked }: Request<Search>, { asker, known }: SearchFacts): Outcome {
    if (asker === undefined) return refuse('roster_not_found', 'not an own roster')
    const refused = checkSearch(asked)
    if (refused !== undefined) return refused
    const userlist = known.filter((facts) => maySee(asked, facts)).map(foundContact)
    const data = record('Roster', { id: rosterIdOf(asker), userlist, status: asked.status })
    return accept({ sends: [answer(record('io', { code: record('ok', { ref: asked.ref ?? '' }), data }))] })
  },
})

/** Searches for people; `roster` looks among the own contacts only. @see docs/protocol/rpc.md 12 */
export const searchHandlers = [
  { tag: 'Search', request: 'contact', handler: searchPeople },
  { tag: 'Search', request: 'roster', handler: searchPeople },
  { tag: 'Search', request: 'profile', handler: searchPeople },
  { tag: 'Search', request: 'member', handler: searchPeople },
] as const

function checkSearch(asked: Search): Refused | undefined {
  const { field, type, value } = asked
  if (type !== '==') return refuse('invalid_data', 'only equality is searched for')
  if (field !== 'phone' && field !== 'nick') return refuse('invalid_data', 'only phones and nicks are searched for')
  if (value.length > limits.searchValues) return refuse('invalid_data', `more than ${String(limits.searchValues)} values`)
  return textsOf(asked).length === value.length ? undefined : refuse('invalid_data', 'a value that is no text')
}

function textsOf({ value }: Search): readonly string[] {
  return value.filter((one) => typeof one === 'string')
}

/** The rosters of a phone, or the one that holds a nick. */
async function readHolders(facts: FactReader, field: string | null, value: string): Promise<readonly PhoneId[]> {
  if (field === 'phone') {
    const phone = readPhone(value)
    const profile = phone && (await facts.peek(profiles, phone))
    return phone === undefined || profile === undefined ? [] : rosterIds(phone, profile)
  }
  if (value === '' || !isNick(value)) return []
  const holder = await facts.peek(nicks, value.toLowerCase())
  return holder === undefined ? [] : [holder]
}

async function readKnown(
  facts: FactReader,
  owner: PhoneId,
  other: PhoneId,
  isFellowOf: (other: PhoneId) => Promise<boolean>,
): Promise<ContactFacts> {
  const [roster, contact, presence] = await Promise.all([
    facts.peek(rosters, other),
    facts.peek(contacts, owner, other),
    readPresence(facts, phoneOf(other)),
  ])
  // Sharing a room matters only where it lets the asker see somebody online.
  const isFellow = presence.isOnline && contact?.state !== 'friend' && (await isFellowOf(other))
  return { owner, other, roster, contact, presence, isFellow, feed: emptyState }
}

/** Not found: the removed, those who ban the asker, and by nick the asker's own person. */
function maySee({ field, status }: Search, { owner, other, roster, contact }: ContactFacts): boolean {
  if (roster === undefined || contact?.isBanned === true) return false
  if (field === 'nick' && phoneOf(other) === phoneOf(owner)) return false
  return status !== 'roster' || (contact !== undefined && isShown(contact))
}

function foundContact(facts: ContactFacts): Contact {
  const { names, surnames, nick, avatar, presence, status } = contactView(facts)
  return partialContact(facts.other, { names, surnames, nick, avatar, presence, status })
}
