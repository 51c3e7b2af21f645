import type { History, StickerPack } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { refuse, type Refused } from '../../outcome.js'
import { foldText } from '../../people-index/fold.js'
import { handler } from '../../request.js'
import type { ShelvedPack } from '../../sticker-shelf.js'
import { answerListed, type ListedPage, pageOf, pageSize } from './listed.js'
import { ownRoster } from './own-roster.js'

export interface StickersPage extends ListedPage<ShelvedPack> {
  readonly kind: 'stickers'
  readonly owner: PhoneId
}

/**
 * History/get with a StickerPack as feed: the packs of the server by id. An id, a name or keywords in the feed choose among them.
 * @refuses `not_authorized` if the roster is not own; `invalid_data` on a server without stickers
 * @see docs/protocol/rpc.md 17; docs/decisions/0127-sticker-packs.md
 */
export const getStickers = handler<History, StickersPage | Refused>({
  async read({ record: { roster_id, feed, size, entity_id }, caller, context: { limits, stickers } }) {
    if (feed?.tag !== 'StickerPack' || stickers === null) return refuse('invalid_data', 'there are no stickers')
    const owner = ownRoster(caller, roster_id)
    if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
    const packs = (await stickers.packs()).filter((pack) => isAskedFor(pack, feed))
    return { kind: 'stickers', owner, ...pageOf(packs, pageSize(size, limits.historyPage), entity_id ?? 0) }
  },
  decide: (request, page) => (page.kind === 'refused' ? page : answerListed(request, page.owner, page)),
})

function isAskedFor(pack: ShelvedPack, { id, name, keywords }: StickerPack): boolean {
  if (id !== null && pack.id !== id) return false
  if (name !== null && !foldText(pack.name ?? '').includes(foldText(name))) return false
  if (keywords.length === 0) return true
  const asked = new Set(keywords.map(foldText))
  return pack.keywords.some((own) => asked.has(foldText(own)))
}
