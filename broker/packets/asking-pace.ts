/** How much may be asked for a connection before what was answered has been read. Sizes in bytes. */
export interface PaceLimits {
  /** Publishes under way at a time. */
  readonly underWay: number
  /** Answers, those expected included, that may be unread before nothing more is asked. */
  readonly unreadBytes: number
}

/** What is under way for a connection, and what has not been read. */
export interface Pace {
  readonly underWay: number
  /** What one publish is expected to be answered with. */
  readonly expectedBytes: number
  readonly unreadBytes: number
  /** Its socket has taken all that was written: what is unread waits for acknowledgements. */
  readonly isFlushed: boolean
  /** So much has been read ahead and not been asked that acknowledgements behind it cannot be read. */
  readonly isReadAhead: boolean
}

/** What a publish is answered with, as long as nothing is known of the client. */
export const expectedAtFirstBytes = 128 * 1024

/** Publishes of which one answer that was larger than all since is remembered, about. */
const memory = 8

/** What the next publish is expected to be answered with, after one that was answered with `answeredBytes`: it grows at once, and falls slowly. */
export function expectAfter(expectedBytes: number, answeredBytes: number): number {
  return Math.max(answeredBytes, expectedBytes - (expectedBytes - answeredBytes) / memory)
}

/** Whether one more publish may be handed to the worker: what is not read stops what is asked. */
export function mayAsk({ underWay, expectedBytes, unreadBytes }: Pace, limits: PaceLimits): boolean {
  if (underWay === 0) return unreadBytes <= limits.unreadBytes
  return underWay < limits.underWay && unreadBytes + (underWay + 1) * expectedBytes <= limits.unreadBytes
}

/**
 * Whether nothing would ever go on: the client has read all that may be sent before it acknowledges, and its acknowledgements lie behind so many
 * publishes that they cannot be read. Then one more is asked, and one more is sent.
 */
export function isDeadlock({ underWay, isFlushed, isReadAhead }: Pace): boolean {
  return underWay === 0 && isFlushed && isReadAhead
}
