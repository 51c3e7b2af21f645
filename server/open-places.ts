import { type PlaceLimits, Places } from '../broker/index.js'
import type { Exhaustion } from './exhaustion.js'
import { newLiveGate } from './live-gate.js'
import type { Metrics } from './metrics.js'
import type { Options } from './options-table.js'
import type { TurnedAwayLog } from './turned-away-log.js'
import type { MachineWatch } from './watch-machine.js'

/** File transfers at a time. */
const maxTransfers = 4_096

/** The options in effect; some of them change while the server runs. */
export interface Live {
  options: Options
}

export interface PlacesWorld {
  readonly machine: Pick<MachineWatch, 'fits'>
  readonly metrics: Metrics
  readonly exhaustion: Exhaustion
  readonly turnedAway: TurnedAwayLog
}

/** The places of a server: limits and the rate of an address from its options; who is turned away is counted and told. */
export function newPlaces(live: Live, { machine, metrics, exhaustion, turnedAway }: PlacesWorld): Places {
  const gate = newLiveGate(() => {
    const { connectsPerSecond, connectsBurst } = live.options
    if (connectsPerSecond === 'off') return 'off'
    return { points: connectsBurst, seconds: Math.max(1, Math.round(connectsBurst / connectsPerSecond)) }
  })
  return new Places({
    limits: placeLimits(live, machine),
    admits: gate.take,
    onTurnedAway(because, address) {
      metrics.refusedConnections.inc({ because })
      if (because === 'connections') {
        exhaustion.begin('connections', `${live.options.maxConnections} are open, as many as NYNJA_MAX_CONNECTIONS allows`)
      } else turnedAway.note(because, address)
    },
  })
}

function placeLimits(live: Live, machine: PlacesWorld['machine']): PlaceLimits {
  return {
    get fits() {
      return machine.fits
    },
    get maxConnections() {
      return live.options.maxConnections
    },
    get unprovenPercent() {
      return live.options.unprovenPercent
    },
    get unprovenPerAddress() {
      return withoutLimit(live.options.unprovenPerAddress)
    },
    get unprovenLifeMs() {
      return withoutLimit(live.options.unprovenLifeMs)
    },
    connectDeadlineMs: live.options.connectDeadlineMs,
    maxTransfers,
  }
}

function withoutLimit(limit: number | 'off'): number {
  return limit === 'off' ? Infinity : limit
}
