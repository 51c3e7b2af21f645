import { type Job, limits, type Message, record } from '../../../protocol/index.js'
import { parsePhoneId, type PhoneId, rosterIdOf } from '../../../topics/index.js'
import { type JobDocument, jobs } from '../../documents/index.js'
import { type Refused, refuse } from '../../outcome.js'
import { type Caller, ownRosters, type Request } from '../../request.js'
import { contentFault } from '../message/content.js'
import { jobGroup, zoneOf } from './job-record.js'
import { instantOf } from './local-time.js'

/** Messages of one job. */
const maxMessages = 10
const maxSettings = 50
const maxContextBytes = 1_024
/** Bytes of a job as it is stored, so that it fits one answer. */
const maxJobBytes = 49_152

/** The own roster that a key of a feed of jobs names, by phone_id or roster id; why there is none otherwise. */
export function authorOf(feed: Job['feed_id'], caller: Caller): PhoneId | Refused {
  const data = feed?.name === 'publish' ? feed.data : null
  if (typeof data !== 'string' && typeof data !== 'number') return refuse('invalid_data', 'not a feed of scheduled jobs')
  const name = String(data)
  const phoneId = parsePhoneId(name)
  const own = ownRosters(caller).find((roster) => roster === phoneId || String(rosterIdOf(roster)) === name)
  return own ?? refuse('not_authorized', 'the roster is not own')
}

/** The messages of a job as they are stored: of its author, without what the server sets. */
export function messagesOf({ data }: Pick<Job, 'data'>, author: PhoneId): readonly Message[] | Refused {
  if (!Array.isArray(data) || data.length === 0 || data.length > maxMessages) return refuse('invalid_data', 'a job has 1 to 10 messages')
  const messages: Message[] = []
  for (const item of data as readonly unknown[]) {
    if (!isMessage(item)) return refuse('invalid_data', 'a job holds messages')
    const refused = checkMessage(item, author)
    if (refused !== undefined) return refused
    const { container, feed_id, msg_id, to, files, link, seenby, mentioned } = item
    const given = { container, feed_id, msg_id, to, files, link, seenby, mentioned }
    messages.push(record('Message', { ...given, from: author, status: 'client', type: withoutSched(item.type) }))
  }
  const ids = messages.map(({ msg_id }) => msg_id).filter((id) => id !== null)
  return new Set(ids).size < ids.length ? refuse('invalid_data', 'two messages have one msg_id') : messages
}

function isMessage(item: unknown): item is Message {
  return typeof item === 'object' && item !== null && 'tag' in item && item.tag === 'Message'
}

function withoutSched(type: readonly string[]): readonly string[] {
  return type.filter((name) => name !== 'sched')
}

function checkMessage(message: Message, author: PhoneId): Refused | undefined {
  const fault = contentFault(message)
  if (fault !== undefined) return refuse('invalid_data', fault)
  if (message.status !== null && message.status !== 'client') return refuse('invalid_data', 'only new messages are scheduled')
  return message.from === null || message.from === author ? undefined : refuse('not_authorized', 'from is not the author of the job')
}

/**
 * The instant at which a job falls due; why it cannot.
 * @param now ms since 1970 UTC
 * @see docs/decisions/0172-the-time-of-a-job.md
 */
export function dueOf(
  { time, settings }: Pick<Job, 'time' | 'settings'>,
  { now, context }: Pick<Request, 'now' | 'context'>,
): number | Refused {
  if (time === null) return refuse('invalid_data', 'a job has a time')
  if (Math.abs(time) > maxTime) return refuse('invalid_data', 'the time is beyond every calendar')
  const zone = zoneOf(settings)
  const isInstant = zone === null || (time > now && !zone.isOfWallClock)
  const due = isInstant ? time : instantOf(time, zone.name)
  if (due === undefined) return refuse('invalid_data', 'there is no such time zone')
  if (due <= now) return refuse('invalid_data', 'the time has passed')
  return due > now + context.limits.jobHorizonMs ? refuse('invalid_data', 'the time is too far ahead') : due
}

/** Beyond it, a zone's clock may have no date. */
const maxTime = 8e15

/** Checks the parts that the server does not read, and the size of it all. */
export function checkJob(document: JobDocument): Refused | undefined {
  const { context, settings } = document
  if (settings.length > maxSettings) return refuse('invalid_data', 'too many settings')
  if (settings.some(({ group }) => group === jobGroup)) return refuse('invalid_data', `${jobGroup} is the server's`)
  if (typeof context === 'string' && Buffer.byteLength(context) > maxContextBytes) return refuse('invalid_data', 'the context is too long')
  return jobs.encode(document).length > Math.min(maxJobBytes, limits.payloadBytes)
    ? refuse('invalid_data', 'the job is too large')
    : undefined
}
