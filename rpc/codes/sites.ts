import { isRecent } from '../../clock/index.js'
import type { Put } from '../../store/contract.js'
import type { Phone } from '../../topics/index.js'
import { siteLevel, unknownSite, type VerifiedSite, verifiedSites } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import type { Request } from '../request.js'

/** Sites of a number; the one that was longest ago makes room. */
const sitesPerNumber = 8

/** Where a number was verified before. */
export async function readSites(facts: FactReader, number: Phone): Promise<readonly VerifiedSite[]> {
  return (await facts.get(verifiedSites, number)) ?? []
}

/** Whether the caller is in one of these sites. An address that is not known is none. */
export function isVerifiedSite(
  sites: readonly VerifiedSite[],
  { caller, now, context }: Pick<Request, 'caller' | 'now' | 'context'>,
): boolean {
  const own = siteLevel(caller.address)
  if (own === unknownSite) return false
  return sites.some(({ site, at }) => site === own && isRecent(at, context.limits.sessionLifeMs, now))
}

/** Notes that the number was verified by the caller. */
export function noteVerified(
  number: Phone,
  sites: readonly VerifiedSite[],
  { caller, now }: Pick<Request, 'caller' | 'now'>,
): readonly Put[] {
  const site = siteLevel(caller.address)
  if (site === unknownSite) return []
  const others = sites.filter((one) => one.site !== site)
  return [verifiedSites.put([...others, { site, at: now }].slice(-sitesPerNumber), number)]
}
