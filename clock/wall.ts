/** The wall clock, ms since 1970 UTC: for dates, never for what has elapsed. It may be set back or forward at any moment. */
export function wallMs(): number {
  return Date.now()
}

/**
 * Whether `at`, a stored date, is less than `ms` away from now. One that lies ahead was written before the clock was set back: it counts as one
 * that lies as far behind, so that no more than `ms` of it can be waited for.
 */
export function isRecent(at: number, ms: number, now: number): boolean {
  return Math.abs(now - at) < ms
}

/**
 * Whether `until`, a stored date that was `lifeMs` ahead when it was written, still lies ahead. Farther ahead than twice that, it was written before
 * the clock was set back: it is over then, rather than standing for as long as the clock was set back by.
 */
export function isStillBefore(until: number, lifeMs: number, now: number): boolean {
  return now < until && until - now <= 2 * lifeMs
}
