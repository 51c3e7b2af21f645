import { type Feature, type Job, record, wireReason } from '../../../protocol/index.js'
import type { PhoneId } from '../../../topics/index.js'
import type { JobDocument } from '../../documents/index.js'

/** A job of an author. */
export interface OwnJob {
  readonly id: number
  readonly document: JobDocument
}

/** Where a job that was refused says why; nobody else writes in this group. */
export const jobGroup = 'JOB_DATA'
const refusedKey = 'REFUSED'

/** The key of the Feature that names a time zone, as AUTH_DATA calls it; in any group. */
const zoneKey = 'TimeZone'

/** The group of that Feature in which it says that the time is what the clocks of the zone show. */
const wallClockGroup = 'LOCAL_TIME'

/** A time zone as settings name it. */
export interface NamedZone {
  /** Of the zone; empty if they do not say which. */
  readonly name: string
  /** The time is what its clocks show, even if it could be an instant. */
  readonly isOfWallClock: boolean
}

/** The time zone that settings name; null if they name none. */
export function zoneOf(settings: readonly Feature[]): NamedZone | null {
  const feature = settings.find(({ key }) => key === zoneKey)
  return feature === undefined ? null : { name: feature.value ?? '', isOfWallClock: feature.group === wallClockGroup }
}

/** A job as its author's devices see it; its status is its state, unless another is given. */
export function jobRecord(author: PhoneId, { id, document }: OwnJob, status: Job['status'] = document.state): Job {
  return record('Job', {
    id,
    feed_id: record('act', { name: 'publish', data: author }),
    context: document.context,
    time: document.time,
    data: document.messages,
    settings: [...document.settings, ...refusal(document)],
    status,
  })
}

/** A job that is no more. */
export function endedJob(author: PhoneId, { id, document }: OwnJob, status: 'complete' | 'delete'): Job {
  return jobRecord(author, { id, document: { ...document, messages: [], settings: [], refused: null } }, status)
}

function refusal({ refused }: JobDocument): readonly Feature[] {
  if (refused === null) return []
  return [record('Feature', { key: refusedKey, value: wireReason(refused, 'v11'), group: jobGroup })]
}
