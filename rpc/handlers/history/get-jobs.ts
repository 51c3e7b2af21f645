import type { History } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import { refuse, type Refused } from '../../outcome.js'
import { handler } from '../../request.js'
import { authorOf } from '../job/job-fields.js'
import { readJobs } from '../job/job-facts.js'
import { jobRecord, type OwnJob } from '../job/job-record.js'
import { answerListed, type ListedPage, pageOf, pageSize } from './listed.js'
import { ownRoster } from './own-roster.js'

export interface JobsPage extends ListedPage<OwnJob> {
  readonly kind: 'jobs'
  readonly owner: PhoneId
}

/**
 * History/get of the feed of scheduled jobs: those that are pending or stopped, by id.
 * @refuses `not_authorized` if the roster is not own; `invalid_data` if the feed is of another one
 * @see docs/protocol/rpc.md 17
 */
export const getJobs = handler<History, JobsPage | Refused>({
  async read({ record: { roster_id, feed, size, entity_id }, caller, context: { limits } }, facts) {
    if (feed?.tag !== 'act') return refuse('invalid_data', 'not a feed of scheduled jobs')
    const owner = ownRoster(caller, roster_id)
    if (owner === undefined) return refuse('not_authorized', 'the roster is not own')
    const author = authorOf(feed, caller)
    if (typeof author === 'object') return author
    if (author !== owner) return refuse('invalid_data', 'the jobs of another roster')
    const list = await readJobs(facts, owner, limits.jobsPerRoster)
    return { kind: 'jobs', owner, ...pageOf(list, pageSize(size, limits.historyPage), entity_id ?? 0) }
  },
  decide(request, page) {
    if (page.kind === 'refused') return page
    return answerListed(request, page.owner, { ...page, entries: page.entries.map((job) => jobRecord(page.owner, job)) })
  },
})
