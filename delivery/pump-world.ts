import type { Link, Parcel } from './link.js'
import type { Standing } from './marks.js'

export interface PumpStart extends Standing {
  /** Newest number of the inbox. */
  readonly last?: number
  /** Entries up to here have been sent before, and are repeated as such. */
  readonly sentTo: number
}

/** Entries of an inbox, ascending. Numbers after `after` up to `through` that are not among them are empty places; `last` is the newest there is. */
export interface PumpPage {
  readonly after: number
  readonly through: number
  readonly last: number
  readonly entries: readonly PumpPageEntry[]
}

/** What a number of an inbox stands for: something to send, or something of this QoS that may have been sent before and is not sent any more. */
export type PumpPageEntry =
  | { readonly kind: 'publish'; readonly number: number; readonly parcel: Parcel }
  | { readonly kind: 'empty'; readonly number: number; readonly qos: 1 | 2 }

/** Of whom a pump is: how its device is written to. */
export interface Linked {
  readonly link: Link
}

/** What all pumps share: limits, and whom to tell. `owner` is what a pump was made for. */
export interface PumpWorld<Owner> {
  readonly windowSize: number
  /** Entries held in memory beyond the window, and their bytes; what is more stays in the inbox. */
  readonly queueLimit: number
  readonly queueBytes: number
  /** Bytes of answers that may wait before the connection is closed. What is asked has been held back long before. */
  readonly answerBytes: number
  /** Bytes written to a link that its peer has not taken, beyond which nothing more is written. */
  readonly maxBufferedBytes: number
  readonly drainTimeoutMs: number
  readonly requestPage: (owner: Owner, after: number) => void
  readonly settle: (owner: Owner, settledTo: number, releasedTo: number) => void
  readonly onStuck: (owner: Owner, because: string) => void
  readonly onSent: () => void
  /** So much is kept in memory for `owner`: what is unread, and of what its peer is still sending. */
  readonly onKept: (owner: Owner, bytes: number) => void
}
