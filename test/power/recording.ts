import { appendFileSync, readFileSync } from 'node:fs'

/** What a recorded program did below its folder, in order; files are told apart by their inode, names are paths below the folder. */
export type Recorded =
  | { readonly kind: 'create' | 'make-folder' | 'unlink'; readonly file: number; readonly name: string }
  | { readonly kind: 'rename' | 'link'; readonly file: number; readonly from: string; readonly name: string }
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  /** The write of that index is on the disk by itself: its file was opened so. */
  | { readonly kind: 'write-synced'; readonly file: number; readonly index: number }
  /** Whatever was written to the file before the sync began, its index, is on the disk now that it has ended. */
  | { readonly kind: 'sync-begin'; readonly file: number }
  | { readonly kind: 'sync-end'; readonly file: number; readonly index: number }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  /** The file is written through memory, which is not recorded. */
  | { readonly kind: 'map'; readonly file: number }
  /** Somebody was told that what he asked for is stored. */
  | { readonly kind: 'acknowledged'; readonly name: string }
  /** The process was killed. */
  | { readonly kind: 'death' }

const kinds = [
  'none',
  'create',
  'write',
  'write-synced',
  'sync-begin',
  'sync-end',
  'truncate',
  'make-folder',
  'rename',
  'unlink',
  'link',
  'map',
  'unknown',
] as const

const acknowledgedKind = 100
const headerBytes = 24

/** Adds to the log of a recorded program, from within it or from outside, that somebody was told that `name` is stored. */
export function recordAcknowledged(log: string | number, name: string): void {
  const text = Buffer.from(name)
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(acknowledgedKind, 0)
  header.writeUInt32LE(text.length, 4)
  appendFileSync(log, Buffer.concat([header, text]))
}

/** Reads the log of one life of a program. @param first the index that the first record gets among those of all lives */
export function readRecording(log: string, first: number): readonly Recorded[] {
  const bytes = readFileSync(log)
  const found: Recorded[] = []
  const indexOf = new Map<number, number>()
  let number = 0
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const kind = bytes.readUInt32LE(at)
    const length = bytes.readUInt32LE(at + 4)
    const end = at + headerBytes + length
    if (end > bytes.length) break // the process died in the middle of it
    if (kind !== acknowledgedKind) indexOf.set(++number, first + found.length)
    found.push(recordedOf(kind, bytes.subarray(at, end), indexOf))
    at = end
  }
  return found
}

function recordedOf(code: number, bytes: Buffer, indexOf: ReadonlyMap<number, number>): Recorded {
  const [file, at] = [Number(bytes.readBigUInt64LE(8)), Number(bytes.readBigUInt64LE(16))]
  const rest = bytes.subarray(headerBytes)
  if (code === acknowledgedKind) return { kind: 'acknowledged', name: rest.toString() }
  const kind = kinds[code]
  switch (kind) {
    case 'create':
    case 'make-folder':
    case 'unlink':
      return { kind, file, name: rest.toString() }
    case 'rename':
    case 'link': {
      const [from = '', name = ''] = rest.toString().split('\0')
      return { kind, file, from, name }
    }
    case 'write':
      return { kind, file, at, bytes: rest }
    case 'write-synced':
    case 'sync-end':
      return { kind, file, index: indexOf.get(at) ?? Number.NaN }
    case 'sync-begin':
    case 'map':
      return { kind, file }
    case 'truncate':
      return { kind, file, size: at }
    default:
      throw new Error(`the recorded program did what is not understood: ${String(code)} ${rest.toString()}`)
  }
}
