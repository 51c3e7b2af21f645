import type { PaceLimits } from './asking-pace.js'
import type { PublishRate } from './publish-budget.js'
import type { ReadingTurns } from './reading-turns.js'

/** What all gates of a broker share. */
export interface GateWorld {
  readonly maxPacketBytes: number
  readonly pace: PaceLimits
  readonly publishRate: PublishRate | 'off'
  readonly turns: ReadingTurns
  readonly onRefused: (because: string) => void
}

/** What has been sent to a client, or is to be, and not been read by it. */
export interface Unread {
  readonly unreadBytes: number
  /** The socket has taken all of it that may be written now. */
  readonly isFlushed: boolean
  /** Sends one more than may be unacknowledged. */
  sendOneMore(): void
  /** So much of a packet has come, and is kept until the rest has. */
  noteKept(bytes: number): void
}

/** As long as nothing can have been sent. */
export const nothingUnread: Unread = { unreadBytes: 0, isFlushed: true, sendOneMore: () => undefined, noteKept: () => undefined }
