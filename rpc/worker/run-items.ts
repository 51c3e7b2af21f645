import { afterMs, monotonicMs } from '../../clock/index.js'
import type { PagePlace } from '../facts.js'
import type { Counts } from './counts.js'
import { emitBatch, type EmitWorld } from './emit.js'
import type { KnownNames } from './known-names.js'
import type { Outlet } from './outlet.js'
import type { PagePlaces } from './page-places.js'
import { type BatchItem, type BatchWorld, type ClientState, runBatch } from './run-batch.js'

/** What running requests of a lane takes, from the first read to what is told. */
export interface ItemsWorld {
  readonly batch: BatchWorld
  readonly emit: EmitWorld
  readonly names: KnownNames
  readonly counts: Counts
  readonly outlet: Outlet
  readonly places: PagePlaces
  readonly requestDeadlineMs: number
  readonly onFault: (fault: unknown) => void
}

/** Runs some requests of one client and tells what came of them. @returns how many of them are done with */
export type RunItems = (items: readonly BatchItem[], client: ClientState) => Promise<number>

export function newRunItems(world: ItemsWorld): RunItems {
  return async (items, client) => {
    // What the batch has read is held until it has been told.
    const place = world.places.newPlace()
    try {
      return await runIn(place, items, client, world)
    } finally {
      place.giveBack()
    }
  }
}

async function runIn(place: PagePlace, items: readonly BatchItem[], client: ClientState, world: ItemsWorld): Promise<number> {
  const { counts, names, outlet, requestDeadlineMs, onFault } = world
  const begun = monotonicMs()
  const result = await runBatch(items, client, afterMs(begun, requestDeadlineMs), { ...world.batch, place })
  counts.commit((monotonicMs() - begun) / 1000)
  // What was committed after a move is told under the new names; where nobody has moved, nothing is waited for.
  const loading = names.refreshAfterCommit(result.draft.puts)
  if (loading !== undefined) await loading.catch(onFault)
  emitBatch(result, world.emit)
  outlet.touch()
  return result.covered
}
