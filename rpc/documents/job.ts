import type { ErrorCode, Feature, Message } from '../../protocol/index.js'
import type { PhoneId } from '../../topics/index.js'
import { table } from './table.js'

/** Messages to be published at a time, for one author. @see docs/protocol/rpc.md 17, Job */
export interface JobDocument {
  /** stop: nothing falls due, because its author has said so or because it was refused when it did. */
  readonly state: 'pending' | 'stop'
  /** As asked: ms since 1970 UTC, or by the wall clock of the time zone in `settings`. */
  readonly time: number
  /** The instant at which it falls due, ms since 1970 UTC. */
  readonly due: number
  /** As requests of their author, without ids. */
  readonly messages: readonly Message[]
  /** The client's own; returned as it came. */
  readonly context: string | number | null
  readonly settings: readonly Feature[]
  /** Why it was refused when it fell due. */
  readonly refused: ErrorCode | null
}

/** Jobs that are not done, by author; ids sort by the time at which they were made. */
export const jobs = table<[author: PhoneId, idLevel: string], JobDocument>('job')
/** Pending jobs by the time at which they fall due, see `dueLevel`. A row of which the job knows nothing means nothing. */
export const dueJobs = table<[due: string, author: PhoneId, idLevel: string], true>('job-due')

/** A job's id as a level of a key: 16 digits, so that keys sort by it. */
export function jobLevel(id: number): string {
  return String(id).padStart(16, '0')
}
