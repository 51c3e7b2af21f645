import { phoneOf, type PhoneId } from '../../../topics/index.js'
import { type ContactDocument, contacts, type RosterDocument, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type ContactFacts, isShown, newFellowTest, readPresence } from '../../views/contact-view.js'
import { emptyState } from '../../views/feed-state.js'
import type { PeopleQuery } from './query.js'

/** Somebody who may be found, and what the asker has of them. */
export interface Candidate {
  readonly other: PhoneId
  readonly roster: RosterDocument
  readonly contact: ContactDocument | undefined
}

/** Reads candidates for one search, and what is shown of those who are found. */
export interface CandidateReader {
  /** Undefined for those the asker may not find. */
  read(other: PhoneId): Promise<Candidate | undefined>
  readShown(candidate: Candidate): Promise<ContactFacts>
}

/** Nothing that is read so is checked at commit: it is only shown. */
export function newCandidateReader(facts: FactReader, asker: PhoneId, query: PeopleQuery): CandidateReader {
  let fellowTest: ReturnType<typeof newFellowTest> | undefined
  return {
    async read(other) {
      const [roster, contact] = await Promise.all([facts.peek(rosters, other), facts.peek(contacts, asker, other)])
      return roster !== undefined && mayFind(query, asker, { other, roster, contact }) ? { other, roster, contact } : undefined
    },
    async readShown({ other, roster, contact }) {
      const presence = await readPresence(facts, phoneOf(other))
      // Sharing a room matters only where it lets the asker see somebody online.
      const isFellow =
        presence.isOnline && contact?.state !== 'friend' && (await (await (fellowTest ??= newFellowTest(facts, asker)))(other))
      return { owner: asker, other, roster, contact, presence, isFellow, feed: emptyState }
    },
  }
}

/** Those who ban the asker are not found, and the asker's own person only by exact phone. */
function mayFind({ field, type, isOwn }: PeopleQuery, asker: PhoneId, { other, contact }: Candidate): boolean {
  if (contact?.isBanned === true) return false
  if (phoneOf(other) === phoneOf(asker) && !(field === 'phone' && type === '==')) return false
  return !isOwn || (contact !== undefined && isShown(contact))
}
