import type { FactReader } from '../../facts.js'
import { accept, drop, type Outcome } from '../../outcome.js'
import type { Caller } from '../../request.js'
import { arrive, type PresenceFacts, readPresenceFacts } from '../presence/presence-change.js'

/** A device that is still connected although its process was taken for dead. */
export interface RemainedEvent {
  readonly caller: Caller
  readonly now: number
}

/** `online` to friends and fellow members if they have been told otherwise; the device itself is told nothing. @see docs/protocol/rpc.md 7 */
export const remained = {
  async read({ caller: { client } }: RemainedEvent, facts: FactReader): Promise<PresenceFacts | null> {
    return client.kind === 'device' ? readPresenceFacts(facts, client.phone, client.clientId, { move: 'arrives' }) : null
  },

  decide({ now }: RemainedEvent, facts: PresenceFacts | null): Outcome {
    return facts === null ? drop('only devices have a presence') : accept(arrive(facts, now))
  },
}
