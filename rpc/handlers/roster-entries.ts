import { type Contact, err, ok, ok2, record, type Roster } from '../../protocol/index.js'
import type { Put } from '../../store/contract.js'
import { parsePhoneId, type PhoneId, phoneOf, rosterIdOf, sesTopic } from '../../topics/index.js'
import { askAbout, readPeopleBudgets } from '../budgets/people-budget.js'
import { contacts, listedBy, rosters } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { accept, answer, type Outcome, refuse, type Refused, type Send } from '../outcome.js'
import { type Caller, handler, type Request } from '../request.js'
import { type ContactFacts, contactView, partialContact, readContactFacts } from '../views/contact-view.js'
import { getContact } from '../views/parting.js'
import { inState, isBarred, isEntry } from './friend/contact-state.js'
import { type FriendFacts, readFriendFacts } from './friend/friend-facts.js'
import { revokeFriendship } from './friend/friendship.js'
import { findOwnRoster } from './roster-own.js'

/** Contacts that one request may name (our own bound; an address book is sent in parts). */
const entryLimit = 1_000

interface AddFacts {
  readonly refused: Refused | undefined
  readonly puts: readonly Put[]
  readonly owner: PhoneId
  /** Those of the named that exist, in their order. */
  readonly known: readonly ContactFacts[]
}

/**
 * Puts people into the address book of an own roster. They are not told and nothing is joined; the other own devices are.
 * Those who are no entries yet count for the account and the address.
 * @refuses `roster_not_found`; `invalid_data` beyond 1,000 contacts; `attempts_expired`; `contacts_not_found` if none of them exists
 * @see docs/protocol/rpc.md 8, Roster/add; docs/decisions/0113-address-book.md
 */
export const addEntries = handler({
  async read(request: Request<Roster>, facts: FactReader): Promise<AddFacts | undefined> {
    const { record: asked, caller, now } = request
    const owner = findOwnRoster(caller, asked.id)
    if (owner === undefined) return undefined
    const held = await Promise.all(namedIn(asked).map((other) => facts.peek(contacts, owner, other)))
    const counted = askAbout(await readPeopleBudgets(request, facts), held.filter((contact) => !isEntry(contact)).length, now)
    if (counted.kind === 'refused') return { owner, known: [], refused: counted, puts: [] }
    const known = await Promise.all(namedIn(asked).map((other) => readEntry(facts, owner, other)))
    return { owner, known: known.filter(isFindable), refused: undefined, puts: counted.puts }
  },

  decide({ record: asked, caller, now }: Request<Roster>, facts: AddFacts | undefined): Outcome {
    if (facts === undefined) return refuse('roster_not_found', 'not an own roster')
    if (asked.userlist.length > entryLimit) return refuse('invalid_data', 'too many contacts at once')
    const { owner, known, refused } = facts
    if (refused !== undefined) return refused
    if (known.length === 0) return accept({ puts: facts.puts, sends: [answer(err('contacts_not_found'))] })
    const added = known
      .filter(({ contact }) => !isEntry(contact))
      .map((entry) => ({ ...entry, contact: inState(entry.contact, 'internal', now) }))
    if (added.length === 0) {
      const present = known.map(({ other }) => other)
      return accept({ puts: facts.puts, sends: [answer(ok2('already_present', present))] })
    }
    return accept({
      puts: [
        ...facts.puts,
        ...added.flatMap(({ other, contact }) => [contacts.put(contact, owner, other), listedBy.put(true, other, owner)]),
      ],
      sends: [answer(ok('added')), tellOthers(caller, owner, added.map(contactView), 'add')],
    })
  },
})

interface DelFacts {
  readonly owner: PhoneId
  /** Those of the named that the roster has an entry of, in their order. */
  readonly present: readonly FriendFacts[]
}

/**
 * Takes people out of the address book of an own roster; friendships and requests are revoked. Banned ones and oneself stay.
 * @refuses `roster_not_found`; `invalid_data` beyond 1,000 contacts; `contacts_not_found` if there is no entry of any of them
 * @see docs/protocol/rpc.md 8, Roster/del; docs/decisions/0113-address-book.md
 */
export const delEntries = handler({
  async read({ record: asked, caller }: Request<Roster>, facts: FactReader): Promise<DelFacts | undefined> {
    const owner = findOwnRoster(caller, asked.id)
    if (owner === undefined) return undefined
    const present = await Promise.all(namedIn(asked).map((other) => readPresent(facts, owner, other)))
    return { owner, present: present.filter((entry) => entry !== undefined) }
  },

  decide({ record: asked, caller, now }: Request<Roster>, facts: DelFacts | undefined): Outcome {
    if (facts === undefined) return refuse('roster_not_found', 'not an own roster')
    if (asked.userlist.length > entryLimit) return refuse('invalid_data', 'too many contacts at once')
    const { owner, present } = facts
    if (present.length === 0) return refuse('contacts_not_found', 'no entry of any of them')
    const removals = present.flatMap((entry) => removeEntry(entry, now) ?? [])
    const removed = removals.map(({ other }) => other)
    const told = removed.map((other) => partialContact(other, { update: now }))
    return accept({
      puts: removals.flatMap(({ puts }) => puts),
      sends: [
        answer(ok2('removed', removed)),
        ...removals.flatMap(({ sends }) => sends),
        ...(removed.length === 0 ? [] : [tellOthers(caller, owner, told, 'del')]),
      ],
    })
  },
})

/** The phone_ids of the userlist, each once; what is none names nobody. Nothing is read for a list that is too long. */
function namedIn({ userlist }: Roster): readonly PhoneId[] {
  if (userlist.length > entryLimit) return []
  const named = userlist.map((contact) => (typeof contact === 'object' ? parsePhoneId(contact.phone_id ?? '') : undefined))
  return [...new Set(named)].filter((phoneId) => phoneId !== undefined)
}

/** Whoever bans the owner does not exist for him, unless he has an entry of him. */
function isFindable({ roster, contact }: ContactFacts): boolean {
  return roster !== undefined && (contact?.isBanned !== true || isEntry(contact))
}

/** The commit rests on the entry, and on the other's existence. */
async function readEntry(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<ContactFacts> {
  const [contact, roster] = await Promise.all([getContact(facts, owner, other), facts.get(rosters, other)])
  return { ...(await readContactFacts(facts, owner, other)), contact, roster }
}

async function readPresent(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<FriendFacts | undefined> {
  if (!isEntry(await facts.get(contacts, owner, other))) return undefined
  return readFriendFacts(facts, { self: owner, friend: other }, true)
}

interface Removal {
  readonly other: PhoneId
  readonly puts: readonly Put[]
  readonly sends: readonly Send[]
}

/** What removing one entry takes; undefined for one that stays. A request put aside is declined. */
function removeEntry(entry: FriendFacts, now: number): Removal | undefined {
  const { self, friend, pair } = entry
  if (self === friend || isBarred(pair.own)) return undefined
  if (pair.own?.state === 'internal')
    return { other: friend, puts: [contacts.remove(self, friend), listedBy.remove(friend, self)], sends: [] }
  const revoked = revokeFriendship({ facts: declinable(entry), now })
  return revoked.kind === 'accepted' ? { other: friend, puts: revoked.puts, sends: revoked.sends } : undefined
}

/** An ignored request is revoked as one that still waits. */
function declinable(entry: FriendFacts): FriendFacts {
  const { own } = entry.pair
  return own?.state === 'ignore' ? { ...entry, pair: { ...entry.pair, own: { ...own, state: 'authorization' } } } : entry
}

/** Tells the other devices of the caller which entries have come or gone. */
function tellOthers({ clientId }: Caller, owner: PhoneId, userlist: readonly Contact[], status: 'add' | 'del'): Send {
  const phone = phoneOf(owner)
  const roster = record('Roster', { id: rosterIdOf(owner), userlist, phone, status })
  return { to: 'phones', topic: sesTopic(phone), phones: [phone], payload: { kind: 'record', record: roster }, exceptClient: clientId }
}
