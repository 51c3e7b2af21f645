import { ProviderOutage } from '../providers/index.js'
import type { Exhaustion, Resource } from './exhaustion.js'
import type { Log } from './log.js'

/** Tells what becomes of what is handed to the services outside: which of them takes nothing any more, since when and why. */
export interface ProviderWatch {
  /** @param service one of several of a resource */
  worked(resource: Resource, service?: string): void
  failed(resource: Resource, error: unknown, service?: string): void
}

/** So many refusals of single messages in a row, without one that was taken, are the fault of the service and not of the messages. */
const refusalsInARow = 3
/** Of the account, or of the service as a whole, and not of one message. */
const refusesAll = new Set([401, 402, 403, 407, 408, 425, 429])

export function newProviderWatch(exhaustion: Exhaustion, log: Log): ProviderWatch {
  const refused = new Map<string, number>()
  return {
    worked(resource, service = resource) {
      refused.delete(service)
      exhaustion.end(resource, service)
    },
    failed(resource, error, service = resource) {
      if (!(error instanceof ProviderOutage)) {
        log.error({ event: 'fault', channel: service, err: error }, 'fault')
        return
      }
      const inARow = (refused.get(service) ?? 0) + 1
      refused.set(service, inARow)
      if (concernsAll(error) || inARow >= refusalsInARow) exhaustion.begin(resource, error.message, service)
      else if (!exhaustion.has(resource))
        log.warn({ event: 'provider-refused', channel: service, because: error.message }, 'a message was refused')
    },
  }
}

function concernsAll({ reason, status = 0 }: ProviderOutage): boolean {
  return reason !== 'refused' || status >= 500 || (status >= 300 && status < 400) || refusesAll.has(status)
}
