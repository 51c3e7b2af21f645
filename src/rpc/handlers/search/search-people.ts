import type { RecordOf, Search } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import { type Outcome, type Refused, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type ContactFacts, contactView, partialContact } from '../../views/contact-view.js'
import { findOwnRoster } from '../roster-own.js'
import { answerFound } from './answer-found.js'
import { newCandidateReader } from './candidate.js'
import { findPeople } from './find-people.js'
import { peopleQuery } from './query.js'

interface PeopleFound {
  /** The own roster that asks; undefined if it is not own. */
  readonly asker: PhoneId | undefined
  readonly refused: Refused | undefined
  readonly found: readonly ContactFacts[]
}

/**
 * Finds people: by exact phone every roster of it, by nick whole or in part, by a part of names and surnames; or filters the own contacts.
 * @refuses `roster_not_found`; `invalid_data` for another field or comparison, beyond 1,000 values, and for parts of less than 3 characters
 * @see docs/protocol/rpc.md 12; docs/decisions/0119-searches-where-the-protocol-is-silent.md
 */
export const searchPeople = handler({
  async read({ record: asked, caller }: Request<Search>, facts: FactReader): Promise<PeopleFound> {
    const asker = findOwnRoster(caller, asked.id)
    const query = peopleQuery(asked)
    if (query.kind === 'refused') return { asker, refused: query, found: [] }
    if (asker === undefined) return { asker, refused: undefined, found: [] }
    const candidates = newCandidateReader(facts, asker, query)
    const found = await findPeople(facts, asker, query, candidates)
    return { asker, refused: undefined, found: await Promise.all(found.map((one) => candidates.readShown(one))) }
  },

  decide({ record: asked }: Request<Search>, { asker, refused, found }: PeopleFound): Outcome {
    if (asker === undefined) return refuse('roster_not_found', 'not an own roster')
    if (refused !== undefined) return refused
    return answerFound(asked, asker, { userlist: found.map(foundContact) })
  },
})

function foundContact(facts: ContactFacts): RecordOf<'Contact'> {
  const { names, surnames, nick, avatar, presence, status } = contactView(facts)
  return partialContact(facts.other, { names, surnames, nick, avatar, presence, status })
}
