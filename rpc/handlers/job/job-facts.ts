import type { Job, Message } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import { type PhoneId, phoneOf, sesTopic } from '../../../topics/index.js'
import { dueJobs, dueLevel, type JobDocument, jobLevel, jobs } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { answer, type Refused, type Send } from '../../outcome.js'
import type { Caller, Request } from '../../request.js'
import { type PostFacts, postMessage } from '../message/post.js'
import type { OwnJob } from './job-record.js'

/** A job of an author; a checked fact. */
export async function readJob(facts: FactReader, author: PhoneId, id: number | null): Promise<OwnJob | undefined> {
  if (id === null || !Number.isSafeInteger(id) || id <= 0) return undefined
  const document = await facts.get(jobs, author, jobLevel(id))
  return document && { id, document }
}

/** Some jobs of an author by id, ascending. */
export async function readJobs(facts: FactReader, author: PhoneId, limit: number): Promise<readonly OwnJob[]> {
  const rows = await facts.scan(jobs, [author], limit)
  return rows.map(({ key: [, level], document }) => ({ id: Number(level), document }))
}

/** A message of a job as the request that it stands for, and what posting it rests on. */
export interface JobPost {
  readonly request: Request<Message>
  readonly facts: PostFacts | Refused
}

/** Reads what publishing the messages of a job now rests on, each as Message/client of its author. */
export async function readPosts(
  facts: FactReader,
  author: PhoneId,
  messages: readonly Message[],
  asked: Asked,
): Promise<readonly JobPost[]> {
  const posts: JobPost[] = []
  const { now, context } = asked
  const isUnattended = asked.caller.client.kind !== 'device'
  for (const message of messages) {
    const request = { record: message, caller: authorAsCaller(author, asked.caller), now, context, isUnattended }
    posts.push({ request, facts: await postMessage.read(request, facts) })
  }
  return posts
}

type Asked = Pick<Request, 'caller' | 'now' | 'context'>

/** The author alone, whatever else the caller owns; in v1, because nobody waits for an Ack. */
function authorAsCaller(author: PhoneId, caller: Caller): Caller {
  const client = { kind: 'device', phone: phoneOf(author), rosters: [author], clientId: caller.clientId, userName: '' } as const
  return { ...caller, client, dialect: 'v1' }
}

/** Stores a job in place of what was there, and the row by which it falls due. */
export function putJob(author: PhoneId, { id, document }: OwnJob, before: JobDocument | undefined): readonly Put[] {
  const level = jobLevel(id)
  return [
    ...(before === undefined ? [] : [dueJobs.remove(dueLevel(before.due), author, level)]),
    ...(document.state === 'pending' ? [dueJobs.put(true, dueLevel(document.due), author, level)] : []),
    jobs.put(document, author, level),
  ]
}

export function removeJob(author: PhoneId, { id, document }: OwnJob): readonly Put[] {
  const level = jobLevel(id)
  return [dueJobs.remove(dueLevel(document.due), author, level), jobs.remove(author, level)]
}

/** The job to the caller, and to the author's other devices. */
export function tell(author: PhoneId, job: Job, caller: Caller): readonly Send[] {
  const phone = phoneOf(author)
  const payload = { kind: 'record', record: job } as const
  return [answer(job), { to: 'phones', topic: sesTopic(phone), phones: [phone], payload, exceptClient: caller.clientId }]
}
