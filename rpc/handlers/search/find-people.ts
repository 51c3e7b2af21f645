import { phoneOf, type PhoneId } from '../../../topics/index.js'
import { nicks, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { findLike } from '../../people-index/find-like.js'
import { foldText } from '../../people-index/fold.js'
import { searchedFields, searchedNames, searchedNick } from '../../people-index/searched-fields.js'
import { readOwnContacts } from '../../views/contact-view.js'
import { rosterIds } from '../../views/profile-view.js'
import { readPhone } from '../auth/registration.js'
import { isNick } from '../roster-fields.js'
import type { Candidate, CandidateReader } from './candidate.js'
import type { PeopleQuery } from './query.js'
import { textTest } from './text-test.js'

/** Those a query asks for and the asker may find, each once. */
export function findPeople(
  facts: FactReader,
  asker: PhoneId,
  query: PeopleQuery,
  candidates: CandidateReader,
): Promise<readonly Candidate[]> {
  if (query.type === '==') return findExact(facts, query, candidates)
  if (query.isOwn) return findOwn(facts, asker, query, candidates)
  const field = query.field === 'nick' ? searchedFields.nick : searchedFields.names
  const isMeant = matcher(query)
  return findLike(facts, field, query.values.map(foldText), {
    limit: query.limit,
    async read(other) {
      const candidate = await candidates.read(other)
      return candidate !== undefined && isMeant(candidate) ? candidate : undefined
    },
  })
}

/** In the order of the values. One that can be no phone or nick finds nobody, so that a bad entry of an address book spoils nothing. */
async function findExact(facts: FactReader, { field, values, limit }: PeopleQuery, candidates: CandidateReader) {
  const holders = await Promise.all(values.map((value) => (field === 'phone' ? readOfPhone(facts, value) : readOfNick(facts, value))))
  const found = await Promise.all([...new Set(holders.flat())].map((other) => candidates.read(other)))
  return found.filter((candidate) => candidate !== undefined).slice(0, limit)
}

/** The rosters of a phone. */
async function readOfPhone(facts: FactReader, value: string): Promise<readonly PhoneId[]> {
  const phone = readPhone(value)
  const profile = phone && (await facts.peek(profiles, phone))
  return phone === undefined || profile === undefined ? [] : rosterIds(phone, profile)
}

async function readOfNick(facts: FactReader, value: string): Promise<readonly PhoneId[]> {
  if (value === '' || !isNick(value)) return []
  const holder = await facts.peek(nicks, value.toLowerCase())
  return holder === undefined ? [] : [holder]
}

/** Contacts that are looked at together. */
const contactsAtOnce = 64

/** Among the contacts of the asker, which are read one after the other. */
async function findOwn(facts: FactReader, asker: PhoneId, query: PeopleQuery, candidates: CandidateReader) {
  const isMeant = matcher(query)
  const others = (await readOwnContacts(facts, asker)).map(({ key }) => key[1])
  const found: Candidate[] = []
  for (let at = 0; at < others.length && found.length < query.limit; at += contactsAtOnce) {
    const some = await Promise.all(others.slice(at, at + contactsAtOnce).map((other) => candidates.read(other)))
    found.push(...some.filter((candidate) => candidate !== undefined).filter(isMeant))
  }
  return found.slice(0, query.limit)
}

/** Whether somebody is meant by a query of type `like` or `!=`. */
function matcher({ field, type, values }: PeopleQuery): (candidate: Candidate) => boolean {
  if (field === 'phone') {
    const phones = new Set(values.map(readPhone))
    return ({ other }) => !phones.has(phoneOf(other))
  }
  const test = textTest(type === 'like' ? 'like' : '==', values)
  if (field === 'nick') return ({ roster }) => test(searchedNick(roster)) === (type === 'like')
  if (type === 'like') return ({ roster }) => test(searchedNames(roster))
  return ({ roster }) => !test(searchedNames(roster)) && !test(foldText(roster.names ?? ''))
}
