import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAbsent } from './durable.js'
import { typeOf } from './safe-type.js'
import type { PackSource } from './sticker-pack.js'

/** A picture of a pack. */
export interface PictureSource {
  readonly file: string
  readonly bytes: Uint8Array
  /** SHA-256, hex. */
  readonly sum: string
}

/** A pack that an operator has written, and its pictures by their names. */
export interface ReadPack {
  readonly source: PackSource
  readonly pictures: ReadonlyMap<string, PictureSource>
}

export type ReadPacks =
  { readonly kind: 'packs'; readonly packs: readonly ReadPack[] } | { readonly kind: 'problems'; readonly problems: readonly string[] }

const manifest = 'pack.json'
const maxManifestBytes = 1_048_576
const maxPictureBytes = 1_048_576
const maxPacks = 1_000
const pictureTypes: ReadonlySet<string> = new Set(['image/png', 'image/webp', 'image/gif', 'image/jpeg'])

/**
 * Reads the pack in a folder, or those in its subfolders. All of them are right, or none is returned, with everything that is wrong.
 * @see docs/stickers.md
 */
export async function readPacks(folder: string): Promise<ReadPacks> {
  const folders = await packFolders(folder)
  if (folders.length === 0) return { kind: 'problems', problems: [`there is no ${manifest} in ${folder}, nor in a folder in it`] }
  if (folders.length > maxPacks) return { kind: 'problems', problems: [`there are more than ${String(maxPacks)} packs`] }
  const read = []
  for (const one of folders) read.push(await readPack(one))
  const packs = read.flatMap((one) => (Array.isArray(one) ? [] : [one]))
  const problems = [...read.flatMap((one) => (Array.isArray(one) ? one : [])), ...repeatedIds(packs)]
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'packs', packs }
}

async function packFolders(folder: string): Promise<readonly string[]> {
  if (await hasManifest(folder)) return [folder]
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const subfolders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  const found: string[] = []
  for (const one of subfolders.sort()) if (await hasManifest(one)) found.push(one)
  return found
}

async function hasManifest(folder: string): Promise<boolean> {
  return (await sizeOf(join(folder, manifest))) !== undefined
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    if (!isAbsent(error)) throw error
    return undefined
  })
  return found?.isFile() === true ? found.size : undefined
}

/** The pack, or what is wrong with it. */
async function readPack(folder: string): Promise<ReadPack | string[]> {
  const path = join(folder, manifest)
  if (((await sizeOf(path)) ?? 0) > maxManifestBytes) return [`${path} has more than 1 MiB`]
  const { packSource } = await import('./sticker-pack.js')
  const parsed = packSource.safeParse(parseJson(await readFile(path, 'utf8')))
  if (!parsed.success) return parsed.error.issues.map(({ path: at, message }) => `${path}: ${at.map(String).join('.') || 'it'}: ${message}`)
  const pictures = new Map<string, PictureSource>()
  const problems: string[] = []
  for (const { file } of parsed.data.stickers) {
    if (file === undefined || pictures.has(file)) continue
    const picture = await readPicture(join(folder, file), file)
    if (typeof picture === 'string') problems.push(picture)
    else pictures.set(file, picture)
  }
  return problems.length > 0 ? problems : { source: parsed.data, pictures }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema says of what is no JSON that it is no object.
    return undefined
  }
}

async function readPicture(path: string, file: string): Promise<PictureSource | string> {
  const size = await sizeOf(path)
  if (size === undefined) return `${path} is not there`
  if (size > maxPictureBytes) return `${path} has more than 1 MiB`
  const bytes = await readFile(path)
  if (!pictureTypes.has(typeOf(bytes))) return `${path} is no PNG, WebP, GIF or JPEG`
  return { file, bytes, sum: createHash('sha256').update(bytes).digest('hex') }
}

function repeatedIds(packs: readonly ReadPack[]): readonly string[] {
  const ids = packs.map(({ source: { id } }) => id)
  const repeated = new Set(ids.filter((id, i) => ids.indexOf(id) < i))
  return [...repeated].map((id) => `two packs have the id ${String(id)}`)
}
