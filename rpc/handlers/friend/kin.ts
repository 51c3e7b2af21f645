import { phoneOf, type PhoneId } from '../../../topics/index.js'
import { contacts, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { rosterIds } from '../../views/profile-view.js'
import { type FriendFacts, type Parties, readFriendFacts } from './friend-facts.js'

/**
 * The other pairs of rosters of two accounts, one of each, of which there is a contact. A pair that comes to be later rests on the bans of the
 * accounts, which whoever reads this changes, or on nothing of it.
 */
export async function readKin(facts: FactReader, { self, friend }: Parties): Promise<readonly FriendFacts[]> {
  const [own, theirs] = await Promise.all([readRosters(facts, self), readRosters(facts, friend)])
  const pairs = own.flatMap((a) => theirs.map((b) => ({ self: a, friend: b })))
  const others = pairs.filter((pair) => pair.self !== self || pair.friend !== friend)
  const known = await Promise.all(others.map(async (pair) => ((await hasContact(facts, pair)) ? [pair] : [])))
  return Promise.all(known.flat().map((pair) => readFriendFacts(facts, pair, true)))
}

/** All rosters of the account of one, that one among them. */
async function readRosters(facts: FactReader, one: PhoneId): Promise<readonly PhoneId[]> {
  const profile = await facts.get(profiles, phoneOf(one))
  return [...new Set([one, ...(profile === undefined ? [] : rosterIds(phoneOf(one), profile))])]
}

async function hasContact(facts: FactReader, { self, friend }: Parties): Promise<boolean> {
  const sides = await Promise.all([facts.get(contacts, self, friend), facts.get(contacts, friend, self)])
  return sides.some((side) => side !== undefined)
}
