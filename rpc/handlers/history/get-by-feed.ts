import type { History } from '../../../protocol/index.js'
import type { FactReader } from '../../facts.js'
import type { Refused } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { getHistory, type HistoryPage } from './get.js'
import { getJobs, type JobsPage } from './get-jobs.js'
import { getStickers, type StickersPage } from './get-stickers.js'

type AnyPage = HistoryPage | JobsPage | StickersPage | Refused

/** History/get: the feed says of what. @see docs/protocol/rpc.md 10 and 17 */
export const getByFeed = handler<History, AnyPage>({
  read: readByFeed,
  decide(request, page) {
    switch (page.kind) {
      case 'refused':
        return page
      case 'jobs':
        return getJobs.decide(request, page)
      case 'stickers':
        return getStickers.decide(request, page)
      case 'page':
        return getHistory.decide(request, page)
    }
  },
})

function readByFeed(request: Request<History>, facts: FactReader): Promise<AnyPage> {
  switch (request.record.feed?.tag) {
    case 'act':
      return getJobs.read(request, facts)
    case 'StickerPack':
      return getStickers.read(request, facts)
    default:
      return getHistory.read(request, facts)
  }
}
