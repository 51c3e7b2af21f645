import { type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { dueJobs, type JobDocument, rosters } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome, push } from '../../outcome.js'
import type { Request } from '../../request.js'
import { type JobPost, putJob, readJob, readPosts, removeJob } from './job-facts.js'
import { endedJob, jobRecord, type OwnJob } from './job-record.js'
import { publish } from './publish.js'

/** The row by which a job falls due. */
export interface DueJob extends Pick<Request, 'caller' | 'now' | 'context'> {
  readonly due: string
  readonly author: PhoneId
  readonly idLevel: string
}

/** What a job that falls due rests on. */
export interface DueFacts {
  /** The row is still there: nobody else has done it. */
  readonly isOpen: boolean
  /** The pending job that falls due by this row. */
  readonly job: OwnJob | undefined
  /** Its author is still there. */
  readonly hasAuthor: boolean
  readonly posts: readonly JobPost[]
}

/**
 * A job falls due: its messages are published, each with the rights that its author has now. Those that are refused stay in the job, which
 * is stopped and says why; the author's devices are told either way.
 * @see docs/protocol/rpc.md 17; docs/decisions/0126-jobs.md
 */
export const jobFallsDue = {
  async read(event: DueJob, facts: FactReader): Promise<DueFacts> {
    const { due, author, idLevel } = event
    const isOpen = (await facts.get(dueJobs, due, author, idLevel)) !== undefined
    const found = isOpen ? await readJob(facts, author, Number(idLevel)) : undefined
    const job = found?.document.state === 'pending' && found.document.due === Number(due) ? found : undefined
    const hasAuthor = (await facts.get(rosters, author)) !== undefined
    const posts = job !== undefined && hasAuthor ? await readPosts(facts, author, job.document.messages, event) : []
    return { isOpen, job, hasAuthor, posts }
  },

  decide({ due, author, idLevel }: DueJob, { isOpen, job, hasAuthor, posts }: DueFacts): Outcome {
    if (!isOpen) return drop('it is done')
    if (job === undefined) return accept({ puts: [dueJobs.remove(due, author, idLevel)] })
    if (!hasAuthor) return accept({ puts: removeJob(author, job) })
    const { outcome, refused, code } = publish(posts)
    const phone = phoneOf(author)
    const tell = (told: ReturnType<typeof jobRecord>) => push(sesTopic(phone), [phone], told)
    if (refused.length === 0) {
      const sends = [...outcome.sends, tell(endedJob(author, job, 'complete'))]
      return { ...outcome, puts: [...outcome.puts, ...removeJob(author, job)], sends }
    }
    const document: JobDocument = { ...job.document, state: 'stop', messages: refused, refused: code }
    const stopped = { id: job.id, document }
    const sends = [...outcome.sends, tell(jobRecord(author, stopped))]
    return { ...outcome, puts: [...outcome.puts, ...putJob(author, stopped, job.document)], sends }
  },
}
