import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { monotonicMs } from '../clock/index.js'
import { ensurePeopleIndex, type MigrationProgress, runMigrations } from '../rpc/index.js'
import { inspectRedis, type OnState, openLmdbStore, openRedisStore, redactRedisUrl, type Store, StoreOutage } from '../store/index.js'
import type { Log } from './log.js'
import type { Options } from './options-table.js'
import { closeToOthers } from './private-files.js'
import { StartProblem } from './start-problem.js'
import { storePath } from './worker-data.js'

/** Where the Redis of a cluster is; null for a process that has its store for itself. */
export function redisPlace({ store, redisPrefix }: Options): { readonly url: string; readonly prefix: string } | null {
  return store === 'lmdb' ? null : { url: store, prefix: redisPrefix }
}

export interface StoreHandleOptions {
  /** What the handles of this process share; only the embedded store uses it. */
  readonly sharedMemory?: SharedArrayBuffer
  /** Told when commits are planned again because another handle wrote first; only the embedded store does so. */
  readonly onReplanned?: () => void
  /** Told when the store can no longer serve, and when it can again. */
  readonly onState?: OnState
}

/** Opens a handle on the store that the options name. @throws StoreOutage if it does not answer */
export function openStore(options: Options, { onState, ...shared }: StoreHandleOptions = {}): Promise<Store> {
  const place = redisPlace(options)
  const inboxLimit = options.inboxEntries
  const told = onState === undefined ? {} : { onState }
  if (place !== null) return openRedisStore({ ...place, inboxLimit, ...told })
  return openLmdbStore({ path: storePath(options), inboxLimit, commitWaitMs: options.requestDeadlineMs, ...told, ...shared })
}

/**
 * Makes the data folder, closes it to other users of the machine, waits for the store, and lets migrations run once before the workers open it: of its rows, and of the index people
 * are found by.
 * @param onWaiting told why the store has to be waited for
 * @throws StartProblem if the embedded store cannot be opened
 */
export async function prepareStore(options: Options, log: Log, onWaiting: (because: string) => void): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true })
  tellOpenFolder(options, log)
  const store = await storeOnceThere(options, log, onWaiting)
  try {
    await tellProblems(options, log)
    await migrate(store, options, log, onWaiting)
    const indexed = await ensurePeopleIndex(store)
    if (indexed !== undefined && indexed > 0)
      log.info({ event: 'people-indexed', rosters: indexed }, 'the index people are found by was made')
  } finally {
    await store.close()
  }
}

const progressEveryMs = 10_000

/** Rewrites what an earlier version of the program has stored. @throws StartProblem if a newer one has */
async function migrate(store: Store, options: Options, log: Log, onWaiting: (because: string) => void): Promise<void> {
  const begun = monotonicMs()
  let told = -Infinity
  let latest: MigrationProgress | undefined
  let waitsFor = ''
  const result = await runMigrations({
    ...{ store, holder: randomUUID(), leaseMs: options.leaseMs, wait: (ms) => pause(ms), now: () => monotonicMs() },
    onProgress(progress) {
      latest = progress
      if (monotonicMs() - told < progressEveryMs) return
      told = monotonicMs()
      onWaiting(`what is stored is being rewritten: ${progress.migration}`)
      log.info({ event: 'migrating', ...progress }, 'what an earlier version has stored is being rewritten')
    },
    onWaiting(whom) {
      const what =
        whom === 'holder'
          ? 'another process rewrites what an earlier version has stored'
          : 'what is stored has to be rewritten for this version: all processes of the earlier version must end first'
      onWaiting(what)
      if (what !== waitsFor) log.info({ event: 'migration-waits' }, what)
      waitsFor = what
    },
    async onOutage(outage) {
      if (redisPlace(options) === null) throw new StartProblem(outage.message, { cause: outage })
      log.warn({ event: 'redis-away', because: outage.message, pauseMs: longestPauseMs }, 'Redis does not serve; it is tried again')
      onWaiting(`waiting for Redis: ${outage.message}`)
      await pause(longestPauseMs)
    },
  })
  if (result.kind === 'newer') {
    const { found, known } = result
    throw new StartProblem(
      `what is stored has layout ${found}, this program knows ${known}: it was written by a newer version. Run that one, or start with a backup.`,
    )
  }
  if (latest !== undefined) {
    log.info(
      { event: 'migrated', migration: latest.migration, rows: latest.rows, ms: Math.round(monotonicMs() - begun) },
      'what an earlier version has stored was rewritten',
    )
  }
}

/** Folders that lie in the data folder, and whether their files lie directly in them. */
const dataFolders = [
  { name: 'store', isFlat: true },
  { name: 'transfers', isFlat: true },
  { name: 'stickers', isFlat: false }, // an operator who loads packs as another user leaves files that the server must be able to read
  { name: 'files', isFlat: false },
]

function tellOpenFolder({ dataDir }: Options, log: Log): void {
  const open = closeToOthers(dataDir, dataFolders)
  if (open.length === 0) return
  const problems = open.flatMap(({ problem }) => problem ?? [])
  const what = 'other users of this machine had rights to the data folder'
  const outcome = problems.length === 0 ? 'they were taken away' : 'not all could be taken away: chmod -R go-rwx'
  log.warn(
    { event: 'data-folder-open', folder: dataDir, open: open.map(({ path, mode }) => `${mode} ${path}`), problems },
    `${what}; ${outcome}`,
  )
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
      if (!(error instanceof StoreOutage)) throw error
      if (redisPlace(options) === null) throw new StartProblem(error.message, { cause: error })
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
      const redis = redactRedisUrl(options.store)
      log.warn({ event: 'redis-away', redis, because: error.message, pauseMs }, 'Redis does not serve yet; it is tried again')
      onWaiting(`waiting for Redis: ${error.message}`)
      await pause(pauseMs)
    }
  }
}
