import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Seeded } from '../faults/seeded.js'
import type { Recorded } from './recording.js'

/**
 * A disk with a volatile write cache, as a recorded program has used it. What was synced is on it; of everything else a cut of the power
 * leaves any part: each write or none, torn between sectors of 512 bytes, and of the names that no sync of their folder has made safe the
 * first few. A sector holds what it held at some moment since it was last safe. A file that grew may have its new length before its bytes.
 *
 * This is what POSIX and disks promise at least; file systems often do better.
 */
export interface Disk {
  /** What the program did next. @param index its place among all records */
  apply(recorded: Recorded, index: number): void
  /** Writes into an empty folder what a cut now may leave. */
  cut(random: Seeded, folder: string): void
  /**
   * The process has died, perhaps before its last write was made, or in the middle of it.
   * @param folder as the page cache has kept it
   * @returns that write, with as many of its bytes as are there, or with what was there before; undefined if all of it is there
   * @throws if the folder holds anything else, as when the recorder has missed something
   */
  reconcile(folder: string): { readonly index: number; readonly bytes: Buffer } | undefined
}

const sectorBytes = 512

interface PendingWrite {
  readonly index: number
  readonly at: number
  bytes: Buffer
}

interface DiskFile {
  /** What is safe. */
  safe: Buffer
  /** Sectors made safe by themselves, with the index of what they hold. */
  readonly safeSectors: Map<number, number>
  /** In order. */
  pending: PendingWrite[]
  /** Written through memory, to what purpose does not outlive a boot: may hold anything. */
  isScratch: boolean
}

interface NameChange {
  readonly index: number
  readonly name: string
  /** The inode; undefined if the name goes, 'folder' if a folder is made. */
  readonly becomes: number | 'folder' | undefined
}

type Names = Map<string, number | 'folder'>

/** What is on a disk at first: all of it is safe. */
export interface DiskStart {
  readonly folders: ReadonlyMap<number, string>
  readonly files: ReadonlyMap<number, Buffer>
  readonly names: ReadonlyMap<string, number | 'folder'>
}

/** Reads a folder, in which a program is then recorded: its inodes are those of the records. */
export function readDiskStart(folder: string): DiskStart {
  const [folders, files, names] = [new Map<number, string>(), new Map<number, Buffer>(), new Map<string, number | 'folder'>()]
  function read(path: string, name: string): void {
    folders.set(statSync(path).ino, name)
    if (name !== '') names.set(name, 'folder')
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const [inside, inner] = [join(path, entry.name), join(name, entry.name)]
      if (entry.isDirectory()) read(inside, inner)
      else {
        const { ino } = statSync(inside)
        names.set(inner, ino)
        files.set(ino, readFileSync(inside))
      }
    }
  }
  read(folder, '')
  return { folders, files, names }
}

export function newDisk(start: DiskStart): Disk {
  const files = new Map<number, DiskFile>([...start.files].map(([file, safe]) => [file, newFile(safe)]))
  const folders = new Map(start.folders)
  const names: Names = new Map(start.names)
  let pendingNames: NameChange[] = []
  const syncs = new Map<number, number>()
  let lastWrite: PendingWrite | undefined

  function fileOf(file: number): DiskFile {
    const found = files.get(file)
    if (found === undefined) throw new Error(`inode ${String(file)} is written, and nobody has made it`)
    return found
  }

  function change(index: number, name: string, becomes: NameChange['becomes']): void {
    pendingNames.push({ index, name, becomes })
  }

  function sync(file: number, index: number): void {
    const folder = folders.get(file)
    if (folder === undefined) {
      const found = fileOf(file)
      const done = found.pending.filter((write) => write.index < index)
      found.pending = found.pending.filter((write) => write.index >= index)
      found.safe = laid(found, done)
      return
    }
    const isDone = (one: NameChange): boolean => one.index < index && folderOf(one.name) === folder
    for (const one of pendingNames.filter(isDone)) rename(names, one)
    pendingNames = pendingNames.filter((one) => !isDone(one))
  }

  /** A write that is safe by itself: its sectors are, with what the page cache held in them. */
  function syncWrite(file: number, index: number): void {
    const found = fileOf(file)
    const write = found.pending.find((one) => one.index === index)
    if (write === undefined) return // a sync has made it safe already
    const sectors = sectorsOf(write)
    const before = found.pending.filter((one) => one.index <= index)
    found.safe = laid(found, before, (sector) => sectors.includes(sector))
    for (const sector of sectors) found.safeSectors.set(sector, index)
    found.pending = found.pending.filter((one) => one !== write)
  }

  function cachedNames(): Names {
    const all = new Map(names)
    for (const one of pendingNames) rename(all, one)
    return all
  }

  return {
    apply(recorded, index) {
      switch (recorded.kind) {
        case 'create':
          files.set(recorded.file, newFile(Buffer.alloc(0)))
          folders.delete(recorded.file)
          change(index, recorded.name, recorded.file)
          return
        case 'make-folder':
          folders.set(recorded.file, recorded.name)
          files.delete(recorded.file)
          change(index, recorded.name, 'folder')
          return
        case 'unlink':
          change(index, recorded.name, undefined)
          return
        case 'rename':
          change(index, recorded.from, undefined)
          change(index, recorded.name, folders.has(recorded.file) ? 'folder' : recorded.file)
          return
        case 'link':
          change(index, recorded.name, recorded.file)
          return
        case 'write': {
          const write = { index, at: recorded.at, bytes: recorded.bytes }
          fileOf(recorded.file).pending.push(write)
          lastWrite = write
          return
        }
        case 'write-synced':
          syncWrite(recorded.file, recorded.index)
          return
        case 'sync-begin':
          syncs.set(index, recorded.file)
          return
        case 'sync-end':
          sync(recorded.file, recorded.index)
          return
        case 'map':
          fileOf(recorded.file).isScratch = true
          return
        case 'truncate':
          // The engine sizes its locks so, as it opens them, before it maps them.
          if (recorded.size > 0 && fileOf(recorded.file).safe.length > recorded.size)
            throw new Error('a file is cut shorter, which this disk does not know')
          fileOf(recorded.file).pending.push({ index, at: recorded.size, bytes: Buffer.alloc(0) })
          return
        case 'death':
          syncs.clear()
          return
        case 'acknowledged':
      }
    },
    cut(random, folder) {
      const left = new Map(names)
      const kept = [0, pendingNames.length, random.integer(0, pendingNames.length)][random.integer(0, 2)]
      for (const one of pendingNames.slice(0, kept)) rename(left, one)
      const style = newStyle(random)
      for (const [name, what] of [...left].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (folderOf(name) !== '' && left.get(folderOf(name)) !== 'folder') continue // its folder is lost
        const path = join(folder, name)
        if (what === 'folder') mkdirSync(path)
        else writeFileSync(path, contentAfterCut(fileOf(what), style, random))
      }
    },
    reconcile(folder) {
      let lost: { readonly index: number; readonly bytes: Buffer } | undefined
      for (const [name, what] of cachedNames()) {
        if (what === 'folder' || fileOf(what).isScratch) continue
        const { pending } = fileOf(what)
        const found = readFileSync(join(folder, name))
        if (found.equals(laid(fileOf(what), pending))) continue
        const last = pending.at(-1)
        if (last !== undefined && last === lastWrite) {
          last.bytes = found.subarray(last.at, Math.min(found.length, last.at + last.bytes.length))
          lost = { index: last.index, bytes: last.bytes }
        }
        if (!found.equals(laid(fileOf(what), pending))) throw new Error(`${name} holds what was not recorded`)
      }
      return lost
    },
  }
}

function newFile(safe: Buffer): DiskFile {
  return { safe, safeSectors: new Map(), pending: [], isScratch: false }
}

function folderOf(name: string): string {
  const folder = dirname(name)
  return folder === '.' ? '' : folder
}

function rename(names: Names, { name, becomes }: NameChange): void {
  if (becomes === undefined) names.delete(name)
  else names.set(name, becomes)
}

function sectorsOf({ at, bytes }: Pick<PendingWrite, 'at' | 'bytes'>): readonly number[] {
  const first = Math.floor(at / sectorBytes)
  const last = Math.floor((at + bytes.length - 1) / sectorBytes)
  return bytes.length === 0 ? [] : Array.from({ length: last - first + 1 }, (_, place) => first + place)
}

/** What is safe of a file with writes laid over it, in order: those parts of them that are in `wanted` sectors and not older than these hold. */
function laid(
  { safe, safeSectors }: DiskFile,
  writes: readonly PendingWrite[],
  wanted?: (sector: number, index: number) => boolean,
): Buffer {
  const content = Buffer.alloc(endOf(writes, safe.length))
  safe.copy(content)
  let size = safe.length
  for (const write of writes) {
    for (const sector of sectorsOf(write)) {
      if ((safeSectors.get(sector) ?? -1) > write.index || wanted?.(sector, write.index) === false) continue
      const from = Math.max(write.at, sector * sectorBytes)
      const to = Math.min(write.at + write.bytes.length, (sector + 1) * sectorBytes)
      write.bytes.copy(content, from, from - write.at, to - write.at)
      size = Math.max(size, to)
    }
  }
  return content.subarray(0, size)
}

function endOf(writes: readonly PendingWrite[], otherwise: number): number {
  return writes.reduce((most, { at, bytes }) => Math.max(most, at + bytes.length), otherwise)
}

/** Which writes of a cut survive, and whether they may be torn. */
interface Style {
  survives(write: PendingWrite, place: number, count: number): boolean
  readonly isTorn: boolean
  readonly growsFirst: boolean
}

/** Most cuts leave a random part; some leave all but one write or one alone, or only the small ones (metas), or only the large ones (pages). */
function newStyle(random: Seeded): Style {
  const percent = random.integer(0, 100)
  const chosen = random.integer(0, 1_000_000)
  const choices: readonly Style['survives'][] = [
    () => random.integer(0, 99) < percent,
    () => random.integer(0, 99) < percent,
    (_, place, count) => place !== chosen % count,
    (_, place, count) => place === chosen % count,
    ({ bytes }) => bytes.length < sectorBytes,
    ({ bytes }) => bytes.length >= sectorBytes,
    (_, place, count) => place >= chosen % (count + 1),
    () => true,
    () => false,
  ]
  const survives = choices[random.integer(0, choices.length - 1)] ?? ((): boolean => true)
  return { survives, isTorn: random.integer(0, 2) === 0, growsFirst: random.integer(0, 2) === 0 }
}

function contentAfterCut(file: DiskFile, { survives, isTorn, growsFirst }: Style, random: Seeded): Buffer {
  if (file.isScratch) return random.bytes(random.integer(0, 1) * endOf(file.pending, file.safe.length))
  /** The newest write that survives in each sector; what the page cache held there before it is in it, too. */
  const newest = new Map<number, number>()
  const { pending } = file
  for (const [place, write] of pending.entries()) {
    if (!survives(write, place, pending.length)) continue
    for (const sector of sectorsOf(write)) if (!isTorn || random.integer(0, 1) === 0) newest.set(sector, write.index)
  }
  const surviving = pending.filter((write) => sectorsOf(write).some((sector) => (newest.get(sector) ?? -1) >= write.index))
  const content = laid(file, surviving, (sector, index) => index <= (newest.get(sector) ?? -1))
  return growsFirst ? Buffer.concat([content, Buffer.alloc(endOf(pending, content.length) - content.length)]) : content
}
