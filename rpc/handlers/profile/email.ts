import { isStillBefore } from '../../../clock/index.js'
import { err, ok, type Profile } from '../../../protocol/index.js'
import { acTopic, type Phone } from '../../../topics/index.js'
import { type EmailLink, emailLinks, profiles } from '../../documents/index.js'
import { countTry, readTries, type TryFacts } from '../../codes/tries.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, push, refuse, type Send } from '../../outcome.js'
import { putRoster } from '../../people-index/put-roster.js'
import { handler, type Request } from '../../request.js'
import { isCode } from '../../tokens.js'
import { partialContact } from '../../views/contact-view.js'
import { readFriendPhones } from '../../views/presence-audience.js'
import { rosterIds } from '../../views/profile-view.js'
import { readSelf, type SelfFacts } from '../../views/roster-view.js'
import { afterWrongCode } from '../auth/registration.js'
import { pushToOwn } from '../roster-change.js'
import { emailServiceIn, isSameAddress, withVerified } from './email-service.js'
import { checkProfile, type FoundProfile, type ProfileFacts, readStoredProfile } from './stored-profile.js'

/** A roster without an e-mail address, and the phones of its friends. */
interface Addressless {
  readonly self: SelfFacts
  readonly friends: readonly Phone[]
}

interface EmailFacts extends ProfileFacts {
  readonly link: EmailLink | undefined
  readonly tries: TryFacts
  /** Read only if the code is right. */
  readonly addressless: readonly Addressless[]
}

/**
 * Ends the linking of an e-mail address: the service becomes verified, and rosters without an address get it, of which they and their friends
 * are told as by Roster/patch.
 * @refuses `not_authorized` for another phone; `profile_not_found`; `invalid_data` if no address is named; `wrong_code` for a wrong or old
 *   code, one mistyped 5 times, or of another address; `attempts_expired` for too many wrong codes from one address
 * @see docs/protocol/rpc.md 6, Profile/email; docs/decisions/0112-email.md
 */
export const verifyEmail = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<EmailFacts> {
    const stored = await readStoredProfile(request, facts)
    const { phone, profile } = stored
    const tries = await readTries(request, facts, undefined)
    if (phone === undefined || profile === undefined) return { ...stored, tries, link: undefined, addressless: [] }
    const link = await facts.get(emailLinks, phone)
    const isRight = link !== undefined && isCode(emailServiceIn(request.record.services)?.password ?? null, link.code)
    return { ...stored, tries, link, addressless: isRight ? await readAddressless(facts, { phone, profile }) : [] }
  },

  decide({ record, now, context: { limits } }: Request<Profile>, facts: EmailFacts): Outcome {
    const found = checkProfile(facts)
    if ('kind' in found) return found
    const { phone, profile } = found
    const given = emailServiceIn(record.services)
    if (given === undefined || given.login === null) return refuse('invalid_data', 'names no e-mail address')
    const { link } = facts
    if (
      link === undefined ||
      !isStillBefore(link.expires, limits.emailCodeLifeMs, now) ||
      link.code === '' ||
      !isSameAddress(link.address, given.login)
    ) {
      return refuse('wrong_code', 'no code is waited for')
    }
    const wrong = countTry(facts.tries, now)
    if (wrong.kind === 'refused') return wrong
    if (!isCode(given.password, link.code)) {
      return accept({ puts: [emailLinks.put(afterWrongCode(link, limits), phone), ...wrong.puts], sends: [answer(err('wrong_code'))] })
    }
    return accept({
      puts: [
        profiles.put({ ...profile, services: withVerified(profile.services, link.address), update: now }, phone),
        emailLinks.put({ ...link, code: '' }, phone),
        ...facts.addressless.flatMap(({ self: { phoneId, roster } }) =>
          putRoster(roster, { ...roster, email: link.address, update: now }, phoneId),
        ),
      ],
      sends: [answer(ok('verified')), ...facts.addressless.flatMap((one) => tellOfAddress(one, link.address, now))],
    })
  },
})

async function readAddressless(facts: FactReader, { phone, profile }: FoundProfile): Promise<readonly Addressless[]> {
  const read = rosterIds(phone, profile).map(async (phoneId) => {
    const [self, friends] = await Promise.all([readSelf(facts, phoneId), readFriendPhones(facts, phoneId)])
    return self === undefined || self.roster.email !== null ? undefined : { self, friends }
  })
  return (await Promise.all(read)).filter((one) => one !== undefined)
}

function tellOfAddress({ self, friends }: Addressless, email: string, now: number): readonly Send[] {
  const own = pushToOwn(self, { ...self.roster, email, update: now }, 'patch')
  if (friends.length === 0) return [own]
  return [own, push(acTopic(self.phoneId), friends, partialContact(self.phoneId, { email, update: now }))]
}
