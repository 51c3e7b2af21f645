/**
 * The two clocks, and the only place that reads them. Elapsed time is told by the monotonic clock, dates by the wall clock, which may be set
 * at any moment, in either direction. Imports nothing of ours.
 * @see docs/decisions/0180-two-clocks.md
 */
export { afterMs, type Monotonic, monotonicMs } from './monotonic.js'
export { settledClock } from './settled-clock.js'
export { isRecent, isStillBefore, wallMs } from './wall.js'
