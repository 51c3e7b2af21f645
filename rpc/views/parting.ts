import type { Put } from '../../store/contract.js'
import { type Phone, phoneOf, type PhoneId } from '../../topics/index.js'
import { type ContactDocument, contacts, type PartingDocument, partings } from '../documents/index.js'
import type { FactReader } from '../facts.js'

/** Accounts that are looked at for those an account is parted from. */
const partedRows = 50_000

export const noBans: PartingDocument = { own: null, other: null }

/** The bans between the accounts of two rosters, seen from the first; the commit rests on them. */
export async function getBans(facts: FactReader, self: PhoneId, other: PhoneId): Promise<PartingDocument> {
  return (await facts.get(partings, phoneOf(self), phoneOf(other))) ?? noBans
}

/** Stores the bans between two accounts, both ways. */
export function putBans(account: Phone, other: Phone, bans: PartingDocument): readonly Put[] {
  if (bans.own === null && bans.other === null) return [partings.remove(account, other), partings.remove(other, account)]
  return [partings.put(bans, account, other), partings.put({ own: bans.other, other: bans.own }, other, account)]
}

/** Whether one of the accounts of two rosters bans the other. It is only shown, not decided on. */
export async function peekIsParted(facts: FactReader, self: PhoneId, other: PhoneId): Promise<boolean> {
  return (await facts.peek(partings, phoneOf(self), phoneOf(other))) !== undefined
}

/** The accounts that ban an account, or that it bans. It is only shown, not decided on. */
export async function readParted(facts: FactReader, account: Phone): Promise<ReadonlySet<Phone>> {
  return new Set((await facts.scan(partings, [account], partedRows)).map(({ key }) => key[1]))
}

/** What a roster holds of another, where that is a ban between their accounts alone as well. It is only shown, not decided on. */
export async function peekContact(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<ContactDocument | undefined> {
  const contact = await facts.peek(contacts, owner, other)
  return contact ?? markOf(await facts.peek(partings, phoneOf(owner), phoneOf(other)))
}

/** As {@link peekContact}; the commit rests on it. */
export async function getContact(facts: FactReader, owner: PhoneId, other: PhoneId): Promise<ContactDocument | undefined> {
  const contact = await facts.get(contacts, owner, other)
  return contact ?? markOf(await facts.get(partings, phoneOf(owner), phoneOf(other)))
}

/** A ban between accounts as the contact of two of their rosters that have none. */
function markOf(bans: PartingDocument | undefined): ContactDocument | undefined {
  if (bans === undefined) return undefined
  const at = Math.max(bans.own?.at ?? 0, bans.other?.at ?? 0)
  return {
    state: 'none',
    bans: bans.own !== null,
    isBanned: bans.other !== null,
    isMuted: false,
    settings: [],
    created: bans.own?.at ?? 0,
    update: at,
  }
}
