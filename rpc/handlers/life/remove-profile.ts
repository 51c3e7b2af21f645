import { type Profile, record } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import type { ClientId, Phone, PhoneId } from '../../../topics/index.js'
import {
  devices,
  type DevicesDocument,
  emailLinks,
  type EraseChore,
  locations,
  migrations,
  online,
  persons,
  type PresenceDocument,
  presences,
  type ProfileDocument,
  profiles,
  type RosterDocument,
  rosters,
  verifiedSites,
} from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { readNumberOf } from '../../names/account-number.js'
import { putRoster } from '../../people-index/put-roster.js'
import { accept, answer, type Outcome, refuse, type Send } from '../../outcome.js'
import { type Caller, handler, type Request } from '../../request.js'
import { connectedClients } from '../../views/connected-devices.js'
import { rosterIds } from '../../views/profile-view.js'
import { endSessions } from '../auth/session-end.js'
import { findPhone } from '../profile/own-phone.js'
import { joinOutcomes } from '../room/leave.js'
import { reserveNick } from '../roster-nick.js'
import { beginChore } from './chore.js'
import { erase, erasedRoster, type EraseFacts, readErase } from './erase.js'

/** A roster that is removed, as it is stored. */
export interface StoredRoster {
  readonly phoneId: PhoneId
  readonly document: RosterDocument
}

interface RemoveFacts {
  readonly phone: Phone
  /** What it is reached by. */
  readonly number: Phone
  readonly profile: ProfileDocument
  readonly rosters: readonly StoredRoster[]
  readonly known: DevicesDocument
  readonly presence: PresenceDocument | undefined
  readonly connected: readonly ClientId[]
  readonly first: EraseFacts
  readonly choreId: string
}

/** Where the erasing of rosters begins. */
export const eraseStart: EraseChore['place'] = { stage: 'contacts', roster: 0, after: '' }

/**
 * Removes an account: from the commit on it is gone, and its number may register as a new user. Its devices are told and logged out; those who
 * knew its rosters are told with it, or beyond a page of them by a chore, as are the rooms that it leaves.
 * @refuses `not_authorized` for another phone; `not_found` if it is gone already
 * @see docs/protocol/rpc.md 6, Profile/remove; docs/decisions/0116-what-a-removed-account-leaves.md
 */
export const removeProfile = handler({
  async read({ record: asked, caller, context }: Request<Profile>, facts: FactReader): Promise<RemoveFacts | undefined> {
    const phone = findPhone(caller, asked.phone)
    const profile = phone && (await facts.get(profiles, phone))
    if (phone === undefined || profile === undefined) return undefined
    const [{ number }, known, presence, stored] = await Promise.all([
      readNumberOf(facts, phone),
      facts.get(devices, phone),
      facts.peek(presences, phone),
      readStoredRosters(facts, rosterIds(phone, profile)),
    ])
    return {
      phone,
      number,
      profile,
      rosters: stored,
      known: known ?? { clients: [] },
      presence,
      connected: connectedClients(presence, (boot) => facts.isLive(boot)),
      first: await readErase(facts, {
        rosters: stored.map(({ phoneId, document }) => erasedRoster(phoneId, document)),
        place: eraseStart,
        areFriendsTold: false,
      }),
      choreId: newChoreId(context.random),
    }
  },

  decide({ record: asked, caller, now }: Request<Profile>, facts: RemoveFacts | undefined): Outcome {
    if (findPhone(caller, asked.phone) === undefined) return refuse('not_authorized', 'another phone')
    if (facts === undefined) return refuse('not_found', 'the profile is gone already')
    const { phone, known, first, choreId } = facts
    const ended = endSessions(phone, known, known.clients, 'its account was removed')
    const told = record('Profile', { phone, status: 'remove' })
    const gone = accept({
      ...ended,
      puts: [...ended.puts, ...removeAccount(facts), ...goOn(facts.rosters, first, { choreId, now, areFriendsTold: false })],
      sends: tellOwn(caller, facts, told),
    })
    return joinOutcomes(erase({ areFriendsTold: false }, first, now), gone)
  },
})

export async function readStoredRosters(facts: FactReader, phoneIds: readonly PhoneId[]): Promise<readonly StoredRoster[]> {
  const stored = await Promise.all(phoneIds.map(async (phoneId) => ({ phoneId, document: await facts.get(rosters, phoneId) })))
  return stored.flatMap(({ phoneId, document }) => (document === undefined ? [] : [{ phoneId, document }]))
}

export function newChoreId(random: (count: number) => Uint8Array): string {
  return Buffer.from(random(8)).toString('hex')
}

function removeAccount({ phone, number, presence, rosters: stored }: RemoveFacts): readonly Put[] {
  return [
    profiles.remove(phone),
    persons.remove(phone),
    emailLinks.remove(phone),
    locations.remove(phone),
    migrations.remove(phone),
    verifiedSites.remove(number),
    presences.remove(phone),
    ...(presence?.devices ?? []).map(({ boot, client }) => online.remove(boot, client)),
    ...stored.flatMap(removeRosterRows),
  ]
}

/** The roster, the rows by which it is found, and its nick. */
export function removeRosterRows({ phoneId, document }: StoredRoster): readonly Put[] {
  return [...putRoster(document, undefined, phoneId), ...reserveNick(phoneId, document.nick, '')]
}

interface GoOn {
  readonly choreId: string
  readonly now: number
  readonly areFriendsTold: boolean
}

/** What the first page has left to do. */
export function goOn(stored: readonly StoredRoster[], { next }: EraseFacts, { choreId, now, areFriendsTold }: GoOn): readonly Put[] {
  if (next === undefined) return []
  const erased = stored.map(({ phoneId, document }) => erasedRoster(phoneId, document))
  return [beginChore({ kind: 'erase', rosters: erased, areFriendsTold, place: next }, choreId, now)]
}

/** The caller, and every other device that is connected; one that is away finds its session gone. */
function tellOwn({ clientId }: Caller, { known, connected }: RemoveFacts, told: Profile): readonly Send[] {
  const others = known.clients.filter((client) => client !== clientId && connected.includes(client))
  return [answer(told), ...others.map((client): Send => ({ to: 'client', client, payload: { kind: 'record', record: told } }))]
}
