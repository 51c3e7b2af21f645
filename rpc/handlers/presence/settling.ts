import type { ToldDepartures } from '../../documents/index.js'

/** Departures that a phone may have told in a row without waiting. */
const freeDepartures = 2
/** So long after it one departure is forgotten, ms. */
const forgetMs = 60_000
const largestFactor = 64

const none: ToldDepartures = { level: 0, at: 0 }

/** What is remembered of the departures of a phone once one more is told. */
export function afterDeparture(before: ToldDepartures | undefined, now: number): ToldDepartures {
  return { level: levelAt(before, now) + 1, at: now }
}

/**
 * How long the next departure of a phone has to stand before it is told, in graces: 0 where it need not, and longer the more of them were told
 * lately. So a device that comes and goes all the time is shown as online throughout.
 * @see docs/decisions/0212-presence-is-settled-before-it-is-told.md
 */
export function settleFactor(told: ToldDepartures | undefined, now: number): number {
  const beyond = Math.ceil(levelAt(told, now)) - freeDepartures
  return beyond < 0 ? 0 : Math.min(largestFactor, 2 ** beyond)
}

/** A clock that has been set back forgets nothing, and one set forward all. */
function levelAt({ level, at } = none, now: number): number {
  return Math.max(0, level - Math.max(0, now - at) / forgetMs)
}
