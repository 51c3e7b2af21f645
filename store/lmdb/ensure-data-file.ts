import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { StoreOutage } from '../contract.js'
import { dataFileProblem } from './data-file-problem.js'
import { dataFileName, openEnvironment } from './environment.js'
import { migrate } from './schema.js'

/**
 * Makes the folder of a store and, if there is none, its data file: an empty store, made beside and flushed before it takes its place, because
 * the engine loses what follows when a process dies before its first flush (lmdb 3.5). A name once made is not lost with the power either.
 * @throws StoreOutage if a data file is there that the engine cannot open
 */
export async function ensureDataFile(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, dataFileName)
  if (!existsSync(path)) await makeDataFile(folder)
  const problem = dataFileProblem(path)
  if (problem !== undefined)
    throw new StoreOutage(
      `${path} cannot be opened: ${problem}. Put a copy of it from a backup there, or move it away to begin with an empty store`,
    )
  // Whoever made these names may have died before the names were on the disk.
  for (let at = resolve(folder), height = 0; height < 3; at = dirname(at), height++) syncFolder(at, height > 0)
}

async function makeDataFile(folder: string): Promise<void> {
  const beside = mkdtempSync(join(folder, 'new-'))
  try {
    const environment = openEnvironment({ path: beside })
    await migrate(environment)
    await environment.close()
    const fresh = join(beside, dataFileName)
    syncFile(fresh)
    takePlace(fresh, join(folder, dataFileName))
  } finally {
    rmSync(beside, { recursive: true })
  }
}

/** Another handle, in another thread, may have been first: its file is in use. */
function takePlace(fresh: string, path: string): void {
  try {
    linkSync(fresh, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (!hasCode(error, 'EPERM', 'ENOTSUP', 'ENOSYS')) throw error
    renameSync(fresh, path) // a file system without links
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** @param isAbove whether it is not ours: then it may be one that we may not read, which somebody else has made */
function syncFolder(path: string, isAbove: boolean): void {
  try {
    syncFile(path)
  } catch (error) {
    // Windows opens no folders, and some file systems sync none.
    if (!hasCode(error, 'EISDIR', 'EINVAL', 'EPERM', ...(isAbove ? ['EACCES', 'EROFS'] : []))) throw error
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
