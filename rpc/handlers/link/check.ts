import { accept, answer } from '../../outcome.js'
import { handler } from '../../request.js'
import { linkRecords } from '../../views/room-view.js'
import { type Link, type LinkFacts, readLinkFacts, refuseLink } from './link-facts.js'

/**
 * Link/check: which channel has a link. A channel is there for whoever asks for it, and so is its name.
 * @refuses LNKIE1, LNKIE4 @see docs/protocol/rpc.md 17
 */
export const checkLink = handler<Link, LinkFacts>({
  read: readLinkFacts,

  decide(request, { key, holder, channel }) {
    if (key === undefined) return refuseLink(request, 'LNKIE1', 'the link is malformed')
    const links = channel === undefined || channel.id !== holder ? [] : linkRecords(channel.id, channel.room)
    const found = links.find(({ id }) => id?.toLowerCase() === key)
    return found === undefined
      ? refuseLink(request, 'LNKIE4', 'nobody has the link')
      : accept({ sends: [answer({ ...found, status: 'check' })] })
  },
})
