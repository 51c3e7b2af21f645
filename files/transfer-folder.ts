import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type FileKey, FilesOutage, parseFileKey, type TransferFiles } from '../rpc/index.js'
import { isAbsent, orOutage, syncFolder, writeDurably } from './durable.js'
import { plainFilename } from './filename.js'
import type { FileStorage } from './file-storage.js'
import { typeBytes, typeOf } from './safe-type.js'

export interface TransferFolderParts {
  /** Where files lie until they are whole; made if it is not there. */
  readonly folder: string
  /** Where they go then; on the same disk if it is one. */
  readonly storage: FileStorage
  /** What the URL of a file begins with; its key follows. */
  readonly url: string
  /** What the storage has to do at times, beside removing what nobody adds to. */
  readonly onTidy?: () => Promise<void>
}

/**
 * Unfinished files in a folder, one by key. At most one is written at a time: the threads in which Node waits for disks are few, and the store
 * and everybody else need them too.
 */
export async function openTransferFolder({ folder, storage, url, onTidy }: TransferFolderParts): Promise<TransferFiles> {
  await orOutage('making the folder of transfers', () => mkdir(folder, { recursive: true }))
  const pathOf = (key: FileKey): string => join(folder, key)
  const inTurn = newTurns()

  async function write(key: FileKey, offset: number, bytes: Uint8Array): Promise<void> {
    const file = await open(pathOf(key), offset === 0 ? 'w' : 'r+').catch(async (error: unknown) => {
      // The last block, sent again because its commit did not live: the file has been kept with it.
      if (!isAbsent(error) || (await storage.find(key)) === undefined) throw error
    })
    if (file === undefined) return
    await writeDurably(file, bytes, offset).finally(() => file.close())
    if (offset === 0) await syncFolder(folder)
  }

  async function keep(key: FileKey, filename: string): Promise<void> {
    const type = await beginningOf(pathOf(key)).then(typeOf, () => undefined)
    const about = type === undefined ? await storage.find(key) : { type, filename: plainFilename(filename) }
    if (about === undefined) throw new FilesOutage('the file is gone')
    await storage.keep(key, pathOf(key), about)
  }

  return {
    holds: (key, length) =>
      orOutage('looking for a transfer', async () => {
        if (length === 0) return true
        const size = (await stat(pathOf(key)).catch(() => undefined))?.size
        return size === undefined ? (await storage.find(key)) !== undefined : size >= length
      }),
    write: (key, offset, bytes) => inTurn(() => orOutage('writing a transfer', () => write(key, offset, bytes))),
    keep: (key, filename) => inTurn(() => orOutage('keeping a transfer', () => keep(key, filename))),
    async remove(key) {
      await inTurn(() => unlinkIfThere(pathOf(key)))
      await storage.remove(key)
    },
    async tidy(before) {
      for (const name of await orOutage('listing transfers', () => readdir(folder))) {
        const path = join(folder, name)
        const changed = (await stat(path).catch(() => undefined))?.mtimeMs
        if (parseFileKey(name) !== undefined && changed !== undefined && changed < before) await unlinkIfThere(path)
      }
      await onTidy?.()
    },
    urlOf: (key) => url + key,
  }
}

/** Runs what it is given one after another. */
function newTurns(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const turn = last.then(run)
    last = turn.catch(() => undefined) // whoever asked for the turn is told
    return turn
  }
}

async function beginningOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(typeBytes), 0, typeBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function unlinkIfThere(path: string): Promise<void> {
  return orOutage('removing a transfer', () =>
    unlink(path).catch((error: unknown) => {
      if (!isAbsent(error)) throw error
    }),
  )
}
