import { wallMs } from '../clock/index.js'
import { randomBytes } from 'node:crypto'
import { openStickerFolder, type PackOnShelf, readPacks, type ReadPack, type StickerFolder, type StickerOnShelf } from '../files/index.js'
import { newFileKey, type TransferFiles } from '../rpc/index.js'
import { openStorage, openTransfers } from './open-files.js'
import { loadOptions } from './options-load.js'
import type { Options } from './options-table.js'
import { stickersPath } from './worker-data.js'

/** What an operator asks about packs of stickers. */
export type StickersAsked =
  { readonly kind: 'load'; readonly folder: string } | { readonly kind: 'list' } | { readonly kind: 'remove'; readonly id: number }

export type StickersAnswer =
  | { readonly kind: 'done'; readonly lines: readonly string[] }
  /** Nothing was changed. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** Where a command runs: as for the server, its folder and its environment say where the data is. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * Loads, lists and removes packs of stickers, beside a server that runs or without one: packs are files that a server reads when they have
 * changed.
 * @param argv the flags with which the server is started, as far as they say where its data is
 * @see docs/stickers.md
 */
export async function runStickers(asked: StickersAsked, argv: readonly string[], { env, cwd }: Surroundings): Promise<StickersAnswer> {
  const loaded = loadOptions(argv, env, cwd)
  if (loaded.kind === 'problems') return loaded
  if (loaded.kind !== 'options') return { kind: 'done', lines: [loaded.text] }
  const path = stickersPath(loaded.options)
  const folder = await openStickerFolder(path)
  switch (asked.kind) {
    case 'load':
      return load(asked.folder, folder, loaded.options)
    case 'list':
      return { kind: 'done', lines: await list(folder, path) }
    case 'remove':
      return (await folder.remove(asked.id))
        ? { kind: 'done', lines: [`pack ${String(asked.id)} was removed; pictures that were sent stay`] }
        : { kind: 'problems', problems: [`there is no pack ${String(asked.id)}`] }
  }
}

async function list(folder: StickerFolder, path: string): Promise<readonly string[]> {
  const broken: string[] = []
  const packs = await folder.read((name) => broken.push(`${name}\tholds no pack`))
  if (packs.length + broken.length === 0) return [`no packs in ${path}`]
  return [...packs.map(({ id, name, stickers }) => `${String(id)}\t${name}\t${String(stickers.length)} stickers`), ...broken]
}

async function load(from: string, folder: StickerFolder, options: Options): Promise<StickersAnswer> {
  const read = await readPacks(from)
  if (read.kind === 'problems') return read
  const opened = await openStorage(options, { onOutage: fail, onFault: fail })
  try {
    const transfers = await openTransfers(options, opened, { url: '' })
    const known = new Map((await folder.read(() => undefined)).map((pack) => [pack.id, pack]))
    const lines: string[] = []
    for (const pack of read.packs) {
      const before = known.get(pack.source.id)
      await folder.write(await shelve(pack, before, transfers))
      lines.push(`${before === undefined ? 'loaded' : 'loaded again'}\t${String(pack.source.id)}\t${pack.source.name}`)
    }
    await opened.catchUp()
    return { kind: 'done', lines }
  } finally {
    await opened.storage.close()
  }
}

function fail(error: unknown): never {
  throw error
}

/** Keeps the pictures that are new, and says where all of them are. Old ones stay: they have been sent. */
async function shelve({ source, pictures }: ReadPack, before: PackOnShelf | undefined, transfers: TransferFiles): Promise<PackOnShelf> {
  const now = wallMs()
  const kept = new Map((before?.stickers ?? []).map((sticker) => [sticker.sum, sticker.key]))
  const stickers: StickerOnShelf[] = []
  for (const { file, url, emoji } of source.stickers) {
    const rest = emoji === undefined ? {} : { emoji }
    const picture = pictures.get(file ?? '')
    if (picture === undefined) {
      stickers.push({ ...rest, ...(url === undefined ? {} : { url }), filename: '', size: 0 })
      continue
    }
    const key = kept.get(picture.sum) ?? (await keepPicture(picture, transfers, now))
    kept.set(picture.sum, key)
    stickers.push({ ...rest, key, sum: picture.sum, filename: picture.file, size: picture.bytes.length })
  }
  return { ...source, stickers, created: before?.created ?? now, updated: now }
}

async function keepPicture(
  picture: { readonly file: string; readonly bytes: Uint8Array },
  transfers: TransferFiles,
  now: number,
): Promise<string> {
  const key = newFileKey(now, randomBytes(32))
  await transfers.write(key, 0, picture.bytes)
  await transfers.keep(key, picture.file)
  return key
}
