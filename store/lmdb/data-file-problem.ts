import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Looks at the beginning of a data file before the engine maps it, which would end the process by a signal where it leads beyond the file's end.
 * @returns what is wrong with it; undefined if the engine may open it
 * @see MDB_meta in mdb.c of lmdb 3.5
 */
export function dataFileProblem(path: string): string | undefined {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const beginning = Buffer.alloc(2 * largestPageBytes)
    return problemOf(beginning.subarray(0, readSync(file, beginning, 0, beginning.length, 0)), size)
  } finally {
    closeSync(file)
  }
}

const smallestPageBytes = 512
const largestPageBytes = 65_536
const metaFlag = 0x08
const magic = 0xbeefc0de
const dataVersion = 2
/** Offsets in a page: its flags, and from where its meta begins, where it is one. */
const pageFlagsAt = 18
const metaAt = 24
/** Offsets in a meta. */
const [versionAt, pageBytesAt, freeRootAt, mainRootAt, transactionAt] = [4, 24, 64, 112, 128]
const metaBytes = 144
/** What stands for the root of an empty tree. */
const noPage = 0xffff_ffff_ffff_ffffn

function problemOf(bytes: Buffer, size: number): string | undefined {
  if (size === 0) return 'it is empty'
  if (bytes.length < metaAt + metaBytes) return `it ends after ${size} bytes`
  if (!isMeta(bytes, 0)) return 'it does not begin as a data file does'
  const version = bytes.readUInt32LE(metaAt + versionAt) & 0xffff
  if (version !== dataVersion) return `it has format ${version}, this program knows ${dataVersion}`
  const pageBytes = bytes.readUInt32LE(metaAt + pageBytesAt)
  if (pageBytes < smallestPageBytes || pageBytes > largestPageBytes || (pageBytes & (pageBytes - 1)) !== 0)
    return 'its first page is damaged'
  if (size < 2 * pageBytes) return `it ends after ${size} bytes`
  if (!isMeta(bytes, pageBytes)) return 'its second page is damaged'
  return flushedProblem(bytes.subarray(pageBytes / 2 + metaAt), Math.floor(size / pageBytes))
}

function isMeta(bytes: Buffer, page: number): boolean {
  return (bytes.readUInt16LE(page + pageFlagsAt) & metaFlag) !== 0 && bytes.readUInt32LE(page + metaAt) === magic
}

/** In the middle of the first page lies the meta of what has been flushed, the state that the engine begins with. */
function flushedProblem(meta: Buffer, pages: number): string | undefined {
  if (meta.readBigUInt64LE(transactionAt) === 0n) return 'nothing in it was ever written to the end'
  const roots = [freeRootAt, mainRootAt].map((at) => meta.readBigUInt64LE(at))
  return roots.every((root) => root === noPage || root < BigInt(pages)) ? undefined : `it is cut off after ${pages} pages`
}
