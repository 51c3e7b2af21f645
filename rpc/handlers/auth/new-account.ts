import type { Profile } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { phoneIdOf, type PhoneId } from '../../../topics/index.js'
import { contacts, counters, persons, type ProfileDocument, profiles, type RosterDocument } from '../../documents/index.js'
import { type AccountNumber, nameNewRosters } from '../../names/account-number.js'
import { putRoster } from '../../people-index/put-roster.js'
import { newSelfContact } from '../../views/contact-view.js'
import { emptyState } from '../../views/feed-state.js'
import { newPerson } from '../../views/person-view.js'
import { profileRecord } from '../../views/profile-view.js'
import { changedRoster } from '../../views/roster-view.js'

/** Name of the counter of roster ids in the table of counters. */
export const rosterCounter = 'roster'

/** What the first verify of a phone makes: a profile, a Person, one roster, and its contact with itself. */
export interface NewAccount {
  readonly profile: ProfileDocument
  readonly userId: PhoneId
  readonly puts: readonly Put[]
  /** The Profile as at login, offline. */
  readonly snapshot: Profile
}

/**
 * An account without a name. Times of its roster are 0 until something changes.
 * @param lastRosterId the last roster id given out, which the commit must rest on
 * @see docs/protocol/rpc.md 4, Auth/verify; docs/protocol/flows.md 1
 */
export function newAccount(of: AccountNumber, lastRosterId: number, now: number): NewAccount {
  const { filed: phone } = of
  const id = lastRosterId + 1
  const userId = phoneIdOf(phone, id)
  if (userId === undefined) throw new RangeError('roster ids are used up')
  const profile = { services: [], settings: [], rosters: [id], update: now, balance: 0, created: now }
  const roster = newRoster(id, now)
  const self = { phoneId: userId, roster, contact: newSelfContact(now), feed: emptyState }
  return {
    profile,
    userId,
    puts: [
      counters.put({ last: id }, rosterCounter),
      profiles.put(profile, phone),
      persons.put(newPerson, phone),
      ...putRoster(undefined, roster, userId),
      ...nameNewRosters(of, [id]),
      contacts.put(self.contact, userId, userId),
    ],
    snapshot: profileRecord(phone, profile, [changedRoster(self, roster, null)], { presence: 'offline', status: 'init' }),
  }
}

/** A roster without a name. */
export function newRoster(id: number, now: number): RosterDocument {
  return { id, names: null, surnames: null, email: null, nick: null, avatar: null, created: now, update: 0 }
}
