import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OnState, StoreOutage } from '../contract.js'

/**
 * Whether the disk has room for what is to be written: asked before the engine is, which tells a failed write on stderr by itself, in lines of
 * its own, and (lmdb 3.5.6) spoils memory as it does. So some room is kept: below it nothing is written, by nobody, until there is more.
 *
 * A write may fail all the same: a quota, a limit on the size of files, a disk that is broken. Then the engine is not asked again before a
 * file beside it could be written; the first write is one that changes nothing.
 */
export interface DiskRoom {
  /** @throws StoreOutage if there is no room */
  require(): void
  /** The engine could not write. @returns what to tell whoever waits for it */
  failed(error: unknown): Promise<StoreOutage>
  close(): void
}

export interface DiskRoomParts {
  /** Folder of the store. */
  readonly path: string
  readonly onState: OnState
  /** Lets the engine write something that changes nothing. */
  readonly tryWrite: () => Promise<unknown>
}

/** Kept free: so much, or this share of a small disk. A quarter more must be free before writing begins again. */
const reserve = { bytes: 64 * 1024 * 1024, share: 0.05, again: 1.25 }
const probeBytes = 1024 * 1024
const shortestPauseMs = 1_000
const longestPauseMs = 30_000

type Room = { readonly kind: 'enough' | 'enough-again' } | { readonly kind: 'none'; readonly because: string }

export function watchDisk({ path, onState, tryWrite }: DiskRoomParts): DiskRoom {
  let outage: StoreOutage | undefined
  let hasEngineFailed = false
  let pauseMs = shortestPauseMs
  let timer: NodeJS.Timeout | undefined

  function begin(because: string, cause?: unknown): StoreOutage {
    const isNew = outage === undefined
    outage = new StoreOutage(because, { cause, lacks: 'disk' })
    timer ??= setTimeout(look, pauseMs).unref()
    if (isNew) onState(false, because, 'disk')
    return outage
  }

  function end(): void {
    outage = undefined
    hasEngineFailed = false
    pauseMs = shortestPauseMs
    onState(true, 'the disk has room again')
  }

  function look(): void {
    timer = undefined
    isUsable().then(
      (isSo) => {
        if (isSo) end()
        else again()
      },
      (error: unknown) => {
        // The engine was asked, in vain.
        pauseMs = Math.min(longestPauseMs, pauseMs * 2)
        void reasonOf(error).then((because) => {
          begin(because, error)
        })
      },
    )
  }

  function again(): void {
    timer = setTimeout(look, pauseMs).unref()
  }

  async function isUsable(): Promise<boolean> {
    if (roomOf(path).kind !== 'enough-again') return false
    if (!hasEngineFailed) return true
    if (!canWriteBeside(path)) return false
    await tryWrite()
    return true
  }

  return {
    require() {
      if (outage !== undefined) throw outage
      const room = roomOf(path)
      if (room.kind === 'none') throw begin(room.because)
    },
    async failed(error) {
      if (!isOfEngine(error)) return new StoreOutage('the store cannot write', { cause: error })
      hasEngineFailed = true
      return begin(await reasonOf(error), error)
    },
    close() {
      clearTimeout(timer)
    },
  }
}

function roomOf(path: string): Room {
  const { bsize, blocks, bavail } = statfsSync(path)
  const [total, free] = [blocks * bsize, bavail * bsize]
  if (total === 0) return { kind: 'enough-again' } // a file system that does not tell
  const kept = Math.min(reserve.bytes, total * reserve.share)
  if (free >= kept * reserve.again) return { kind: 'enough-again' }
  if (free >= kept) return { kind: 'enough' }
  return {
    kind: 'none',
    because: `the disk is full: ${mebibytes(free)} of ${mebibytes(total)} are free for ${path}, ${mebibytes(kept)} are kept`,
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`
}

function canWriteBeside(path: string): boolean {
  const probe = join(path, 'probe')
  try {
    writeFileSync(probe, Buffer.alloc(probeBytes), { flush: true })
    return true
  } catch {
    return false // why is known from the engine's own failure
  } finally {
    rmSync(probe, { force: true })
  }
}

/** lmdb's errors have the number of the operating system's, or say where it is to be had. */
function isOfEngine(error: unknown): boolean {
  return error instanceof Error && ('commitError' in error || ('code' in error && typeof error.code === 'number'))
}

/** lmdb tells what was wrong in a promise of its own, which it settles in the turn in which the write is rejected. */
async function reasonOf(error: unknown): Promise<string> {
  const told: unknown = error instanceof Error && 'commitError' in error ? error.commitError : error
  const cause = await Promise.race([Promise.resolve(told).catch((reason: unknown) => reason), new Promise(setImmediate)])
  const [because = ''] = (cause instanceof Error ? cause.message : 'it gives no reason').split(': Attempting')
  return `the disk does not take what is written: ${because}`
}
