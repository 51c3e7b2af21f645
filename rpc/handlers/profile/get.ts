import type { Profile } from '../../../protocol/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { readPresence } from '../../views/contact-view.js'
import { readProfile } from '../../views/profile-view.js'
import { findPhone } from './own-phone.js'

/**
 * The Profile as at login: the own one, or for a backend service any.
 * @refuses `not_authorized` for another phone; `profile_not_found`
 * @see docs/protocol/rpc.md 6, Profile/get
 */
export const getProfile = handler({
  async read({ record, caller }: Request<Profile>, facts: FactReader): Promise<Profile | undefined> {
    const phone = findPhone(caller, record.phone)
    if (phone === undefined) return undefined
    const { isOnline } = await readPresence(facts, phone)
    return readProfile(facts, phone, { presence: isOnline ? 'online' : 'offline', status: 'get' })
  },
  decide({ record, caller }: Request<Profile>, profile: Profile | undefined): Outcome {
    if (findPhone(caller, record.phone) === undefined) return refuse('not_authorized', 'another phone')
    return profile === undefined ? refuse('profile_not_found', 'no profile') : accept({ sends: [answer(profile)] })
  },
})
