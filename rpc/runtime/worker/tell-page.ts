import { emptyInbox, type Store, StoreOutage } from '../../../store/contract.js'
import type { FactReader } from '../../facts.js'
import { writeInboxPage } from '../link/to-main.js'
import type { PageMessage } from '../link/to-worker.js'
import { encodingOf } from '../link/variant.js'
import { readPresentClient } from '../../present-client.js'
import { newSights } from './delivered-record.js'
import { readInboxPage } from './inbox-page.js'
import { tellLosses } from './tell-losses.js'
import type { KnownNames } from './known-names.js'
import type { Outlet } from './outlet.js'
import type { PagePlaces } from './page-places.js'
import { charge, type Share } from './share.js'
import type { WorkerConnection } from './worker-connection.js'

export interface PageTellerWorld {
  readonly store: Store
  readonly names: KnownNames
  readonly newReader: () => FactReader
  readonly outlet: Outlet
  readonly connections: ReadonlyMap<number, WorkerConnection>
  readonly places: PagePlaces
}

/** Before a store that is away is asked again. */
const outagePauseMs = 250

/**
 * Tells the main thread of entries of an inbox that a pump has asked for. A pump that has asked waits for the page, so it comes, however long
 * the store is away, unless the connection is over.
 */
export function newPageTeller(world: PageTellerWorld): (message: PageMessage, share: Share) => Promise<void> {
  return async (message, share) => {
    while (!(await tellInPlace(message, share, world))) await new Promise((resolve) => setTimeout(resolve, outagePauseMs))
  }
}

async function tellInPlace(message: PageMessage, share: Share, world: PageTellerWorld): Promise<boolean> {
  const place = world.places.newPlace(share)
  await place.take()
  try {
    return await tellPage(message, share, world)
  } finally {
    place.giveBack()
  }
}

/** @returns false if the store is away */
async function tellPage(
  { connection, client, after, limit, variant }: PageMessage,
  share: Share,
  { store, names, newReader, outlet, connections }: PageTellerWorld,
): Promise<boolean> {
  const known = connections.get(connection)
  if (known === undefined) return true
  try {
    const head = (await store.inboxHead(client)) ?? emptyInbox
    if (known.fence !== undefined && head.epoch !== known.fence.epoch) {
      // The news of it was lost on the way here.
      outlet.control({ kind: 'followed', connection })
      return true
    }
    await names.refresh()
    // What lies behind a full page is asked for when the page has been sent.
    const facts = newReader()
    const present = await readPresentClient(known.client, facts)
    const sights = newSights(store, facts, present.kind === 'device' ? present.rosters : [])
    const words = { encoding: encodingOf(variant), names: names.names, sights }
    let page = await readInboxPage(store, client, { head, after, limit, ...words })
    if (head.losses > 0 && page.through >= page.last) {
      // All that has been kept is here: what is missing comes last.
      const { actionsTopic, fence } = known
      await tellLosses({ client, actionsTopic, fence, head }, { store, names: names.names })
      page = await readInboxPage(store, client, { head: (await store.inboxHead(client)) ?? head, after, limit, ...words })
    }
    const payloads = page.entries.map((entry) => (entry.kind === 'publish' ? entry.payload.byteLength : 0))
    charge(share, { requests: 0, rows: payloads.length, bytes: payloads.reduce((all, bytes) => all + bytes, 0) })
    writeInboxPage(outlet.frame, connection, page)
    outlet.touch()
    return true
  } catch (error) {
    if (error instanceof StoreOutage) return false
    throw error
  }
}
