import { limits } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { roomTopic } from '../../../topics/index.js'
import { links, type RoomDocument, type RoomLink, rooms } from '../../documents/index.js'
import { accept, answer, type Outcome, push } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { linkRecords } from '../../views/room-view.js'
import { partialRoom, phonesOf } from '../room/room-push.js'
import type { RoomState } from '../room/room-state.js'
import { enterChannel, type Link, type LinkFacts, readLinkFacts, refuseLink } from './link-facts.js'
import { isLinkName } from './link-fields.js'

/**
 * Link/update: gives a channel a link, or a link of the channel another name or other case.
 * @refuses LNKIE1, GIE1, RCHIE2, GIE2, LNKIE2, LNKIE3 @see docs/protocol/rpc.md 17
 */
export const updateLink = handler<Link, LinkFacts>({
  read: readLinkFacts,

  decide(request, facts) {
    const { record } = request
    const { key, holder } = facts
    if (key === undefined || record.id === null) return refuseLink(request, 'LNKIE1', 'the link is malformed')
    if (record.room_id === null && holder === undefined) return refuseLink(request, 'GIE1', 'a new link names its channel')
    if (!isLinkName(record.name)) return refuseLink(request, 'GIE1', 'the name is too long')
    const entered = enterChannel(request, facts)
    if (entered.kind === 'refused') return entered
    if (holder !== undefined && holder !== entered.state.id) return refuseLink(request, 'LNKIE2', 'another channel has the link')
    return giveLink(request, entered.state, record.id)
  },
})

function giveLink(request: Request<Link>, state: RoomState, id: string): Outcome {
  const { record, now } = request
  const before = state.room.links ?? []
  const key = id.toLowerCase()
  const known = before.find((link) => link.id.toLowerCase() === key)
  if (known === undefined && before.length >= limits.linksPerChannel) return refuseLink(request, 'LNKIE3', 'the channel has three links')
  const link: RoomLink = { id, name: record.name ?? known?.name ?? null, created: known?.created ?? now }
  const after = known === undefined ? [...before, link] : before.map((one) => (one === known ? link : one))
  return changed(request, state, { link, after, puts: [links.put({ room: state.id }, key)] })
}

/** Link/delete. @refuses LNKIE1, LNKIE4, RCHIE2, GIE2 @see docs/protocol/rpc.md 17 */
export const deleteLink = handler<Link, LinkFacts>({
  read: readLinkFacts,

  decide(request, facts) {
    const { key, holder, channel } = facts
    if (key === undefined) return refuseLink(request, 'LNKIE1', 'the link is malformed')
    if (holder === undefined || (channel !== undefined && holder !== channel.id)) return refuseLink(request, 'LNKIE4', 'no such link here')
    const entered = enterChannel(request, facts)
    if (entered.kind === 'refused') return entered
    const before = entered.state.room.links ?? []
    const link = before.find(({ id }) => id.toLowerCase() === key)
    if (link === undefined) return refuseLink(request, 'LNKIE4', 'no such link here')
    return changed(request, entered.state, { link, after: before.filter((one) => one !== link), puts: [links.remove(key)] })
  },
})

interface Change {
  readonly link: RoomLink
  readonly after: readonly RoomLink[]
  readonly puts: readonly Put[]
}

/** The Link to the caller, and to everyone in the channel the links that it has now. */
function changed({ record, now }: Request<Link>, { id, room, list }: RoomState, { link, after, puts }: Change): Outcome {
  const document: RoomDocument = { ...room, links: after, update: now }
  const [shown] = linkRecords(id, { links: [link], type: room.type })
  return accept({
    puts: [rooms.put(document, id), ...puts],
    sends: [
      ...(shown === undefined ? [] : [answer({ ...shown, status: record.status })]),
      push(roomTopic(id), phonesOf(list), partialRoom(id, 'patch', { links: linkRecords(id, document), update: now })),
    ],
  })
}
