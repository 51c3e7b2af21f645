import type { Roster } from '../../protocol/index.js'
import { phoneIdOf, sesTopic } from '../../topics/index.js'
import { contacts, counters, type ProfileDocument, profiles } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, push, refuse } from '../outcome.js'
import { type AccountNumber, nameNewRosters, readNumberOf } from '../names/account-number.js'
import { putRoster } from '../people-index/put-roster.js'
import { handler, type Request } from '../request.js'
import { newSelfContact } from '../views/contact-view.js'
import { emptyState } from '../views/feed-state.js'
import { changedRoster } from '../views/roster-view.js'
import { newRoster, rosterCounter } from './auth/new-account.js'
import { checkFields, withFields } from './roster-fields.js'

interface CreateFacts {
  readonly profile: ProfileDocument | undefined
  readonly lastRosterId: number
  /** Null only where there is no profile either. */
  readonly number: AccountNumber | null
}

/**
 * Makes one more roster under the own profile, with its contact to itself. Told to all own devices.
 * @refuses `profile_not_found`; `invalid_data` for names and the like as Roster/patch, and beyond 5 rosters
 * @see docs/protocol/rpc.md 8, Roster/create
 */
export const createRoster = handler({
  async read({ caller: { client } }: Request<Roster>, facts: FactReader): Promise<CreateFacts> {
    if (client.kind !== 'device') return { profile: undefined, lastRosterId: 0, number: null }
    const [profile, counter, number] = await Promise.all([
      facts.get(profiles, client.phone),
      facts.get(counters, rosterCounter),
      readNumberOf(facts, client.phone),
    ])
    return { profile, lastRosterId: counter?.last ?? 0, number }
  },

  decide({ record, caller: { client }, now, context }: Request<Roster>, { profile, lastRosterId, number }: CreateFacts): Outcome {
    if (client.kind !== 'device' || profile === undefined || number === null) return refuse('profile_not_found', 'no profile')
    const { names, surnames, email, avatar } = record
    const fields = { names, surnames, email, avatar, nick: null }
    const refused = checkFields(fields)
    if (refused !== undefined) return refused
    if (profile.rosters.length >= context.limits.rostersPerProfile) return refuse('invalid_data', 'the profile has rosters enough')
    const id = lastRosterId + 1
    const phoneId = phoneIdOf(client.phone, id)
    if (phoneId === undefined) throw new RangeError('roster ids are used up')
    const roster = withFields(newRoster(id, now), fields, now)
    const contact = newSelfContact(now)
    const made = changedRoster({ phoneId, roster, contact, feed: emptyState }, roster, 'create')
    return accept({
      puts: [
        counters.put({ last: id }, rosterCounter),
        profiles.put({ ...profile, rosters: [...profile.rosters, id], update: now }, client.phone),
        ...putRoster(undefined, roster, phoneId),
        ...nameNewRosters(number, [id]),
        contacts.put(contact, phoneId, phoneId),
      ],
      sends: [answer(made), push(sesTopic(client.phone), [client.phone], made)],
    })
  },
})
