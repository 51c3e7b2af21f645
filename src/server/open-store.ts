import { mkdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ensurePeopleIndex } from '../rpc/index.js'
import { inspectRedis, openLmdbStore, openRedisStore, redactRedisUrl, type Store, StoreOutage } from '../store/index.js'
import type { Log } from './log.js'
import type { Options } from './options-table.js'
import { storePath } from './worker-data.js'

/** Where the Redis of a cluster is; null for a process that has its store for itself. */
export function redisPlace({ store, redisPrefix }: Options): { readonly url: string; readonly prefix: string } | null {
  return store === 'lmdb' ? null : { url: store, prefix: redisPrefix }
}

export interface StoreHandleOptions {
  /** What the handles of this process share; only the embedded store uses it. */
  readonly sharedMemory?: SharedArrayBuffer
  /** Told when a Redis stops answering, and when it answers again. */
  readonly onState?: (isReachable: boolean, because: string) => void
}

/** Opens a handle on the store that the options name. @throws StoreOutage if it does not answer */
export function openStore(options: Options, { sharedMemory, onState }: StoreHandleOptions = {}): Promise<Store> {
  const place = redisPlace(options)
  const inboxLimit = options.inboxEntries
  if (place !== null) return openRedisStore({ ...place, inboxLimit, ...(onState === undefined ? {} : { onState }) })
  return openLmdbStore({ path: storePath(options), inboxLimit, ...(sharedMemory === undefined ? {} : { sharedMemory }) })
}

/**
 * Makes the data folder, waits for the store, and lets migrations run once before the workers open it: of its rows, and of the index people
 * are found by.
 * @param onWaiting told why the store has to be waited for
 */
export async function prepareStore(options: Options, log: Log, onWaiting: (because: string) => void): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true })
  const store = await storeOnceThere(options, log, onWaiting)
  try {
    await tellProblems(options, log)
    const indexed = await ensurePeopleIndex(store)
    if (indexed !== undefined && indexed > 0)
      log.info({ event: 'people-indexed', rosters: indexed }, 'the index people are found by was made')
  } finally {
    await store.close()
  }
}

/** What a Redis is set up to lose, or to refuse one day. It serves all the same. */
async function tellProblems(options: Options, log: Log): Promise<void> {
  const place = redisPlace(options)
  if (place === null) return
  const { problems, ...facts } = await inspectRedis(place)
  log.info({ event: 'redis', redis: redactRedisUrl(place.url), ...facts }, 'everything is kept in Redis')
  for (const problem of problems) log.warn({ event: 'redis-problem', problem }, problem)
}

const firstPauseMs = 250
const longestPauseMs = 5_000

/** An embedded store is there or is broken; a Redis may come. */
async function storeOnceThere(options: Options, log: Log, onWaiting: (because: string) => void): Promise<Store> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openStore(options)
    } catch (error) {
      if (!(error instanceof StoreOutage) || redisPlace(options) === null) throw error
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
      const redis = redactRedisUrl(options.store)
      log.warn({ event: 'redis-away', redis, because: error.message, pauseMs }, 'Redis does not serve yet; it is tried again')
      onWaiting(`waiting for Redis: ${error.message}`)
      await pause(pauseMs)
    }
  }
}
