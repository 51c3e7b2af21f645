import { type Job, type Message, ok2, record } from '../../../protocol/index.js'
import { parsePhoneId, type PhoneId } from '../../../topics/index.js'
import type { JobDocument } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse, type Refused } from '../../outcome.js'
import { handler, ownRosters, type Request } from '../../request.js'
import { postRefusal } from '../message/post.js'
import { authorOf, checkJob, dueOf, messagesOf } from './job-fields.js'
import { type JobPost, putJob, readJob, readJobs, readPosts, tell } from './job-facts.js'
import { endedJob, jobRecord, type OwnJob } from './job-record.js'
import { publishAll } from './publish.js'

/** What scheduling rests on. */
export interface ScheduleFacts {
  readonly kind: 'schedule'
  readonly author: PhoneId
  readonly messages: readonly Message[]
  /** A job with one of the messages, by its msg_id: the request is a repetition. */
  readonly known: OwnJob | undefined
  /** How many jobs the author has. */
  readonly count: number
  /** Of the new job; nobody has it. */
  readonly id: number
  /** What publishing the messages would rest on now. */
  readonly posts: readonly JobPost[]
}

/**
 * Job/init: messages to be published at a time, or at once where none is given. They must be such as could be posted now; whether they may is asked
 * again when they fall due.
 * @refuses `invalid_data` for broken limits, a time that has passed or is too far ahead, an unknown time zone, too many jobs; `not_authorized` if
 *   the roster is not own; what Message/client is refused with
 * @see docs/protocol/rpc.md 17; docs/decisions/0126-jobs.md, 0172-the-time-of-a-job.md
 */
export const scheduleJob = handler<Job, ScheduleFacts | Refused>({
  async read(request, facts) {
    const author = authorOf(request.record.feed_id, request.caller)
    if (typeof author === 'object') return author
    return readSchedule(request, author, facts)
  },
  decide: (request, facts) => (facts.kind === 'refused' ? facts : decideSchedule(request, facts)),
})

/**
 * Message/client of type sched, by which v1 schedules a message for the time in `created`.
 * @see docs/decisions/0126-jobs.md
 */
export const scheduleMessage = handler<Message, ScheduleFacts | Refused>({
  async read(request, facts) {
    const author = parsePhoneId(request.record.from ?? '')
    if (author === undefined) return refuse('invalid_data', 'from is not a phone_id')
    if (request.record.created === null) return refuse('invalid_data', 'a scheduled message has a time')
    if (!ownRosters(request.caller).includes(author)) return refuse('not_authorized', 'from is not own')
    return readSchedule({ ...request, record: jobOf(request.record, author) }, author, facts)
  },
  decide(request, facts) {
    if (facts.kind === 'refused') return facts
    const outcome = decideSchedule({ ...request, record: jobOf(request.record, facts.author) }, facts)
    if (outcome.kind !== 'accepted') return outcome
    // Its caller has no Job: it is told the id.
    const sends = outcome.sends.map((send) => (send.to === 'caller' ? answer(ok2('pending', String(facts.known?.id ?? facts.id))) : send))
    return { ...outcome, sends }
  },
})

function jobOf(message: Message, author: PhoneId): Job {
  const feed_id = record('act', { name: 'publish', data: author })
  return record('Job', { feed_id, time: message.created, data: [message], status: 'init' })
}

async function readSchedule(request: Request<Job>, author: PhoneId, facts: FactReader): Promise<ScheduleFacts | Refused> {
  const messages = messagesOf(request.record, author)
  if ('kind' in messages) return messages
  const { now, context } = request
  const own = await readJobs(facts, author, context.limits.jobsPerRoster)
  const posts = await readPosts(facts, author, messages, request)
  return {
    kind: 'schedule',
    ...{ author, messages, posts },
    known: own.find(({ document }) => document.messages.some((message) => isAmong(message, messages))),
    count: own.length,
    id: await readNewId(facts, author, Math.max(now, (own.at(-1)?.id ?? 0) + 1)),
  }
}

function isAmong({ msg_id }: Message, messages: readonly Message[]): boolean {
  return msg_id !== null && messages.some((other) => other.msg_id === msg_id)
}

/** Ids are times, so that they sort as the jobs were made; the next free one where two are made at once. */
async function readNewId(facts: FactReader, author: PhoneId, from: number): Promise<number> {
  for (let id = from; ; id++) if ((await readJob(facts, author, id)) === undefined) return id
}

/** The pure half of {@link scheduleJob}. */
export function decideSchedule(request: Request<Job>, { author, messages, known, count, id, posts }: ScheduleFacts): Outcome {
  const { record: asked, caller, context } = request
  if (!context.hasScheduler) return refuse('invalid_data', 'there is no scheduler')
  if (known !== undefined) return accept({ sends: [answer(jobRecord(author, known))] })
  if (asked.time === null) return publishAtOnce(request, { author, messages, id, posts })
  const due = dueOf(asked, request)
  if (typeof due === 'object') return due
  const refused = postsRefusal(posts)
  if (refused !== undefined) return refused
  if (count >= context.limits.jobsPerRoster) return refuse('invalid_data', 'too many jobs')
  const document = newJob(asked, messages, asked.time, due)
  const fault = checkJob(document)
  if (fault !== undefined) return fault
  const job = { id, document }
  return accept({ puts: putJob(author, job, undefined), sends: tell(author, jobRecord(author, job), caller) })
}

function newJob({ context, settings }: Job, messages: readonly Message[], time: number, due: number): JobDocument {
  return { ...{ state: 'pending', time, due, messages, refused: null }, ...{ context, settings } }
}

/** A job without a time waits for nothing: its caller hears that it is complete. What has been sent already (msg_id) is done. */
function publishAtOnce(
  { record: asked, caller, now }: Request<Job>,
  { author, messages, id, posts }: Pick<ScheduleFacts, 'author' | 'messages' | 'id' | 'posts'>,
): Outcome {
  const document = newJob(asked, messages, now, now)
  const fault = checkJob(document)
  if (fault !== undefined) return fault
  const outcome = publishAll(posts)
  if (outcome.kind === 'refused') return outcome
  return { ...outcome, sends: [...outcome.sends, ...tell(author, endedJob(author, { id, document }, 'complete'), caller)] }
}

/** Why the messages of a job could not be posted now, or undefined. */
export function postsRefusal(posts: readonly JobPost[]): Refused | undefined {
  for (const { request, facts } of posts) {
    if (facts.kind === 'refused') return facts
    if (facts.repeated !== undefined) return refuse('invalid_data', 'a message of this msg_id has been sent')
    const refused = postRefusal(request, facts)
    if (refused !== undefined) return refused
  }
  return undefined
}
