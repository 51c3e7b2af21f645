import { open, type Database } from 'lmdb'
import type { Bytes } from '../contract.js'
import { StoreOutage } from '../contract.js'
import type { Snapshot } from './group-rows.js'
import { rowEncoder } from './row-keys.js'

/** The one table of rows, and the version of the store: how many groups of commits have changed it. */
export interface Environment {
  readonly rows: Database<Buffer, string | Buffer>
  /**
   * Begins a new snapshot for the reads that follow: once in a tick unless another handle has committed since or it is forced.
   * @throws StoreOutage if the environment is closed.
   */
  refresh(isForced?: boolean): void
  /** Bytes of a row, a copy. */
  read(row: string): Bytes | undefined
  /** Bytes of a row, overwritten by the next read: cheaper for who looks at them at once. */
  peek(row: string): Bytes | undefined
  /** The snapshot that reads see now. */
  readonly snapshot: Snapshot
  /** Its version. */
  version(): number
  /**
   * Writes all rows (undefined removes) if the store still has `version` when the write lock is had, else none. No JavaScript runs under the lock.
   * @returns whether they were written, as soon as lmdb tells (all see them before; 3.5 tells after its flush); `durable` resolves when power
   *   loss cannot undo it
   */
  writeAt(
    version: number,
    writes: ReadonlyMap<string, Bytes | undefined>,
  ): { readonly written: Promise<boolean>; readonly durable: Promise<void> }
  /** Takes the one turn to keep that the handles of this process share, and says whether it was free. A thread that dies gives it back. */
  takeTurn(): boolean
  giveTurnBack(): void
  /** Whether some handle of this process has the turn. */
  isTurnTaken(): boolean
  /**
   * Runs `write` under the write lock, blocking this thread; what it throws undoes it all. Only for opening: see {@link writeAt}. Such a write is
   * not what lmdb goes back to after a death, so a usual one, which is, follows before anything else can.
   */
  transact(write: () => void): Promise<void>
  close(): Promise<void>
}

export interface EnvironmentOptions {
  /** Folder of the store. */
  readonly path: string
  /** Address space mapped at first, in bytes; it grows as needed. */
  readonly mapSizeBytes?: number
  /** A number that has changed whenever another handle of the process has committed. */
  readonly changes?: () => number
}

/** The file in the folder of a store that holds all of it. */
export const dataFileName = 'data.mdb'

/** Opens the folder. Several handles, in several threads of a process, may be open on it. */
export function openEnvironment({ path, mapSizeBytes, changes = () => 0 }: EnvironmentOptions): Environment {
  const root = open({ path, noSubdir: false, maxDbs: 4, ...tableOptions, ...writeOptions, ...(mapSizeBytes && { mapSize: mapSizeBytes }) })
  const rows = root.openDB<Buffer, string | Buffer>({ name: 'rows', ...tableOptions })
  const versions = root.openDB<Buffer, string>({ name: 'version', ...tableOptions, useVersions: true })
  if (versions.getEntry(versionRow) === undefined) versions.transactionSync(() => startVersion(versions))
  const turns = rows as unknown as Turns
  const sized = rows as unknown as Sized
  const peek = (row: string): Bytes | undefined => rows.getBinaryFast(row)?.subarray(0, sized.lastSize)
  const refresh = newRefresh(rows, changes)
  let hasFailed = false
  let isClosed = false
  return {
    rows,
    refresh(isForced = false) {
      if (isClosed) throw new StoreOutage('the store is closed')
      refresh(isForced)
    },
    read(row) {
      const bytes = peek(row)
      return bytes === undefined ? undefined : Buffer.from(bytes)
    },
    peek,
    snapshot: { read: peek, rowsFrom: (start, end) => rows.getKeys({ start, end }) as Iterable<string> },
    version: () => versions.getEntry(versionRow)?.version ?? 0,
    writeAt(version, writes) {
      const changed = versions.ifVersion(versionRow, version, () => {
        for (const [row, value] of writes) void (value === undefined ? rows.remove(row) : rows.put(row, value as Buffer))
        void versions.put(versionRow, empty, version + 1)
      })
      const flushed = rows.flushed
      // lmdb's own promises never reject unhandled where they are wrapped: a failed write rejects `written` alone.
      const durable = new Promise<void>((resolve, reject) => void flushed.then(() => resolve(), reject))
      durable.catch(() => undefined)
      const written = changed.then(
        (isWritten) => {
          hasFailed = false
          return isWritten
        },
        (error: unknown) => {
          hasFailed = true
          void commitError(error)?.catch(() => undefined)
          throw error
        },
      )
      return { written, durable }
    },
    takeTurn: () => turns.attemptLock(turn),
    giveTurnBack: () => void turns.unlock(turn),
    isTurnTaken: () => turns.unlock(turn, undefined, true),
    async transact(write) {
      rows.transactionSync(write)
      await versions.put(transactedRow, empty, 1)
      await versions.flushed
    },
    async close() {
      isClosed = true
      // After a failed write lmdb never calls the last flush done, and would wait for it: a write that changes nothing is a new last one.
      if (hasFailed) await rows.remove('absent')
      await root.close()
    },
  }
}

const versionRow = 'version'
const transactedRow = 'transacted'
const turn = 'turn'
const empty = Buffer.alloc(0)
const tableOptions = { encoding: 'binary', keyEncoder: rowEncoder } as const

const writeOptions = {
  // A group is handed over in one piece: a thread that dies halfway through has handed over nothing.
  batchStartThreshold: Number.MAX_SAFE_INTEGER,
  eventTurnBatching: false,
  overlappingSync: true,
  // After the death of a process, too, the store is what had been flushed: the newest state would be taken for flushed, and is not.
  safeRestore: true,
  permissionsMode: 0o600,
} as const

/**
 * The locks of lmdb that its type declarations leave out: held in memory, for all threads of the process, released when their thread ends. We
 * give no callback to be told of a release: one whose thread has died makes a release loop for ever (lmdb 3.5).
 */
interface Turns {
  attemptLock(name: string): boolean
  unlock(name: string, version?: undefined, isOnlyAsked?: boolean): boolean
}

/** Length of the row read last, which the type declarations leave out: what `getBinaryFast` returns is longer. */
interface Sized {
  readonly lastSize: number
}

/**
 * News of other threads' commits come as events: until the next one begins, a snapshot is as new as it need be. Only stamps tell of them at
 * once: what is read after a stamp must not be older than the stamp, or it would be taken for new for ever.
 */
function newRefresh(rows: Database<Buffer, string | Buffer>, changes: () => number): (isForced: boolean) => void {
  let isFresh = false
  let seen = 0
  const expire = (): void => {
    isFresh = false
  }
  return (isForced) => {
    const known = seen
    seen = changes()
    if (isFresh && seen === known && !isForced) return
    rows.resetReadTxn()
    isFresh = true
    process.nextTick(expire)
  }
}

/** Another handle may have been first. */
function startVersion(versions: Database<Buffer, string>): void {
  if (versions.getEntry(versionRow) === undefined) void versions.put(versionRow, empty, 1)
}

function commitError(error: unknown): Promise<unknown> | undefined {
  return error instanceof Error && 'commitError' in error ? Promise.resolve(error.commitError) : undefined
}
