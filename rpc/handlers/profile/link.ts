import { isRecent, isStillBefore } from '../../../clock/index.js'
import { ok, type Profile } from '../../../protocol/index.js'
import { type CodeFacts, readCode, sendCode } from '../../codes/code.js'
import type { RpcLimits } from '../../context.js'
import { type EmailLink, emailLinks, profiles } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Job, type Outcome, refuse, refuseUntil } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { addressLimit, emailServiceIn, isEmailAddress, isSameAddress, otherVerified, withAdded } from './email-service.js'
import { checkProfile, checkSize, type ProfileFacts, readStoredProfile } from './stored-profile.js'

interface LinkFacts extends ProfileFacts {
  readonly link: EmailLink | undefined
  readonly code: CodeFacts
}

const emailSent = ok('email_sent')

/**
 * Begins to link a profile with an e-mail address: mails a code to it. Asked again at once for the same address, it keeps the code it has
 * just sent.
 * @refuses `not_authorized` for another phone; `profile_not_found`; `invalid_data` for a bad address, or beyond 5 verified ones;
 *   `attempts_expired` for more than 5 codes within an hour; later `sms_send` if the code cannot be sent
 * @see docs/protocol/rpc.md 6, Profile/link; docs/decisions/0112-email.md
 */
export const linkEmail = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<LinkFacts> {
    const stored = await readStoredProfile(request, facts)
    const link = stored.phone === undefined ? undefined : await facts.get(emailLinks, stored.phone)
    const code = await readCode(request, facts, { kind: 'mail', address: addressIn(request.record) })
    return { ...stored, link, code }
  },

  decide({ record, now, context: { limits } }: Request<Profile>, facts: LinkFacts): Outcome {
    const found = checkProfile(facts)
    if ('kind' in found) return found
    const { phone, profile } = found
    const address = addressIn(record)
    if (!isEmailAddress(address)) return refuse('invalid_data', 'names no e-mail address')
    if (otherVerified(profile.services, address) >= addressLimit) return refuse('invalid_data', 'the profile has addresses enough')
    if (keepsCode(facts.link, address, now, limits)) return accept({ sends: [answer(emailSent)] })
    const mailed = (facts.link?.mailed ?? []).filter((at) => isRecent(at, limits.emailCodeLifeMs, now))
    if (mailed.length >= limits.emailCodes) return refuseUntil(mailed, limits.emailCodeLifeMs, now)
    const changed = { ...profile, services: withAdded(profile.services, address), update: now }
    const refused = checkSize(changed)
    if (refused !== undefined) return refused
    const link = { address, code: facts.code.fresh, wrong: 0, mailed: [...mailed, now], expires: now + limits.emailCodeLifeMs }
    const puts = [profiles.put(changed, phone), emailLinks.put(link, phone)]
    return sendCode({ job: codeMail(link, limits), puts, done: emailSent }, facts.code, now)
  },
})

function addressIn({ services }: Profile): string {
  return emailServiceIn(services)?.login ?? ''
}

function keepsCode(link: EmailLink | undefined, address: string, now: number, { codeKeepMs, emailCodeLifeMs }: RpcLimits): boolean {
  if (link === undefined || link.code === '' || !isStillBefore(link.expires, emailCodeLifeMs, now)) return false
  return isSameAddress(link.address, address) && isRecent(link.mailed.at(-1) ?? 0, codeKeepMs, now)
}

function codeMail({ address, code }: EmailLink, { emailCodeLifeMs }: RpcLimits): Job {
  const minutes = Math.floor(emailCodeLifeMs / 60_000)
  return {
    kind: 'email',
    to: address,
    subject: 'Your confirmation code',
    text: `Your code is ${code}. It is valid for ${String(minutes)} minutes.\n\nIf you did not ask for it, ignore this message.\n`,
    code,
  }
}
