import { afterMs, monotonicMs } from '../../../clock/index.js'
import type { UnderWay } from '../link/under-way.js'
import type { Counts } from './counts.js'
import { emitBatch, type EmitWorld } from './emit.js'
import type { KnownNames } from './known-names.js'
import type { Outlet } from './outlet.js'
import type { PagePlaces } from './page-places.js'
import type { BatchItem, BatchWorld, ClientState } from './batch.js'
import { runBatch } from './run-batch.js'

/** What running requests of a lane takes, from the first read to what is told. */
export interface ItemsWorld {
  readonly batch: BatchWorld
  readonly emit: EmitWorld
  readonly names: KnownNames
  readonly counts: Counts
  readonly outlet: Outlet
  readonly places: PagePlaces
  /** Where what is being worked on is noted; null for a worker whose death nobody outlives. */
  readonly underWay: UnderWay | null
  readonly requestDeadlineMs: number
  readonly onFault: (fault: unknown) => void
}

/**
 * Runs some requests of one client and tells what came of them.
 * @param turn resolves when they may be run once more
 * @returns how many of them are done with
 */
export type RunItems = (items: readonly BatchItem[], client: ClientState, turn?: () => Promise<void>) => Promise<number>

export function newRunItems(world: ItemsWorld): RunItems {
  return async (items, client, turn) => {
    // What the batch has read is held until it has been told, and until then it is under way.
    const place = world.places.newPlace(client.share)
    const begun = newBegun(world.underWay)
    try {
      return await runIn({ ...world.batch, place, onBegin: begun.note, ...(turn === undefined ? {} : { turn }) }, items, client, world)
    } finally {
      begun.end()
      place.giveBack()
    }
  }
}

async function runIn(batch: BatchWorld, items: readonly BatchItem[], client: ClientState, world: ItemsWorld): Promise<number> {
  const { counts, names, outlet, requestDeadlineMs, onFault } = world
  const begun = monotonicMs()
  const result = await runBatch(items, client, afterMs(begun, requestDeadlineMs), batch)
  counts.commit((monotonicMs() - begun) / 1000)
  // What was committed after a move is told under the new names; where nobody has moved, nothing is waited for.
  const loading = names.refreshAfterCommit(result.draft.puts)
  if (loading !== undefined) await loading.catch(onFault)
  emitBatch(result, world.emit)
  outlet.touch()
  return result.covered
}

/** The requests of one batch that have been begun. */
function newBegun(underWay: UnderWay | null): { readonly note: (item: BatchItem) => void; end(): void } {
  const places = new Map<number, number | undefined>()
  return {
    note({ request }) {
      if (underWay !== null && request !== 0 && !places.has(request)) places.set(request, underWay.begin(request))
    },
    end() {
      for (const place of places.values()) if (place !== undefined) underWay?.end(place)
    },
  }
}
