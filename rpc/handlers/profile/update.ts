import type { Profile } from '../../../protocol/index.js'
import { acTopic, type ClientId, type Phone, type PhoneId, sesTopic } from '../../../topics/index.js'
import { profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { mergeFeatures } from '../../merge-features.js'
import { accept, answer, type Outcome, push, type Send } from '../../outcome.js'
import { type Caller, handler, type Request } from '../../request.js'
import { partialContact, readPresence } from '../../views/contact-view.js'
import { readFriendPhones } from '../../views/presence-audience.js'
import { briefProfile, rosterIds } from '../../views/profile-view.js'
import { checkProfile, checkSize, type ProfileFacts, readStoredProfile } from './stored-profile.js'

interface UpdateFacts extends ProfileFacts {
  readonly isOnline: boolean
  /** Friends of each roster, as phones. */
  readonly friends: readonly { readonly roster: PhoneId; readonly phones: readonly Phone[] }[]
}

/**
 * Merges settings into those of a profile. Its other devices are told, and friends of the time.
 * @refuses `not_authorized` for another phone; `profile_not_found`; `invalid_data` if the settings outgrow a PUBLISH
 * @see docs/protocol/rpc.md 6, Profile/update
 */
export const updateProfile = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<UpdateFacts> {
    const stored = await readStoredProfile(request, facts)
    const { phone, profile } = stored
    if (phone === undefined || profile === undefined) return { ...stored, isOnline: false, friends: [] }
    const friends = rosterIds(phone, profile).map(async (roster) => ({ roster, phones: await readFriendPhones(facts, roster) }))
    return { ...stored, isOnline: (await readPresence(facts, phone)).isOnline, friends: await Promise.all(friends) }
  },

  decide({ record, caller, now }: Request<Profile>, facts: UpdateFacts): Outcome {
    const found = checkProfile(facts)
    if ('kind' in found) return found
    const { phone, profile } = found
    const changed = { ...profile, settings: mergeFeatures(profile.settings, record.settings), update: now }
    const refused = checkSize(changed)
    if (refused !== undefined) return refused
    const shown = briefProfile(phone, changed, { presence: facts.isOnline ? 'online' : 'offline', status: 'update' })
    return accept({
      puts: [profiles.put(changed, phone)],
      sends: [answer(shown), pushToOthers(phone, caller, shown), ...facts.friends.flatMap((friends) => tellFriends(friends, now))],
    })
  },
})

function pushToOthers(phone: Phone, { client, clientId }: Caller, profile: Profile): Send {
  const except: { readonly exceptClient?: ClientId } = client.kind === 'device' ? { exceptClient: clientId } : {}
  return { to: 'phones', topic: sesTopic(phone), phones: [phone], payload: { kind: 'record', record: profile }, ...except }
}

function tellFriends({ roster, phones }: UpdateFacts['friends'][number], now: number): readonly Send[] {
  return phones.length === 0 ? [] : [push(acTopic(roster), phones, partialContact(roster, { update: now }))]
}
