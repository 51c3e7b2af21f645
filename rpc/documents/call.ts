import type { PhoneId } from '../../topics/index.js'
import type { Cdr } from '../../protocol/index.js'
import { table } from './table.js'

/** One call, as its parties recorded it. */
export interface CallDocument {
  readonly id: string
  readonly from: PhoneId
  /** A phone_id, or the id of a room. */
  readonly to: string
  readonly started: number
  /** Seconds. */
  readonly duration: number
  readonly type: NonNullable<Cdr['type']>
  readonly status: NonNullable<Cdr['status']>
}

/** Calls by id; free text as a key level, see `msgIdLevel`. */
export const calls = table<[idLevel: string], CallDocument>('call')
/** The calls kept for a chat or a room, the oldest first, as id levels; the feed as in `feedLevel`. */
export const callLists = table<[feedLevel: string], readonly string[]>('calls')
