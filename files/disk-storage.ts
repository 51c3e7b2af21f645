import { mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { FileKey } from '../rpc/index.js'
import { isAbsent, orOutage, replaceFile, syncFolder } from './durable.js'
import type { FileAbout, FileStorage } from './file-storage.js'
import { unknownType } from './safe-type.js'

/** A storage on the disk, which also says where a file lies. */
export interface DiskStorage extends FileStorage {
  pathOf(key: FileKey): string
  readonly folder: string
}

/**
 * Files in a folder, in one of 256 subfolders by their key; beside each, in `<key>.json`, what is told of it. What is beside it is written
 * first, so that a file that is there can be told of.
 */
export async function openDiskStorage(folder: string): Promise<DiskStorage> {
  await orOutage('making the folder of files', () => mkdir(folder, { recursive: true }))
  // A key ends in random digits.
  const folderOf = (key: FileKey): string => join(folder, key.slice(-2))
  const pathOf = (key: FileKey): string => join(folderOf(key), key)
  const aboutPathOf = (key: FileKey): string => `${pathOf(key)}.json`
  return {
    folder,
    pathOf,
    keep: (key, path, { filename, type }) =>
      orOutage('keeping a file', async () => {
        if ((await mkdir(folderOf(key), { recursive: true })) !== undefined) await syncFolder(folder)
        await replaceFile(aboutPathOf(key), JSON.stringify({ filename, type }))
        await rename(path, pathOf(key)).catch(async (error: unknown) => {
          if (!isAbsent(error) || (await sizeOf(pathOf(key))) === undefined) throw error
        })
        await syncFolder(folderOf(key))
      }),
    find: (key) =>
      orOutage('looking for a file', async () => {
        // What is told of a file is made before it and goes after it.
        const about = await readAbout(aboutPathOf(key))
        const size = await sizeOf(pathOf(key))
        return size === undefined ? undefined : { ...about, size }
      }),
    read: (key, { first, last }) =>
      orOutage('reading a file', async (): Promise<Readable | undefined> => {
        const file = await open(pathOf(key)).catch(ifAbsent)
        return file?.createReadStream({ start: first, end: last })
      }),
    remove: (key) =>
      orOutage('removing a file', async () => {
        await unlink(pathOf(key)).catch(ifAbsent)
        await unlink(aboutPathOf(key)).catch(ifAbsent)
      }),
    close: () => Promise.resolve(),
  }
}

function ifAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
  return undefined
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ifAbsent))?.size
}

/** A file that has lost what is told of it is still served, as bytes without a name. */
async function readAbout(path: string): Promise<FileAbout> {
  const text = await readFile(path, 'utf8').catch(ifAbsent)
  const read: unknown = text === undefined ? {} : JSON.parse(text)
  const { filename, type } = read as { filename?: unknown; type?: unknown }
  return { filename: typeof filename === 'string' ? filename : 'file', type: typeof type === 'string' ? type : unknownType }
}
