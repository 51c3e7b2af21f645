import type { Commit, OnState, Store } from '../contract.js'
import { defaultInboxLimit, StoreOutage } from '../contract.js'
import { CommitQueue } from './commit-queue.js'
import { watchDisk } from './disk-room.js'
import { ensureDataFile } from './ensure-data-file.js'
import { openEnvironment, type Environment, type EnvironmentOptions } from './environment.js'
import { lmdbReader } from './reader.js'
import { requireCommit } from '../require-commit.js'
import { migrate } from './schema.js'
import { stampsIn, turnsIn } from './shared-memory.js'
import { openSharedTurns } from './shared-turns.js'
import { openStamps } from './stamps.js'

export interface LmdbStoreOptions extends Omit<EnvironmentOptions, 'changes'> {
  /** Entries an inbox holds at most, the oldest dropped first; 1,000 by default. */
  readonly inboxLimit?: number
  /** A commit that has waited for so long behind others is refused with StoreOutage, and nothing of it is done; 10,000 ms by default. */
  readonly commitWaitMs?: number
  /** Told whenever commits have to be planned again, because another handle wrote first. */
  readonly onReplanned?: () => void
  /** Told when the disk has no room for more, and when it has again. */
  readonly onState?: OnState
  /** Made by `newSharedMemory`, the same for all handles of the process: gives them turns at writing, and the store stamps. */
  readonly sharedMemory?: SharedArrayBuffer
}

/**
 * Opens the store in `path`, and makes it if it is not there. Each thread that needs it opens a handle of its own; all of them may read and commit.
 * @throws StoreOutage if the folder was written by a newer version of the program, or cannot be opened.
 */
export async function openLmdbStore(given: LmdbStoreOptions): Promise<Store> {
  const {
    inboxLimit = defaultInboxLimit,
    commitWaitMs: waitLimitMs = 10_000,
    onReplanned = () => undefined,
    onState = () => undefined,
    sharedMemory,
    ...options
  } = given
  const stamps = sharedMemory === undefined ? undefined : openStamps(stampsIn(sharedMemory))
  await ensureDataFile(options.path)
  const environment = openEnvironment({ ...options, ...(stamps === undefined ? {} : { changes: stamps.changes }) })
  await migrateOrClose(environment)
  const turns = sharedMemory === undefined ? undefined : openSharedTurns(turnsIn(sharedMemory), environment.isTurnTaken)
  const onWritten = (commit: Commit): void => stamps?.touch(commit)
  const room = watchDisk({ path: options.path, onState, tryWrite: () => writeNothing(environment) })
  const queue = new CommitQueue({ environment, room, inboxLimit, turns, waitLimitMs, onWritten, onReplanned })
  let closing: Promise<void> | undefined
  return {
    ...lmdbReader(environment),
    ...(stamps === undefined ? {} : { stamps }),
    async commit(commit) {
      if (closing !== undefined) throw new StoreOutage('the store is closed')
      requireCommit(commit)
      return queue.add(commit)
    },
    close() {
      closing ??= queue.idle().then(() => {
        room.close()
        return environment.close()
      })
      return closing
    },
  }
}

/** Commits a new version and no row. */
async function writeNothing(environment: Environment): Promise<void> {
  environment.refresh(true)
  const { written, durable } = environment.writeAt(environment.version(), new Map())
  await written
  await durable
}

async function migrateOrClose(environment: Environment): Promise<void> {
  try {
    await migrate(environment)
  } catch (error) {
    await environment.close()
    throw error
  }
}
