import { type ErrorCode, type ChannelErrorCode, record } from '../../../protocol/index.js'
import { links } from '../../documents/index.js'
import type { Outcome } from '../../outcome.js'
import { handler, ownRosters } from '../../request.js'
import { decideJoin, type JoinFacts, readJoin } from '../room/join.js'
import { type Link, refuseLink } from './link-facts.js'
import { linkKey } from './link-fields.js'

/** What joining by a link rests on. */
export interface LinkJoinFacts {
  readonly key: string | undefined
  /** What joining its channel rests on; undefined for a link of nobody. */
  readonly join: JoinFacts | undefined
}

/** What Room/join would refuse, in the words of links. */
const codes: { readonly [Code in ErrorCode]?: ChannelErrorCode } = { not_authorized: 'GIE2', room_not_found: 'LNKIE4' }

/**
 * Link/join: the caller joins the channel that has the link, as by Room/join.
 * @refuses LNKIE1, LNKIE4; GIE2 for who is banned; GIE1 for who is in already, and for a full channel @see docs/protocol/rpc.md 11 and 17
 */
export const joinByLink = handler<Link, LinkJoinFacts>({
  async read(request, facts) {
    const { id } = request.record
    const key = linkKey(id)
    const room = key === undefined ? undefined : (await facts.get(links, key))?.room
    const join =
      room === undefined
        ? undefined
        : await readJoin({ ...request, record: record('Room', { id: room, status: 'join' }) }, facts, ownRosters(request.caller))
    return { key, join }
  },

  decide(request, { key, join }): Outcome {
    if (key === undefined) return refuseLink(request, 'LNKIE1', 'the link is malformed')
    if (join === undefined) return refuseLink(request, 'LNKIE4', 'nobody has the link')
    const outcome = decideJoin({ ...request, record: record('Room', { status: 'join' }) }, join)
    return outcome.kind === 'refused' ? refuseLink(request, codes[outcome.code] ?? 'GIE1', outcome.because) : outcome
  },
})
