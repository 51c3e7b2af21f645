import type { Monotonic } from '../clock/index.js'

/** What a signal to stop means: the first one drains, one that comes right after it is the same one, a later one hurries. */
export type StopSignal = 'drain' | 'same' | 'hurry'

/** npm, shells and supervisors pass on what their child has been sent already. */
const sameWithinMs = 2_000

/** @returns what the next signal means that comes at `now` */
export function newStopSignals(): (now: Monotonic) => StopSignal {
  let latest: Monotonic | undefined
  let isHurried = false
  return (now) => {
    const before = latest
    latest = now
    if (before === undefined) return 'drain'
    if (isHurried || now - before < sameWithinMs) return 'same'
    isHurried = true
    return 'hurry'
  }
}
