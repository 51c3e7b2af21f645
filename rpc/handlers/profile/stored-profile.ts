import { limits, type Profile } from '../../../protocol/index.js'
import type { Phone } from '../../../topics/index.js'
import { type ProfileDocument, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type Refused, refuse } from '../../outcome.js'
import type { Request } from '../../request.js'
import { findPhone } from './own-phone.js'

/** The profile a request changes; both undefined if the caller may not ask for it. */
export interface ProfileFacts {
  readonly phone: Phone | undefined
  readonly profile: ProfileDocument | undefined
}

export interface FoundProfile {
  readonly phone: Phone
  readonly profile: ProfileDocument
}

/** The profile that a request names; the commit rests on it. */
export async function readStoredProfile({ record, caller }: Request<Profile>, facts: FactReader): Promise<ProfileFacts> {
  const phone = findPhone(caller, record.phone)
  return { phone, profile: phone === undefined ? undefined : await facts.get(profiles, phone) }
}

/** @refuses `not_authorized` for another phone; `profile_not_found` */
export function checkProfile({ phone, profile }: ProfileFacts): FoundProfile | Refused {
  if (phone === undefined) return refuse('not_authorized', 'another phone')
  return profile === undefined ? refuse('profile_not_found', 'no profile') : { phone, profile }
}

/** Whether a profile with what its owner has put into it is still small enough: at most the size of a PUBLISH. @refuses `invalid_data` */
export function checkSize(profile: ProfileDocument): Refused | undefined {
  if (profiles.encode(profile).length <= limits.payloadBytes) return undefined
  return refuse('invalid_data', 'a profile has at most the size of a PUBLISH')
}
