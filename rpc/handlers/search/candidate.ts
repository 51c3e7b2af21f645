import { phoneOf, type PhoneId } from '../../../topics/index.js'
import { type ContactDocument, type RosterDocument, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type ContactFacts, isShown, newFellowTest, readPresence } from '../../views/contact-view.js'
import { emptyState } from '../../views/feed-state.js'
import { peekContact } from '../../views/parting.js'
import type { PeopleQuery } from './query.js'

/** Somebody who may be found, and what the asker has of them. */
export interface Candidate {
  readonly other: PhoneId
  readonly roster: RosterDocument
  readonly contact: ContactDocument | undefined
}

/** Reads candidates for one search, and what is shown of those who are found. */
export interface CandidateReader {
  /** Undefined for those the asker may not find, and those who are gone. */
  read(other: PhoneId): Promise<Candidate | undefined>
  readShown(candidate: Candidate): Promise<ContactFacts>
}

/** Nothing that is read so is checked at commit: it is only shown. */
export function newCandidateReader(facts: FactReader, asker: PhoneId, query: PeopleQuery): CandidateReader {
  let fellowTest: ReturnType<typeof newFellowTest> | undefined
  return {
    async read(other) {
      const contact = await peekContact(facts, asker, other)
      if (!mayFind(query, asker, other, contact)) return undefined
      const roster = await facts.peek(rosters, other)
      return roster === undefined ? undefined : { other, roster, contact }
    },
    async readShown({ other, roster, contact }) {
      const presence = await readPresence(facts, phoneOf(other))
      // Sharing a room matters only where it lets the asker see somebody online.
      const isFellow =
        presence.isOnline && contact?.state !== 'friend' && (await (await (fellowTest ??= newFellowTest(facts, asker)))(other))
      return { owner: asker, other, roster, contact, presence, isFellow, feed: emptyState, strangersLearn: facts.strangersLearn }
    },
  }
}

/** Those who ban the asker are not found, and the asker's own person only by exact phone. */
function mayFind({ field, type, isOwn }: PeopleQuery, asker: PhoneId, other: PhoneId, contact: ContactDocument | undefined): boolean {
  if (contact?.isBanned === true) return false
  if (phoneOf(other) === phoneOf(asker) && !(field === 'phone' && type === '==')) return false
  return !isOwn || (contact !== undefined && isShown(contact))
}
