import type { Client } from '../acl/index.js'
import type { PhoneId } from '../topics/index.js'
import { type ProfileDocument, profiles } from './documents/index.js'
import type { FactReader } from './facts.js'
import { rosterIds } from './views/profile-view.js'

/**
 * The client of a connection with the rosters its phone has at present: they change while it is connected, by Roster/create and remove of any
 * of its devices. What is decided rests on them.
 */
export async function readPresentClient(client: Client, facts: FactReader): Promise<Client> {
  if (client.kind !== 'device') return client
  const profile = await facts.get(profiles, client.phone)
  if (profile === undefined) return { ...client, rosters: [] }
  const known = rostersOf.get(profile) ?? rosterIds(client.phone, profile)
  rostersOf.set(profile, known)
  return { ...client, rosters: known }
}

/** Kept with the decoded document, which the reader hands out again and again. */
const rostersOf = new WeakMap<ProfileDocument, readonly PhoneId[]>()
