import { isRecent } from '../clock/index.js'
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { record } from '../protocol/index.js'
import { type FileKey, parseFileKey, type ShelvedPack, type StickerShelf } from '../rpc/index.js'
import { isAbsent, orOutage, replaceFile, syncFolder } from './durable.js'
import type { PackOnShelf, StickerOnShelf } from './sticker-pack.js'

/** Packs of stickers in a folder, one file for each. Whoever reads sees a pack whole, as it was or as it is. */
export interface StickerFolder {
  /** By id, ascending. @param onBroken is told of files that hold no pack */
  read(onBroken: (name: string) => void): Promise<readonly PackOnShelf[]>
  write(pack: PackOnShelf): Promise<void>
  /** Whether there was one. */
  remove(id: number): Promise<boolean>
  /** A number that has changed if a pack has; ns since 1970 UTC. */
  changedAt(): Promise<bigint>
}

const fileName = /^\d{1,10}\.json$/

/** @param folder made if it is not there */
export async function openStickerFolder(folder: string): Promise<StickerFolder> {
  await orOutage('making the folder of stickers', () => mkdir(folder, { recursive: true }))
  const pathOf = (id: number): string => join(folder, `${String(id)}.json`)
  return {
    read: (onBroken) =>
      orOutage('reading stickers', async () => {
        const packs: PackOnShelf[] = []
        for (const name of await readdir(folder)) {
          if (!fileName.test(name)) continue
          const pack = await readPack(join(folder, name))
          if (pack === undefined) onBroken(name)
          else packs.push(pack)
        }
        return packs.sort((a, b) => a.id - b.id)
      }),
    write: (pack) => orOutage('writing stickers', () => replaceFile(pathOf(pack.id), JSON.stringify(pack))),
    remove: (id) =>
      orOutage('removing stickers', async () => {
        const isThere = await unlink(pathOf(id)).then(
          () => true,
          (error: unknown) => {
            if (!isAbsent(error)) throw error
            return false
          },
        )
        await syncFolder(folder)
        return isThere
      }),
    changedAt: () => orOutage('looking at stickers', async () => (await stat(folder, { bigint: true })).mtimeNs),
  }
}

async function readPack(path: string): Promise<PackOnShelf | undefined> {
  try {
    const { shelvedPack } = await import('./sticker-pack.js') // the checks are loaded where there are packs
    return shelvedPack.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // Gone meanwhile, or nothing that we have written: the caller tells of it.
    return undefined
  }
}

export interface ShelfParts {
  /** Where a file of ours is downloaded; null where nobody could. */
  readonly urlOf: (key: FileKey) => string | null
  readonly onBroken: (name: string) => void
  /** ms since 1970 UTC. */
  readonly now: () => number
}

/** Changes within the grain of the clock of a file system may look like none: what was read so soon after a change is read again. */
const grainMs = 2_000

/** A shelf that reads its folder when something in it has changed. */
export function newStickerShelf(folder: StickerFolder, { urlOf, onBroken, now }: ShelfParts): StickerShelf {
  let known: { readonly changedAt: bigint; readonly packs: readonly ShelvedPack[] } | undefined
  return {
    async packs() {
      const changedAt = await folder.changedAt()
      if (known?.changedAt === changedAt) return known.packs
      const packs = (await folder.read(onBroken)).map((pack) => shown(pack, urlOf))
      const isSettled = !isRecent(Number(changedAt / 1_000_000n), grainMs, now())
      known = isSettled ? { changedAt, packs } : undefined
      return packs
    },
  }
}

function shown(
  { id, name, keywords, description, author, stickers, created, updated }: PackOnShelf,
  urlOf: ShelfParts['urlOf'],
): ShelvedPack {
  const descs = stickers.flatMap((sticker, i) => {
    const payload = addressOf(sticker, urlOf)
    if (payload === null) return []
    const { filename, size, emoji } = sticker
    const data = emoji === undefined ? [] : [record('Feature', { key: 'SMILE', value: emoji, group: 'FILE_DATA' })]
    return [
      record('Desc', {
        id: `${String(id)}-${String(i)}`,
        mime: 'sticker',
        payload,
        size,
        filename: filename === '' ? null : filename,
        data,
      }),
    ]
  })
  return { ...record('StickerPack', { name, keywords, description, author, stickers: descs, created, updated }), id }
}

function addressOf({ key, url }: StickerOnShelf, urlOf: ShelfParts['urlOf']): string | null {
  if (url !== undefined) return url
  const own = parseFileKey(key ?? '')
  return own === undefined ? null : urlOf(own)
}
