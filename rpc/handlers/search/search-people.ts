import type { RecordOf, Search } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import type { FactReader } from '../../facts.js'
import { type Outcome, type Refused, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { type ContactFacts, contactView, partialContact } from '../../views/contact-view.js'
import { askAbout, readPeopleBudgets } from '../../budgets/people-budget.js'
import type { BudgetState } from '../../budgets/budget.js'
import { isEntry } from '../friend/contact-state.js'
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
  readonly budgets: readonly BudgetState[]
}

/**
 * Finds people: by exact phone every roster of it, by nick whole or in part, by a part of names and surnames; or filters the own contacts.
 * What is asked, or shown where that is more, counts for the account and the address; the own contacts do not.
 * @refuses `roster_not_found`; `attempts_expired`; `invalid_data` for another field or comparison, beyond 1,000 values, and for parts of less than 3 characters
 * @see docs/protocol/rpc.md 12; docs/decisions/0119-searches-where-the-protocol-is-silent.md
 */
export const searchPeople = handler({
  async read(request: Request<Search>, facts: FactReader): Promise<PeopleFound> {
    const { record: asked, caller, now } = request
    const asker = findOwnRoster(caller, asked.id)
    const query = peopleQuery(asked)
    if (query.kind === 'refused') return { asker, refused: query, ...nothing }
    if (asker === undefined) return { asker, refused: undefined, ...nothing }
    const budgets = query.isOwn ? [] : await readPeopleBudgets(request, facts)
    const short = askAbout(budgets, asked.value.length, now)
    if (short.kind === 'refused') return { asker, refused: short, ...nothing }
    const candidates = newCandidateReader(facts, asker, query)
    const found = await findPeople(facts, asker, query, candidates)
    return { asker, refused: undefined, budgets, found: await Promise.all(found.map((one) => candidates.readShown(one))) }
  },

  decide({ record: asked, now }: Request<Search>, { asker, refused, found, budgets }: PeopleFound): Outcome {
    if (asker === undefined) return refuse('roster_not_found', 'not an own roster')
    if (refused !== undefined) return refused
    const strangers = found.filter(({ contact }) => !isEntry(contact)).length
    const counted = askAbout(budgets, Math.max(asked.value.length, strangers), now)
    if (counted.kind === 'refused') return counted
    const userlist = found.map((one) => foundContact(one, asked.field === 'nick'))
    return answerFound(asked, asker, { userlist }, counted.puts)
  },
})

const nothing = { found: [], budgets: [] } as const

/** Who was searched for by nick is shown with it: it tells those found apart. */
function foundContact(facts: ContactFacts, isByNick: boolean): RecordOf<'Contact'> {
  const { names, surnames, nick, avatar, presence, status } = contactView(facts)
  return partialContact(facts.other, { names, surnames, nick: isByNick ? (facts.roster?.nick ?? null) : nick, avatar, presence, status })
}
