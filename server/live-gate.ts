import { newRateGate, type RateGate, type RateLimit } from '../broker/index.js'

/** A gate whose rate may change; then everybody begins anew. */
export function newLiveGate(limitNow: () => RateLimit | 'off'): RateGate {
  let inEffect = JSON.stringify(limitNow())
  let gate = newRateGate(limitNow())
  return {
    take(key) {
      const limit = limitNow()
      const asked = JSON.stringify(limit)
      if (asked !== inEffect) gate = newRateGate(limit)
      inEffect = asked
      return gate.take(key)
    },
  }
}
