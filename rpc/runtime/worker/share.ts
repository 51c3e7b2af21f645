/** What one client has had of its worker. */
export interface Share {
  /**
   * On a scale that stands where whoever works now stands, and goes on for each client by what he himself has had, in {@link Work}: who has not
   * worked for a while stands a little before all who have.
   */
  level: number
  /** What one of his requests comes to, about. */
  perRequest: number
}

/** What was done for a client. */
export interface Done {
  readonly requests: number
  readonly rows: number
  readonly bytes: number
}

/**
 * Work is reckoned in what was read, and not in time: between two readings of a clock a thread does what others have begun, and a processor what
 * other threads do. One is about a millisecond of a slow processor.
 */
type Work = number
const workPerRequest = 0.05
const workPerRow = 0.005
const workPerByte = 1 / (256 * 1024)

/** What is reckoned with as long as nothing is known of a client. */
const firstRequest: Work = 0.5
/** Requests of which one that came to more than all since is remembered, about. */
const memory = 4

export function newShare(): Share {
  return { level: 0, perRequest: firstRequest }
}

/** Something was done for the owner of a share. */
export function charge(share: Share, { requests, rows, bytes }: Done): void {
  const work = requests * workPerRequest + rows * workPerRow + bytes * workPerByte
  share.level += work
  if (requests === 0) return
  const each = work / requests
  share.perRequest = Math.max(each, share.perRequest - (share.perRequest - each) / memory)
}
