import { record, type RecordOf } from '../../protocol/index.js'
import { type Phone, phoneIdOf, type PhoneId } from '../../topics/index.js'
import { type ProfileDocument, profiles } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { readRoster } from './roster-view.js'

type Profile = RecordOf<'Profile'>
type Roster = RecordOf<'Roster'>

/** The rosters of a profile by phone_id, in the order of their making. */
export function rosterIds(phone: Phone, profile: ProfileDocument): readonly PhoneId[] {
  return profile.rosters.map((id) => phoneIdOf(phone, id)).filter((phoneId) => phoneId !== undefined)
}

/** Profile record made of its document and complete rosters. */
export function profileRecord(
  phone: Phone,
  profile: ProfileDocument,
  rosters: readonly Roster[],
  { presence, status }: Pick<Profile, 'presence' | 'status'>,
): Profile {
  const { services, settings, update, balance } = profile
  return record('Profile', { phone, services, rosters, settings, update, balance, presence, status })
}

/** A Profile that tells of a change: its rosters, which have not changed, only by their ids. */
export function briefProfile(phone: Phone, profile: ProfileDocument, { presence, status }: Pick<Profile, 'presence' | 'status'>): Profile {
  return { ...profileRecord(phone, profile, [], { presence, status }), rosters: profile.rosters }
}

/**
 * Profile as at login, with complete rosters: what a device needs to show everything. Shown only, so nothing of it is checked at commit.
 * @returns undefined if the phone has no profile
 * @see docs/protocol/rpc.md 4, Auth/login
 */
export function readProfile(facts: FactReader, phone: Phone, shown: Pick<Profile, 'presence' | 'status'>): Promise<Profile | undefined> {
  return facts.memo(`profile ${phone} ${String(shown.presence)} ${String(shown.status)}`, async (own) => {
    const profile = await own.peek(profiles, phone)
    if (profile === undefined) return undefined
    const rosters = await Promise.all(rosterIds(phone, profile).map((phoneId) => readRoster(own, phoneId, null)))
    return profileRecord(
      phone,
      profile,
      rosters.filter((roster) => roster !== undefined),
      shown,
    )
  })
}
