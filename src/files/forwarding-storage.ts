import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FilesOutage, type FileKey, parseFileKey } from '../rpc/index.js'
import type { DiskStorage } from './disk-storage.js'
import { orOutage } from './durable.js'
import type { FileStorage } from './file-storage.js'

/** A storage whose files come to rest elsewhere. */
export interface ForwardingStorage extends FileStorage {
  /** Forwards what an earlier life of the process has kept and not forwarded. */
  forwardAll(): Promise<void>
  /** Resolves when nothing waits to be forwarded. */
  settled(): Promise<void>
}

export interface ForwardingListener {
  /** A file could not be forwarded now; it is served from here, and tried again. */
  readonly onOutage: (outage: unknown) => void
  /** Something is wrong with us. */
  readonly onFault: (fault: unknown) => void
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000

/**
 * Keeps files on the disk first and forwards them, one at a time, to where they rest: a file is there for everybody at once and does not depend
 * on the other storage being reachable. While that is away, files gather here and are tried again, after pauses of 1 s growing to a minute.
 * Two processes or threads may forward the same file: the second finds it taken.
 */
export function newForwardingStorage(here: DiskStorage, rest: FileStorage, listener: ForwardingListener): ForwardingStorage {
  const waiting = new Set<FileKey>()
  let isClosed = false
  let running: Promise<void> | undefined
  let endPause: (() => void) | undefined
  /** The attempt that is under way. */
  let current: { readonly key: FileKey; readonly attempt: Promise<void> } | undefined

  async function forward(key: FileKey): Promise<void> {
    const about = await here.find(key)
    if (about === undefined) return
    await rest.keep(key, here.pathOf(key), about)
    await here.remove(key)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function run(): Promise<void> {
    let pauseMs = firstPauseMs
    for (const key of waiting) {
      while (!isClosed) {
        try {
          const attempt = forward(key)
          current = { key, attempt }
          await attempt
          pauseMs = firstPauseMs
          break
        } catch (error) {
          if (!(error instanceof FilesOutage)) throw error
          listener.onOutage(error)
          await pause(pauseMs)
          pauseMs = Math.min(longestPauseMs, pauseMs * 2)
        }
      }
      waiting.delete(key)
    }
  }

  function add(key: FileKey): void {
    if (isClosed) return
    waiting.add(key)
    running ??= run()
      .catch(listener.onFault)
      .finally(() => {
        running = undefined
      })
  }

  return {
    async keep(key, path, about) {
      // An attempt ends by removing what lies here; its outcome is for who made it.
      if (current?.key === key) await current.attempt.catch(() => undefined)
      await here.keep(key, path, about).catch(async (error: unknown) => {
        // It may have been kept before, and forwarded since.
        if ((await rest.find(key)) === undefined) throw error
      })
      add(key)
    },
    find: async (key) => (await here.find(key)) ?? rest.find(key),
    read: async (key, range) => (await here.read(key, range)) ?? rest.read(key, range),
    async remove(key) {
      waiting.delete(key)
      await here.remove(key)
      await rest.remove(key)
    },
    async forwardAll() {
      for (const key of await keysIn(here.folder)) add(key)
    },
    async settled() {
      await running
    },
    async close() {
      isClosed = true
      endPause?.()
      await running
      await rest.close()
    },
  }
}

async function keysIn(folder: string): Promise<readonly FileKey[]> {
  const keys: FileKey[] = []
  for (const name of await orOutage('listing files', () => readdir(folder))) {
    for (const file of await orOutage('listing files', () => readdir(join(folder, name)))) {
      const key = parseFileKey(file)
      if (key !== undefined) keys.push(key)
    }
  }
  return keys
}
