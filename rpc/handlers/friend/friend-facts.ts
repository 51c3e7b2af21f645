import type { Put } from '../../../store/contract.js'
import type { PhoneId } from '../../../topics/index.js'
import { type Asker, contacts, type PartingDocument } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type ContactFacts, readContactFacts } from '../../views/contact-view.js'
import { getBans } from '../../views/parting.js'
import type { Acquaintance } from './contact-state.js'

/** Who asks, and whom it is about; both well-formed, the first one owned by the caller. */
export interface Parties {
  readonly self: PhoneId
  readonly friend: PhoneId
}

/** What a Friend request is decided on. */
export interface FriendFacts extends Parties {
  readonly friendExists: boolean
  readonly pair: Acquaintance
  /** Between the accounts of the two. */
  readonly bans: PartingDocument
  /** The other pairs of rosters of the two accounts of which there is a contact; read where a request is about all of them. */
  readonly kin?: readonly FriendFacts[]
  /** Those who have asked the other already, and how many may; read where somebody asks. */
  readonly askers?: { readonly list: readonly Asker[]; readonly limit: number }
  /** What a request about somebody whom the caller has no entry of has used of his budget. */
  readonly spent?: readonly Put[]
  /** For the push to the caller's side: the friend as it may see him. */
  readonly shownToSelf: ContactFacts
  /** For the push to the other side. */
  readonly shownToFriend: ContactFacts
}

/** What a request about two rosters is decided on; both sides are checked at commit. */
export async function readFriendFacts(facts: FactReader, { self, friend }: Parties, friendExists: boolean): Promise<FriendFacts> {
  const [own, other, bans, shownToSelf, shownToFriend] = await Promise.all([
    facts.get(contacts, self, friend),
    facts.get(contacts, friend, self),
    getBans(facts, self, friend),
    readContactFacts(facts, self, friend),
    readContactFacts(facts, friend, self),
  ])
  return { self, friend, friendExists, pair: { own, other }, bans, shownToSelf, shownToFriend }
}
