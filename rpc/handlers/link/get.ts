import { accept, answer } from '../../outcome.js'
import { handler } from '../../request.js'
import { linkRecords } from '../../views/room-view.js'
import { partialRoom } from '../room/room-push.js'
import { enterChannel, type Link, type LinkFacts, readLinkFacts, refuseLink } from './link-facts.js'

/**
 * Link/get: one link by its id, or all of a channel, as the `links` of its Room.
 * @refuses LNKIE1, LNKIE4, GIE1, RCHIE2, GIE2 @see docs/protocol/rpc.md 17; docs/decisions/0125-links-of-channels.md
 */
export const getLink = handler<Link, LinkFacts>({
  read: readLinkFacts,

  decide(request, facts) {
    const { key, holder, channel } = facts
    const { id } = request.record
    if (id !== null && key === undefined) return refuseLink(request, 'LNKIE1', 'the link is malformed')
    if (id !== null && (holder === undefined || (channel !== undefined && holder !== channel.id))) {
      return refuseLink(request, 'LNKIE4', 'no such link here')
    }
    const entered = enterChannel(request, facts)
    if (entered.kind === 'refused') return entered
    const { id: room, room: document } = entered.state
    const links = linkRecords(room, document)
    const asked = links.find((link) => link.id?.toLowerCase() === key)
    return accept({ sends: [answer(asked === undefined ? partialRoom(room, 'get', { links }) : { ...asked, status: 'get' })] })
  },
})
