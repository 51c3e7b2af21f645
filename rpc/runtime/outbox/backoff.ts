/** Attempts for one device; by then a service has been down for over an hour. */
export const maxAttempts = 14

const firstMs = 1_000
/** No attempt is ever farther off than this. */
export const longestBackoffMs = 15 * 60_000

/**
 * How long to wait after `attempts` failures: doubled each time up to 15 minutes, and of that a random half to the whole, so that what failed
 * together does not come back together. Never shorter than what the service has asked for.
 * @param chance from 0 to 1
 */
export function backoffMs(attempts: number, chance: number, askedMs = 0): number {
  const whole = Math.min(longestBackoffMs, firstMs * 2 ** Math.max(0, attempts - 1))
  return Math.max(Math.min(askedMs, longestBackoffMs), Math.round(whole * (0.5 + chance / 2)))
}
