import { type FileHandle, open, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FilesOutage } from '../rpc/index.js'

/** Lets names that were made in a folder, or moved to it, survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a small file: readers see the old one or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`
  await writeFile(fresh, text, { flush: true })
  await rename(fresh, path)
  await syncFolder(dirname(path))
}

/** Writes all of `bytes` at `offset`, and waits until they are on the disk. */
export async function writeDurably(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
  await file.datasync()
}

export function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}

/** Runs an operation on the disk; whatever the disk refuses is an outage. */
export async function orOutage<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof FilesOutage) throw error
    throw new FilesOutage(`${what} failed`, { cause: error })
  }
}
