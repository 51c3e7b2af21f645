import type { Job, Message } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import type { JobDocument } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, type Outcome, refuse, type Refused } from '../../outcome.js'
import { type Handler, handler, type Request } from '../../request.js'
import { authorOf, checkJob, dueOf, messagesOf } from './job-fields.js'
import { type JobPost, putJob, readJob, readPosts, removeJob, tell } from './job-facts.js'
import { endedJob, jobRecord, type OwnJob } from './job-record.js'
import { publishAll } from './publish.js'
import { postsRefusal } from './schedule.js'

/** What a request on a job rests on. */
export interface JobFacts {
  readonly kind: 'job'
  readonly author: PhoneId
  readonly found: OwnJob
  /** The messages that the request gives in place of the job's, if it gives any. */
  readonly messages: readonly Message[] | undefined
  /** What publishing the messages now rests on; of the new ones where there are new ones. */
  readonly posts: readonly JobPost[]
}

type Decide = (request: Request<Job>, facts: JobFacts) => Outcome

/** A request on a job that there is. @refuses `invalid_data`, `not_authorized` if the roster is not own; `not_found` */
function onJob(decide: Decide): Handler<Job, JobFacts | Refused> {
  return handler<Job, JobFacts | Refused>({
    read: readJobFacts,
    decide: (request, facts) => (facts.kind === 'refused' ? facts : decide(request, facts)),
  })
}

async function readJobFacts(request: Request<Job>, facts: FactReader): Promise<JobFacts | Refused> {
  const { record } = request
  const author = authorOf(record.feed_id, request.caller)
  if (typeof author === 'object') return author
  const given = record.status === 'update' && record.data.length > 0 ? messagesOf(record, author) : undefined
  if (given !== undefined && 'kind' in given) return given
  const found = await readJob(facts, author, record.id)
  if (found === undefined) return refuse('not_found', 'no such job')
  const isPosting = given !== undefined || record.status === 'complete'
  const posts = isPosting ? await readPosts(facts, author, given ?? found.document.messages, request) : []
  return { kind: 'job', author, found, messages: given, posts }
}

/** Job/update: another time, other messages, settings or context; what is not given stays. It stays pending, or stopped. */
export const updateJob = onJob((request, { author, found, messages, posts }) => {
  const { record: asked } = request
  const before = found.document
  const timing = newTiming(request, before)
  if ('kind' in timing) return timing
  const refused = postsRefusal(posts)
  if (refused !== undefined) return refused
  const document: JobDocument = { ...before, ...timing, messages: messages ?? before.messages, context: asked.context ?? before.context }
  return checkJob(document) ?? changed(request, author, { id: found.id, document }, before, 'update')
})

/** Job/stop: it is kept, and does not fall due. */
export const stopJob = onJob((request, { author, found }) => {
  const before = found.document
  return changed(request, author, { id: found.id, document: { ...before, state: 'stop' } }, before)
})

/** Job/restart: a stopped job is pending again, at its time or at another. @refuses `invalid_data` if that has passed */
export const restartJob = onJob((request, { author, found }) => {
  const before = found.document
  const timing = newTiming(request, before, before.state === 'stop')
  if ('kind' in timing) return timing
  const document: JobDocument = { ...before, ...timing, state: 'pending', refused: null }
  return checkJob(document) ?? changed(request, author, { id: found.id, document }, before)
})

/** Job/delete. */
export const deleteJob = onJob(({ caller }, { author, found }) =>
  accept({ puts: removeJob(author, found), sends: tell(author, endedJob(author, found, 'delete'), caller) }),
)

/** Job/complete: its messages are published now. @refuses what the first of them is refused with; then nothing is published */
export const completeJob = onJob(({ caller }, { author, found, posts }) => {
  const outcome = publishAll(posts)
  if (outcome.kind === 'refused') return outcome
  return {
    ...outcome,
    puts: [...outcome.puts, ...removeJob(author, found)],
    sends: [...outcome.sends, ...tell(author, endedJob(author, found, 'complete'), caller)],
  }
})

/** When a job falls due after the request: its time is read anew only where the request says something about it. */
function newTiming(
  request: Request<Job>,
  { time, settings, due }: JobDocument,
  isAsked = false,
): Pick<JobDocument, 'time' | 'settings' | 'due'> | Refused {
  const { record: asked } = request
  if (asked.time === null && asked.settings.length === 0) {
    return isAsked && due <= request.now ? refuse('invalid_data', 'the time has passed') : { time, settings, due }
  }
  const after = { time: asked.time ?? time, settings: asked.settings.length === 0 ? settings : asked.settings }
  const newDue = dueOf(after, request)
  return typeof newDue === 'object' ? newDue : { ...after, due: newDue }
}

function changed({ caller }: Request<Job>, author: PhoneId, job: OwnJob, before: JobDocument, status?: Job['status']): Outcome {
  return accept({ puts: putJob(author, job, before), sends: tell(author, jobRecord(author, job, status), caller) })
}
