import { bufferOf } from '../../protocol/index.js'
import type { Branded, ClientId, Phone } from '../../topics/index.js'
import { table } from './table.js'

/**
 * Names one file in the storage and in its URL: 13 digits of the time in ms, then 256 random bits in hex. Whoever knows it may download the
 * file; the time in front lets a sweep find the oldest.
 */
export type FileKey = Branded<string, 'FileKey'>

/** A file on its way from a device: how much of it is stored. Complete where `stored` is `size`. @see docs/protocol/rpc.md 16 */
export interface TransferDocument {
  readonly file: FileKey
  /** Whose files it counts among. */
  readonly phone: Phone
  readonly filename: string
  /** Bytes of the whole file, as the device has announced them. */
  readonly size: number
  /** Bytes from the front that are durable; what the file holds behind them means nothing. */
  readonly stored: number
  readonly begun: number
}

/** A file that can be downloaded. */
export interface FileDocument {
  readonly phone: Phone
  readonly size: number
}

/** A file that nothing stored has named yet: it is kept until then. */
export interface UnnamedFileDocument {
  readonly until: number
  /** Its bytes are being removed: nothing can name it any more. */
  readonly isGoing?: true
}

/** Bytes of the files begun from one address on one day. */
export interface AddressUsageDocument {
  /** Days since 1970 UTC. */
  readonly day: number
  readonly bytes: number
}

/** What the files of a phone come to: bytes announced or stored, and how many are not complete. */
export interface FileUsageDocument {
  readonly bytes: number
  readonly unfinished: number
}

/** The device that holds a token. A hint that may be out of date: the session says whether the token is still valid. */
export interface TokenHolderDocument {
  readonly client: ClientId
  readonly issued: number
}

/** Transfers of a device, by the id it has chosen, see `msgIdLevel`. */
export const transfers = table<[client: ClientId, idLevel: string], TransferDocument>('transfer')
export const files = table<[file: FileKey], FileDocument>('file')
/** Complete files that no message, picture of a profile or anything else stored has named. */
export const unnamedFiles = table<[file: FileKey], UnnamedFileDocument>('unnamed')
export const addressUsage = table<[address: string], AddressUsageDocument>('address-usage')
export const fileUsage = table<[phone: Phone], FileUsageDocument>('file-usage')
/** Devices by the hash of their token, for who shows nothing else. */
export const tokenHolders = table<[tokenHash: string], TokenHolderDocument>('token')

const fileKey = /^\d{13}[0-9a-f]{64}$/

/** @param random 32 unpredictable bytes */
export function newFileKey(now: number, random: Uint8Array): FileKey {
  return parseFileKey(`${String(now).padStart(13, '0')}${Buffer.from(random).toString('hex')}`) as FileKey
}

/** A key, so also no path that leads anywhere else; undefined if it is none. */
export function parseFileKey(text: string): FileKey | undefined {
  return fileKey.test(text) ? (text as FileKey) : undefined
}

/** What stands before the key in the URL of every file. */
export const filePath = '/files/'
const filePathBytes = Buffer.from(filePath)
const keyBytes = 13 + 64
const noFiles: readonly FileKey[] = []

/** The files whose URL stands in these stored bytes, each once. Cheap where there is none: everything that is stored is looked through. */
export function fileKeysIn(bytes: Uint8Array): readonly FileKey[] {
  if (bytes.byteLength < filePath.length + keyBytes) return noFiles
  const text = bufferOf(bytes)
  let at = text.indexOf(filePathBytes)
  if (at === -1) return noFiles
  const keys = new Set<FileKey>()
  for (; at !== -1; at = text.indexOf(filePathBytes, at + filePath.length)) {
    const start = at + filePath.length
    const key = parseFileKey(text.toString('latin1', start, start + keyBytes))
    if (key !== undefined) keys.add(key)
  }
  return [...keys]
}

/** When the file was begun, ms since 1970 UTC. */
export function fileTime(key: FileKey): number {
  return Number(key.slice(0, 13))
}
