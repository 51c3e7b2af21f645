import type { Key, Store } from '../../store/contract.js'
import type { PhoneId } from '../../topics/index.js'
import { indexedTexts, rosters, unindexed } from '../documents/index.js'
import type { Timers } from '../runtime/worker/timers.js'
import { indexPuts } from './index-puts.js'

export interface IndexerWorld {
  readonly store: Store
  readonly now: () => number
  /** Between pages: lets requests go first. */
  readonly pause: () => Promise<void>
  /** Rosters of a page, whose rows are written together; 8 by default. */
  readonly pageRows?: number
}

/** From the end of a pass to the next one: what is written meanwhile is done together, a roster that changes several times once. */
const betweenPassesMs = 1_000

/** A page holds up the requests of its worker for a millisecond or two. */
const pageOfRosters = 8

/**
 * Writes the people index behind the requests: makes the rows of each roster that is not indexed follow what it is called. Several may run;
 * whoever commits first has done the work. A pass goes through all that waits, page by page; a roster that changes meanwhile waits for the
 * next. One that cannot be indexed stays, and holds up none behind it.
 * @see docs/decisions/0143-the-people-index-is-written-behind.md
 */
export function newIndexer({ store, now, pause, pageRows = pageOfRosters }: IndexerWorld): Timers {
  /** The row behind which the next page begins. */
  let place: Key | undefined
  let isStopped = false
  let running: Promise<unknown> = Promise.resolve()

  /** @returns whether more may wait behind this page */
  async function indexPage(): Promise<boolean> {
    const rows = await store.scan(unindexed.prefix(), { limit: pageRows, ...(place === undefined ? {} : { after: place }) })
    place = rows.length < pageRows ? undefined : rows.at(-1)?.key
    const ends = await Promise.allSettled(rows.map(({ key }) => indexRoster(store, unindexed.partsOf(key)[0])))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return place !== undefined
  }

  async function indexAll(): Promise<number> {
    while (!isStopped && (await indexPage())) await pause()
    return now() + betweenPassesMs
  }

  return {
    pass() {
      const pass = running.then(indexAll)
      running = pass.catch(() => undefined) // whoever asked for the pass is told
      return pass
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}

/** Rests on what it has read: if the roster has changed since, or somebody else has indexed it, nothing is written. */
async function indexRoster(store: Store, phoneId: PhoneId): Promise<void> {
  const [roster, known] = await store.getMany([rosters.key(phoneId), indexedTexts.key(phoneId)])
  const puts = indexPuts(known && indexedTexts.decode(known), roster && rosters.decode(roster), phoneId)
  await store.commit({
    checks: [
      { key: rosters.key(phoneId), was: roster },
      { key: indexedTexts.key(phoneId), was: known },
    ],
    puts: [...puts, unindexed.remove(phoneId)],
  })
}
