import type { Profile, Service } from '../../../protocol/index.js'
import { profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { mergeFeatures } from '../../merge-features.js'
import { accept, answer, type Outcome } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { readPresence } from '../../views/contact-view.js'
import { briefProfile } from '../../views/profile-view.js'
import { isSameService } from './email-service.js'
import { checkProfile, checkSize, type ProfileFacts, readStoredProfile } from './stored-profile.js'

interface SetFacts extends ProfileFacts {
  readonly isOnline: boolean
}

/**
 * Replaces the settings of a profile as a whole, and, where services are given, those that are not verified. Nobody else is told.
 * @refuses `not_authorized` for another phone; `profile_not_found`; `invalid_data` if it outgrows a PUBLISH
 * @see docs/protocol/rpc.md 6, Profile/set; docs/decisions/0111-profiles.md
 */
export const setProfile = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<SetFacts> {
    const stored = await readStoredProfile(request, facts)
    return { ...stored, isOnline: stored.phone !== undefined && (await readPresence(facts, stored.phone)).isOnline }
  },

  decide({ record, now }: Request<Profile>, facts: SetFacts): Outcome {
    const found = checkProfile(facts)
    if ('kind' in found) return found
    const { phone, profile } = found
    const services = replaceServices(profile.services, record.services)
    const changed = { ...profile, settings: mergeFeatures([], record.settings), services, update: now }
    const refused = checkSize(changed)
    if (refused !== undefined) return refused
    const shown = briefProfile(phone, changed, { presence: facts.isOnline ? 'online' : 'offline', status: 'set' })
    return accept({ puts: [profiles.put(changed, phone)], sends: [answer(shown)] })
  },
})

/** Nobody verifies a service by saying so: what is given is `added`, and what is verified stays as it is. */
function replaceServices(stored: readonly Service[], given: readonly Service[]): readonly Service[] {
  if (given.length === 0) return stored
  const verified = stored.filter(({ status }) => status === 'verified')
  const added = given.filter((service) => !verified.some((other) => isSameService(other, service)))
  return [...verified, ...added.map((service): Service => ({ ...service, status: 'added' }))]
}
