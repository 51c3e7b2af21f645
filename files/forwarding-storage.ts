import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { FilesOutage, type FileKey, parseFileKey } from '../rpc/index.js'
import type { DiskStorage } from './disk-storage.js'
import { orOutage } from './durable.js'
import type { ByteRange, FileAbout, FileStorage, StoredFile } from './file-storage.js'

export interface ForwardingListener {
  /** A file could not be forwarded now; it is served from here, and tried again. */
  readonly onOutage: (outage: unknown) => void
  /** A file has been forwarded. */
  readonly onForwarded?: () => void
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
export class ForwardingStorage implements FileStorage {
  readonly #here: DiskStorage
  readonly #rest: FileStorage
  readonly #listener: ForwardingListener
  readonly #waiting = new Set<FileKey>()
  #isClosed = false
  #running: Promise<void> | undefined
  #endPause: () => void = () => undefined
  /** The attempt that is under way, or was last. */
  #current: { readonly key: FileKey; readonly attempt: Promise<void> } | undefined

  constructor(here: DiskStorage, rest: FileStorage, listener: ForwardingListener) {
    this.#here = here
    this.#rest = rest
    this.#listener = listener
  }

  async keep(key: FileKey, path: string, about: FileAbout): Promise<void> {
    // An attempt ends by removing what lies here; its outcome is for who made it.
    if (this.#current?.key === key) await this.#current.attempt.catch(() => undefined)
    await this.#here.keep(key, path, about).catch(async (error: unknown) => {
      // It may have been kept before, and forwarded since.
      if ((await this.#rest.find(key)) === undefined) throw error
    })
    this.#add(key)
  }

  async find(key: FileKey): Promise<StoredFile | undefined> {
    return (await this.#here.find(key)) ?? this.#rest.find(key)
  }

  async read(key: FileKey, range: ByteRange): Promise<Readable | undefined> {
    return (await this.#here.read(key, range)) ?? this.#rest.read(key, range)
  }

  async remove(key: FileKey): Promise<void> {
    this.#waiting.delete(key)
    await this.#here.remove(key)
    await this.#rest.remove(key)
  }

  /** Forwards what an earlier life of the process has kept and not forwarded. @throws FilesOutage */
  async forwardAll(): Promise<void> {
    for (const key of await keysIn(this.#here.folder)) this.#add(key)
  }

  /** Resolves when nothing waits to be forwarded. */
  async settled(): Promise<void> {
    await this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#endPause()
    await this.#running
    await this.#rest.close()
  }

  #add(key: FileKey): void {
    if (this.#isClosed) return
    this.#waiting.add(key)
    this.#running ??= this.#run()
      .catch(this.#listener.onFault)
      .finally(() => {
        this.#running = undefined
      })
  }

  async #run(): Promise<void> {
    for (const key of this.#waiting) {
      for (let pauseMs = firstPauseMs; !this.#isClosed; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
        if (await this.#attempt(key)) break
        await this.#pause(pauseMs)
      }
      this.#waiting.delete(key)
    }
  }

  /** @returns whether the file rests */
  async #attempt(key: FileKey): Promise<boolean> {
    const attempt = this.#forward(key)
    this.#current = { key, attempt }
    try {
      await attempt
      this.#listener.onForwarded?.()
      return true
    } catch (error) {
      if (!(error instanceof FilesOutage)) throw error
      this.#listener.onOutage(error)
      return false
    }
  }

  async #forward(key: FileKey): Promise<void> {
    const about = await this.#here.find(key)
    if (about === undefined) return
    await this.#rest.keep(key, this.#here.pathOf(key), about)
    await this.#here.remove(key)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
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
